# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
"""The head office pulls: the README's five minutes replayed, rights and ranges, a pull that is cut and resumes,
bundles that somebody changed."""
import base64
import datetime
import json
import os
import re
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import threading
import time
import unittest

import box as b


class FiveMinutes(unittest.TestCase):
    def test_readme(self):
        commands = b.readme_blocks("Pull your first shop in five minutes")
        with b.folder() as at, b.Demo(at).start() as box:
            shop = {**os.environ, "SHOP": str(box.shop), "SYNC": f"https://127.0.0.1:{box.port + 2}",
                    "PATH": f"{b.BIN}:{os.environ['PATH']}"}
            desk = at / "backend"
            desk.mkdir()
            (desk / "pasted.sh").write_text(commands)
            ended = b.run("bash", "-euo", "pipefail", "pasted.sh", cwd=desk, env=shop)
            self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)
            self.assertRegex(ended.stdout, r"(?m)^intact: \d+ events of tres-faroles.example/demo/1")
            self.assertRegex(ended.stdout, r"(?m)^intact: \d+ events, 0 deleted with proof")
            self.assertIn("Verified OK", ended.stdout)
            self.assertRegex(ended.stdout, r"(?m)^intact: \d+ lines under the signed root$")
            self.assertIn("ConsentGiven", ended.stdout)
            self.assertIn("ConsentWithdrawn", ended.stdout)
            ran_out = re.search(r"ConsentExpired +present +(\S{10})T", ended.stdout)
            self.assertIsNotNone(ran_out, f"a yes that ran out\n{ended.stdout}")
            # The demo's yes of 760 days ago is kept for 24 months: 730 days, or 731 with a leap day among them.
            age = datetime.datetime.now(datetime.timezone.utc).date() - datetime.date.fromisoformat(ran_out[1])
            self.assertIn(age.days, (29, 30, 31), "the day on which it ran out")
            self.assertNotRegex(ended.stdout, r"ConsentGiven +claimed", "a yes that nobody proved")
            self.assertNotIn("NOT VERIFIED", ended.stdout)
            self.assertNotIn("4670174", ended.stdout, "a number without --identity")
            self.hide_one_stop(desk / "my-bundle", box)
            # The same commands must notice a change: one letter of one line.
            lines = (desk / "entries.ndjson").read_text().splitlines()
            lines[5] = lines[5].replace("consent", "konsent", 1)
            (desk / "entries.ndjson").write_text("\n".join(lines) + "\n")
            tail = commands[commands.index("sha256_hex()"):]
            (desk / "again.sh").write_text('SIZE=$(sed -n 2p checkpoint)\nSIGNED="Verified OK"\n' + tail)
            again = b.run("bash", "-euo", "pipefail", "again.sh", cwd=desk, env=shop)
            self.assertEqual(again.stdout.splitlines()[-1], "NOT intact", again.stdout + again.stderr)
            # And nothing received is not intact, in a shell that goes on after a failure.
            empty = at / "nothing"
            empty.mkdir()
            by_hand = commands[:commands.index("counterfoil pull")] + commands[commands.index("get()"):]
            (empty / "pasted.sh").write_text(by_hand)
            ended = b.run("bash", "pasted.sh", cwd=empty, env={**shop, "SYNC": "https://127.0.0.1:1"})
            self.assertEqual(ended.stdout.splitlines()[-1], "NOT intact", ended.stdout + ended.stderr)


    def hide_one_stop(self, folder, box):
        """A line that comes without its text must not leave its person a yes."""
        def show(*more):
            return b.run(b.program("counterfoil"), "show", folder, "--json", *more)

        def states(ended):
            return {(r["person"], r["channel"], r["topic"]): r["state"] for r in map(json.loads, ended.stdout.splitlines())}

        before = states(box.expect(show()))
        file = folder / "entries-0.ndjson"
        entries = [json.loads(line) for line in file.read_text().splitlines()]
        said_yes = {person for person, _, _ in before}
        hidden = next(e for e in entries if e.get("p") in said_yes
                      and any(f'"consent.{kind}"' in e["leaf"] for kind in ("stop", "withdraw")))
        hidden["d"] = None
        file.write_text("".join(json.dumps(e, separators=(",", ":"), sort_keys=True) + "\n" for e in entries))
        ended = show("--key", box.log_key)  # what is not shown is not signed: the log is as it was
        self.assertEqual(ended.returncode, 1, ended.stderr)
        self.assertIn("1 lines come without their text", ended.stderr)
        of_person = {state for (person, _, _), state in states(ended).items() if person == hidden["p"]}
        self.assertTrue(of_person <= {"ConsentUnknown", "ConsentWithdrawn"}, of_person)
        self.assertIn("ConsentUnknown", of_person)


class FakeBox:
    """Speaks TLS with a real box's certificate and answers what it is told to: bytes by path, or a list in turn."""

    def __init__(self, box, answers):
        self.answers, self.box = answers, box
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(box.tls / "server.pem", box.tls / "server.key")
        self.context, self.listener = context, socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()

    def serve(self):
        while True:
            try:
                with self.context.wrap_socket(self.listener.accept()[0], server_side=True) as peer:
                    while head := peer.recv(8192):
                        path = head.split()[1].decode().split("?")[0]
                        answer = self.answers.get(path, (404, b""))  # a box of an earlier version
                        status, body = answer.pop(0) if isinstance(answer, list) else answer
                        peer.sendall(b"HTTP/1.1 %d x\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body)
            except ssl.SSLError:
                continue
            except OSError:
                if self.listener.fileno() < 0:
                    return

    def pull(self, folder):
        command = self.box.pull_command(folder)
        command[2] = f"https://localhost:{self.port}"
        return b.run(*command)


class Sync(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.at = cls.enterClassContext(b.folder())
        cls.box = cls.enterClassContext(b.Box(cls.at / "shop").make())
        cls.box.start()
        cls.numbers, cls.addresses = b.fiction_numbers(), b.loopback_addresses()
        cls.grow(260)

    @classmethod
    def grow(cls, count):
        b.opt_in_many(cls.box, count, cls.numbers, cls.addresses)

    def bundle(self, name):
        return self.at / f"{name}-{self.id().rsplit('.', 1)[1]}"

    # ---- who may ----

    def test_unknown_certificate(self):
        b.make_certificate(self.box.ca, self.box.tls / "ca.key", self.at / "x.pem", self.at / "x.key", "head-office",
                           "extendedKeyUsage=clientAuth")
        for options in ({"certificate": self.at / "x.pem", "key": self.at / "x.key"}, {"certificate": None, "key": None}):
            with self.assertRaises((ssl.SSLError, ConnectionError)):
                self.box.peer(**options).get("/v1/log/checkpoint")
        command = self.box.pull_command(self.bundle("none"))
        command[command.index("--certificate") + 1] = str(self.at / "x.pem")
        command[command.index("--client-key") + 1] = str(self.at / "x.key")
        ended = b.run(*command)
        self.assertNotEqual(ended.returncode, 0)
        self.assertGreater(len(ended.stderr), 20)
        self.assertFalse((self.bundle("none") / "checkpoint").exists())

    def test_wrong_authority_and_wrong_log_key(self):
        b.make_authority(self.at / "other-ca.pem", self.at / "other-ca.key")
        command = self.box.pull_command(self.bundle("ca"))
        command[command.index("--ca") + 1] = str(self.at / "other-ca.pem")
        ended = b.run(*command)
        self.assertNotEqual(ended.returncode, 0)
        self.assertIn("certificate", ended.stderr)
        b.run("openssl", "pkey", "-in", self.at / "other-ca.key", "-pubout", "-out", self.at / "other-log.pem")
        command = self.box.pull_command(self.bundle("key"))
        command[command.index("--key") + 1] = str(self.at / "other-log.pem")
        ended = b.run(*command)
        self.assertEqual(ended.returncode, 1, ended.stderr)
        self.assertIn("another key", ended.stdout)

    def test_wrong_arguments(self):
        """What is wrong is named: the address, the port, the file and its option; and nothing is written."""
        box, certificate, key = self.box, self.box.peer_certificate, self.box.peer_key
        (self.at / "junk").write_text("hello\n")
        plain = self.enterContext(socket.create_server(("127.0.0.1", 0)))

        def answer_in_plain():
            with plain.accept()[0] as peer:
                peer.recv(8192)
                peer.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

        threading.Thread(target=answer_in_plain, daemon=True).start()
        http = f"https://127.0.0.1:{plain.getsockname()[1]}"
        rows = [({"url": f"http://127.0.0.1:{box.port + 2}"}, "BadInput", "HTTPS only; say https://"),
                ({"url": f"https://127.0.0.1:{box.port + 2}/v1"}, "BadInput", "only the host and the port"),
                ({"url": "https://127.0.0.1:99999"}, "BadInput", "1 to 65535"),
                ({"url": "https://127.0.0.1:1"}, "Io", "Cannot reach 127.0.0.1 at port 1: "),
                ({"url": "https://nowhere.invalid"}, "NotFound", "no host of the name nowhere.invalid"),
                ({"url": f"https://127.0.0.1:{box.port}"}, "Io", "404, as no sync port does; is it the right port?"),
                ({"url": http}, "Io", "is it the right port?"),
                ({"--ca": "/nope"}, "NotFound", "--ca: cannot open /nope"),
                ({"--key": self.at / "junk"}, "BadInput", "junk must hold a PUBLIC KEY in PEM, but holds no PEM"),
                ({"--key": certificate}, "BadInput", "--key: "),
                ({"--certificate": key}, "BadInput", "but holds a PRIVATE KEY"),
                ({"--client-key": certificate}, "BadInput", "but holds a CERTIFICATE"),
                ({"--client-key": box.tls / "server.key"}, "BadInput", "your certificate, its key"),
                ({"bundle": self.at / "junk"}, "BadInput", "is a file; a bundle is a folder")]
        for change, status, said in rows:
            with self.subTest(said):
                command = box.pull_command(self.bundle("none"))
                for name, value in change.items():
                    at = {"url": 2, "bundle": 3}.get(name) or command.index(name) + 1
                    command[at] = str(value)
                ended = b.run(*command)
                self.assertEqual(ended.returncode, b.EXIT[status], ended.stdout + ended.stderr)
                self.assertIn(said, ended.stderr)
                self.assertNotIn("-----BEGIN", ended.stderr)
                self.assertFalse(self.bundle("none").exists())

    def test_saved_receipt(self):
        """The page that a customer saves is checked as it is; two proofs in one file are refused."""
        with self.box.customer() as client:
            number, region = next(self.numbers)
            token = b.opt_in_token(client, number, region)
            page = client.get(f"/r/{token}/file").body
        file = self.at / "receipt.html"

        def verify(text):
            file.write_bytes(text)
            return b.run(b.program("counterfoil-verify"), "receipt", file, "--key", self.box.log_key)

        good = verify(page)
        self.assertEqual(good.returncode, 0, good.stdout + good.stderr)
        self.assertRegex(good.stdout, r"(?s)^intact: consent.grant .*\nagreed: .*\nOnly proof and record")
        extra = page.index(b"\nextra ") + 60
        changed = verify(page[:extra] + (b"B" if page[extra:extra + 1] == b"A" else b"A") + page[extra + 1:])
        self.assertEqual(changed.returncode, 1, changed.stdout + changed.stderr)
        for text, said in ((page + page, "more than one proof"), (b"<p>hello</p>", "no proof of a receipt")):
            ended = verify(text)
            self.assertEqual(ended.returncode, 2, ended.stdout)
            self.assertIn(said, ended.stderr)

    def test_rights_and_agreements(self):
        b.make_certificate(self.box.ca, self.box.tls / "ca.key", self.at / "platform.pem", self.at / "platform.key", "platform",
                           "extendedKeyUsage=clientAuth")
        add = ["peer", "add", "platform", "--recipient", "whatsapp", "--certificate", self.at / "platform.pem"]
        # A right without a request would promise something.
        self.assertEqual(self.box.cli(*add, "--right", "witness").returncode, b.EXIT["BadInput"])
        self.box.expect(self.box.cli(*add, "--right", "pull"))

        def shown(**who):
            with self.box.peer(**who) as peer:
                size = int(peer.get("/v1/log/checkpoint").text.splitlines()[1])
                self.assertEqual(json.loads(peer.get("/v1/status").body)["size"], size)
                entries = peer.get(f"/v1/log/entries?start=0&end={size}&identity=1").text.splitlines()
            parts, handles = [False] * 4, set()
            for entry in map(json.loads, entries):
                parts = [p or x is not None for p, x in zip(parts, entry.get("d") or [None] * 4)]
                handles.add(entry.get("p"))
            return parts, handles - {None}

        office, office_handles = shown()
        self.assertEqual(office, [True] * 4, "the same controller sees identity and consent")
        platform, platform_handles = shown(certificate=self.at / "platform.pem", key=self.at / "platform.key")
        self.assertEqual(platform, [True, True, False, False], "its agreement covers numbers only")
        self.assertFalse(office_handles & platform_handles, "two recipients can join their handles")
        self.box.expect(self.box.cli("peer", "remove", "platform"))
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            self.box.peer(certificate=self.at / "platform.pem", key=self.at / "platform.key").get("/v1/status")

    def test_identity_only_when_asked(self):
        plain, full = self.bundle("plain"), self.bundle("full")
        self.box.expect(self.box.pull(plain))
        self.box.expect(self.box.pull(full, "--identity"))
        for folder, expected in ((plain, False), (full, True)):
            self.box.expect(self.box.verify_bundle(folder))
            entries = [json.loads(line) for line in b.bundle_entries(folder)]
            shown = [e["d"][1] for e in entries if e.get("d")]
            self.assertTrue(shown)
            self.assertEqual(any(d is not None for d in shown), expected)
            salts = [e["d"][0] for e in entries if e.get("d")]
            self.assertEqual(any(s is not None for s in salts), expected, "a salt without its disclosure")
            text = self.box.expect(b.run(b.program("counterfoil"), "show", folder)).stdout
            self.assertEqual("+4670174" in text, expected)
            rows = [json.loads(line) for line in
                    self.box.expect(b.run(b.program("counterfoil"), "show", folder, "--json")).stdout.splitlines()]
            self.assertTrue(all({"person", "channel", "topic", "state", "evidence"} <= row.keys() for row in rows))
            self.assertEqual({(row["state"], row["evidence"]) for row in rows}, {("ConsentRequested", "claimed")})
            self.assertTrue(text.startswith("NOT VERIFIED (give --key)\n"), text[:80])
            sound = self.box.expect(b.run(b.program("counterfoil"), "show", folder, "--key", self.box.log_key)).stdout
            self.assertEqual(text.split("\n", 1)[1], sound)
        changed = full / "entries-0.ndjson"
        changed.write_text(changed.read_text().replace('\\"t\\":1', '\\"t\\":2', 1))
        ended = b.run(b.program("counterfoil"), "show", full, "--key", self.box.log_key)
        self.assertEqual(ended.returncode, 1, ended.stderr)
        self.assertIn("NOT INTACT", ended.stdout)
        self.assertNotIn("claimed", ended.stdout)
        empty = self.at / "empty.pem"
        empty.write_text("")
        self.assertNotEqual(b.run(b.program("counterfoil"), "show", plain, "--key", empty).returncode, 0)
        ended = self.box.pull(plain, "--identity")
        self.assertEqual(ended.returncode, b.EXIT["Conflict"], ended.stderr)
        self.assertIn("--identity", ended.stderr)

    def test_files_are_private(self):
        folder = self.bundle("private")
        old = os.umask(0)
        try:
            self.box.expect(self.box.pull(folder, "--identity"))
        finally:
            os.umask(old)
        self.assertEqual(stat.S_IMODE(folder.stat().st_mode), 0o700)
        for path in folder.rglob("*"):
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o700 if path.is_dir() else 0o600, path.name)

    # ---- a pull that is cut ----

    def test_resumes(self):
        folder = self.bundle("resumed")
        first = self.box.expect(self.box.pull(folder)).stdout
        size = int(re.search(r"intact: (\d+) events", first).group(1))
        self.assertIn(f"({size} pulled now, 0 there already)", first)
        self.grow(40)
        second = self.box.expect(self.box.pull(folder)).stdout
        grown = int(re.search(r"intact: (\d+) events", second).group(1))
        self.assertIn(f"({grown - size} pulled now, {size} there already)", second)
        self.box.expect(self.box.verify_bundle(folder))
        # A power cut at the backend: half a file, no newer checkpoint.
        last = max(folder.glob("entries-*.ndjson"), key=lambda p: int(p.stem.split("-")[1]))
        last.write_bytes(last.read_bytes()[:100])
        self.box.expect(self.box.pull(folder))
        self.box.expect(self.box.verify_bundle(folder))

    def test_damaged_whole_file_is_fetched_anew(self):
        folder = self.bundle("torn")
        self.box.expect(self.box.pull(folder))
        first = folder / "entries-0.ndjson"
        whole = first.read_bytes()
        for damaged in (whole[:len(whole) // 2], whole[:-1], b"", whole[:whole.rindex(b"\n", 0, -1) + 1]):
            first.write_bytes(damaged)
            self.assertIn(" 0 there already", self.box.expect(self.box.pull(folder)).stdout)
            self.assertEqual(first.read_bytes(), whole)
            self.box.expect(self.box.verify_bundle(folder))

    def test_changed_line_of_the_partial_file(self):
        """The last file is fetched anew; a line of it that somebody changed is named and kept."""
        folder = self.bundle("changed")
        self.box.expect(self.box.pull(folder))
        self.grow(3)
        last = max(folder.glob("entries-*.ndjson"), key=lambda p: int(p.stem.split("-")[1]))
        lines, number = last.read_text().splitlines(keepends=True), int(last.stem.split("-")[1])
        self.assertLess(len(lines), 256)
        at, text = next((n, e["d"][3]) for n, e in enumerate(map(json.loads, lines)) if e.get("d") and e["d"][3])
        changes = {"the line": lines[at].replace('\\"t\\":1', '\\"t\\":2', 1), "no line at all": "hello\n",
                   "a disclosure": lines[at].replace(text, text[:20] + ("B" if text[20] == "A" else "A") + text[21:])}
        for what, changed in changes.items():
            with self.subTest(what):
                self.assertNotEqual(changed, lines[at])
                before = "".join([*lines[:at], changed, *lines[at + 1:]])
                last.write_text(before)
                ended = self.box.pull(folder)
                self.assertEqual(ended.returncode, 1, ended.stdout + ended.stderr)
                self.assertIn(f"line {number + at} in the folder is not the one", ended.stdout)
                self.assertEqual(last.read_text(), before, "the evidence was replaced")
        last.write_text("".join(lines))
        self.box.expect(self.box.pull(folder))

    def test_hostile_box(self):
        whole = self.bundle("whole")
        self.box.expect(self.box.pull(whole))
        lines = b.bundle_entries(whole)
        note = (whole / "checkpoint").read_bytes()
        more = "".join(line + "\n" for line in [*lines, lines[-1]]).encode()
        with FakeBox(self.box, {"/v1/log/checkpoint": (200, note), "/v1/log/entries": (200, more)}) as fake:
            ended = fake.pull(self.bundle("more"))
            self.assertEqual(ended.returncode, b.EXIT["Io"], ended.stdout + ended.stderr)
            self.assertIn("more lines than asked for", ended.stderr)
        refusal = json.dumps({"error": {"code": "x", "message": "go \x1b[2J\u202eaway"}}, separators=(",", ":")).encode()
        with FakeBox(self.box, {"/v1/log/checkpoint": (403, refusal)}) as fake:
            ended = fake.pull(self.bundle("escape"))
            self.assertEqual(ended.returncode, b.EXIT["Refused"], ended.stdout + ended.stderr)
            self.assertIn("go \ufffd[2J\ufffdaway", ended.stderr)

    def test_killed_in_the_middle(self):
        whole = self.bundle("whole")
        self.box.expect(self.box.pull(whole))
        cut = self.bundle("cut")
        kills = 0
        for n in range(40):
            pull = subprocess.Popen(self.box.pull_command(cut), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(0.002 * n)
            pull.kill()
            kills += pull.wait() == -signal.SIGKILL
            if not (cut / "checkpoint").exists() and cut.exists():
                self.assertNotEqual(self.box.verify_bundle(cut).returncode, 0, "half a bundle passes for a whole one")
        self.assertGreater(kills, 3)
        self.box.expect(self.box.pull(cut))
        self.box.expect(self.box.verify_bundle(cut))
        size = len(b.bundle_entries(whole))
        leaf = [json.loads(line)["leaf"] for line in b.bundle_entries(cut)][:size]
        self.assertEqual(leaf, [json.loads(line)["leaf"] for line in b.bundle_entries(whole)])

    def test_folder_of_another_log(self):
        folder = self.bundle("other")
        self.box.expect(self.box.pull(folder))
        (folder / "origin").write_text("somebody.example/else/1\n")
        ended = self.box.pull(folder)
        self.assertIn(ended.returncode, (1, b.EXIT["Conflict"]), ended.stdout + ended.stderr)
        self.assertIn("another log", ended.stdout + ended.stderr)

    # ---- proofs over the wire ----

    def test_proofs(self):
        import hashlib

        def node(left, right):
            return hashlib.sha256(b"\x01" + left + right).digest()

        with self.box.peer() as peer:
            note = peer.get("/v1/log/checkpoint").text.splitlines()
            size, root = int(note[1]), base64.b64decode(note[2])
            tile = peer.get("/v1/log/tile/0/0").body
            self.assertEqual(len(tile), 32 * min(size, 256))
            for index in (0, 1, size // 2, size - 1):
                entry = json.loads(peer.get(f"/v1/log/entries?start={index}&end={index + 1}").text)
                hash_ = hashlib.sha256(b"\x00" + entry["leaf"].encode()).digest()
                if index < 256:
                    self.assertEqual(hash_, tile[32 * index:32 * index + 32])
                proof = [base64.b64decode(h) for h in
                         json.loads(peer.get(f"/v1/log/proof/inclusion?index={index}&size={size}").body)["hashes"]]
                at, last = index, size - 1  # RFC 9162 section 2.1.3.2
                for h in proof:
                    if at % 2 or at == last:
                        hash_ = node(h, hash_)
                        while at % 2 == 0 and at:
                            at, last = at // 2, last // 2
                    else:
                        hash_ = node(hash_, h)
                    at, last = at // 2, last // 2
                self.assertEqual((hash_, last), (root, 0), f"inclusion of line {index}")
            proof = json.loads(peer.get(f"/v1/log/proof/consistency?from={size // 3}&to={size}").body)["hashes"]
            self.assertTrue(proof)
            identical = json.loads(peer.get(f"/v1/log/proof/consistency?from={size}&to={size}").body)["hashes"]
            self.assertEqual(identical, [])

    # ---- bundles that somebody changed ----

    def test_changed_bundles(self):
        good = self.bundle("good")
        self.box.expect(self.box.pull(good, "--identity"))
        size = len(b.bundle_entries(good))
        file = "entries-0.ndjson"

        def lines(folder):
            return (folder / file).read_text().splitlines(keepends=True)

        def write(folder, text):
            (folder / file).write_text("".join(text))

        def flip(folder, n, find, put):
            text = lines(folder)
            self.assertIn(find, text[n])
            text[n] = text[n].replace(find, put, 1)
            write(folder, text)

        def drop(folder, n):
            text = lines(folder)
            del text[n]
            write(folder, text)

        def swap(folder, n):
            text = lines(folder)
            text[n], text[n + 1] = text[n + 1], text[n]
            write(folder, text)

        def twice(folder, n):
            text = lines(folder)
            text.insert(n, text[n])
            write(folder, text)

        def cut_tail(folder):
            last = max(folder.glob("entries-*.ndjson"), key=lambda p: int(p.stem.split("-")[1]))
            text = last.read_text().splitlines(keepends=True)
            last.write_text("".join(text[:-1]))

        def flip_byte(folder, name, at):
            data = bytearray((folder / name).read_bytes())
            data[at] ^= 1
            (folder / name).write_bytes(data)

        def disclosure(folder, n):
            entry = json.loads(lines(folder)[n])
            text = entry["d"][1]
            return text, ("B" if text[20] == "A" else "A")

        def change_disclosure(folder, n):
            text, letter = disclosure(folder, n)
            flip(folder, n, text, text[:20] + letter + text[21:])

        person = next(n for n, line in enumerate(b.bundle_entries(good)) if json.loads(line).get("p"))
        rows = [
            ("one letter of a line", lambda f: flip(f, person, "consent", "konsent"), rf"\bline {person}\b.*chang"),
            ("one digit of a time", lambda f: flip(f, 9, '\\"t\\":1', '\\"t\\":2'), r"\bline 9\b.*chang"),
            ("a disclosure", lambda f: change_disclosure(f, person), rf"\bline {person}\b.*chang"),
            ("a line dropped", lambda f: drop(f, 7), r"\bline 7 is missing"),
            ("two lines swapped", lambda f: swap(f, 11), r"lines 11 and 12 are swapped"),
            ("a line twice", lambda f: twice(f, 13), r"line 13 is there twice"),
            ("the tail cut", cut_tail, r"the last line is missing"),
            ("the checkpoint's signature", lambda f: flip_byte(f, "checkpoint", -6), r"signature|checkpoint"),
            ("the checkpoint's root", lambda f: flip_byte(f, "checkpoint", len(open(f / "origin").read()) + 8), r"checkpoint"),
            ("the origin", lambda f: (f / "origin").write_text("somebody.example/else/1\n"), r"another log|belongs"),
            ("no checkpoint", lambda f: (f / "checkpoint").unlink(), r"checkpoint is missing"),
        ]
        for name, change, words in rows:
            with self.subTest(name):
                bad = self.bundle("bad")
                shutil.copytree(good, bad)
                change(bad)
                ended = self.box.verify_bundle(bad)
                self.assertEqual(ended.returncode, 1, f"{name}: {ended.stdout}{ended.stderr}")
                self.assertRegex(ended.stdout, words)
                b.say(f"    {name}: {ended.stdout.splitlines()[0]}")
                # The next pull heals nothing silently: it finds the change or fetches anew, and never says intact of it.
                shutil.rmtree(bad)
        self.assertEqual(size, len(b.bundle_entries(good)))

    def test_any_byte_of_any_line(self):
        """One flipped bit at a random place of each of 60 lines, and the verdict names that line."""
        good = self.bundle("good")
        self.box.expect(self.box.pull(good, "--identity"))
        file = good / "entries-0.ndjson"
        whole = file.read_bytes()
        lines = whole.splitlines(keepends=True)
        chance = b.random.Random(4711)
        for n in chance.sample(range(len(lines)), 60):
            at = sum(map(len, lines[:n])) + chance.randrange(len(lines[n]) - 1)
            data = bytearray(whole)
            data[at] ^= 1 << chance.randrange(7)
            file.write_bytes(data)
            ended = self.box.verify_bundle(good)
            self.assertEqual(ended.returncode, 1, f"line {n}, byte {at}: {ended.stdout}")
            self.assertRegex(ended.stdout, rf"\blines? ({n}\b|\d+ (and|to) \d+)", f"line {n}, byte {at}")
        file.write_bytes(whole)
        self.box.expect(self.box.verify_bundle(good))

    def test_foreign_checkpoint(self):
        with b.Box(self.at / "elsewhere").make() as other:
            other.start()
            theirs, ours = self.bundle("theirs"), self.bundle("ours")
            self.box.expect(other.pull(theirs))
            self.box.expect(self.box.pull(ours))
            other.stop()
        shutil.copy(theirs / "checkpoint", ours / "checkpoint")
        ended = self.box.verify_bundle(ours)
        self.assertEqual(ended.returncode, 1)
        self.assertRegex(ended.stdout, "signed by another key")
        # An older checkpoint of the same log: the lines after it are more than it covers.
        older = self.bundle("older")
        self.box.expect(self.box.pull(older))
        old = (older / "checkpoint").read_text()
        self.grow(4)
        self.box.expect(self.box.pull(older))
        (older / "checkpoint").write_text(old)
        ended = self.box.verify_bundle(older)
        self.assertEqual(ended.returncode, 1)
        self.assertIn("more than the checkpoint covers", ended.stdout)

    def test_not_even_a_bundle(self):
        self.assertEqual(self.box.verify_bundle(self.at / "nothing").returncode, 2)
        empty = self.bundle("empty")
        empty.mkdir()
        self.assertEqual(self.box.verify_bundle(empty).returncode, 2)
        ended = b.run(b.program("counterfoil-verify"), empty)
        self.assertEqual(ended.returncode, 2)
        self.assertIn("--key", ended.stderr)
        self.assertEqual(b.run(b.program("counterfoil"), "show", empty).returncode, b.EXIT["NotFound"])


if __name__ == "__main__":
    b.main()
