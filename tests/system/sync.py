# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
"""The head office pulls: the README's five minutes replayed, rights and ranges, a pull that is cut and resumes,
bundles that somebody changed."""
import base64
import json
import os
import re
import shutil
import signal
import ssl
import stat
import subprocess
import time
import unittest

import box as b


def readme_blocks(title):
    """The fenced sh blocks of one section of README.md, joined."""
    text = (b.SOURCE / "README.md").read_text(encoding="utf-8")
    section = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL).group(1)
    blocks = re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 3, "the section has lost its commands"
    return "".join(blocks)


class FiveMinutes(unittest.TestCase):
    def test_readme(self):
        commands = readme_blocks("Pull your first shop in five minutes")
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
            self.assertRegex(ended.stdout, r"ConsentExpired +2026-10-28T", "a yes that ran out")
            self.assertNotIn("4670174", ended.stdout, "a number without --identity")
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

    def test_rights_and_agreements(self):
        for name, recipient, rights in (("watcher", "head-office", ["witness"]), ("platform", "whatsapp", ["pull"])):
            b.make_certificate(self.box.ca, self.box.tls / "ca.key", self.at / f"{name}.pem", self.at / f"{name}.key", name,
                               "extendedKeyUsage=clientAuth")
            self.box.expect(self.box.cli("peer", "add", name, "--recipient", recipient, "--certificate",
                                         self.at / f"{name}.pem", *[x for r in rights for x in ("--right", r)]))
        with self.box.peer(certificate=self.at / "watcher.pem", key=self.at / "watcher.key") as peer:
            answer = peer.get("/v1/log/checkpoint")
            self.assertEqual(answer.status, 403)
            self.assertEqual(json.loads(answer.body)["error"]["code"], "no_right")

        def shown(**who):
            with self.box.peer(**who) as peer:
                size = json.loads(peer.get("/v1/status").body)["size"]
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
            self.assertTrue(all({"person", "channel", "topic", "state"} <= row.keys() for row in rows))
        shown = b.run(b.program("counterfoil"), "show", plain)
        self.assertIn("not verified", shown.stderr)
        shown = self.box.expect(b.run(b.program("counterfoil"), "show", plain, "--key", self.box.log_key))
        self.assertEqual(shown.stderr, "")
        file = plain / "entries-0.ndjson"
        whole = file.read_text()
        file.write_text(whole.replace(r'\"bt\":', r'\"bt\":1', 1))
        shown = b.run(b.program("counterfoil"), "show", plain, "--key", self.box.log_key)
        self.assertEqual((shown.returncode, shown.stdout), (1, ""), "a bundle that is not intact is not shown")
        # A record whose text was withheld could be anybody's no.
        lines = whole.splitlines()
        last = max(i for i, line in enumerate(lines) if json.loads(line).get("d"))
        lines[last] = json.dumps({"d": None, "leaf": json.loads(lines[last])["leaf"]}, separators=(",", ":"))
        file.write_text("\n".join(lines) + "\n")
        shown = b.run(b.program("counterfoil"), "show", plain)
        self.assertEqual(shown.returncode, 1, shown.stdout)
        self.assertIn("show no text", shown.stderr)
        file.write_text(whole)
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
        self.assertIn(f"{size // 256 * 256} there already", second)
        self.box.expect(self.box.verify_bundle(folder))
        # A power cut at the backend: half a file, no newer checkpoint.
        last = max(folder.glob("entries-*.ndjson"), key=lambda p: int(p.stem.split("-")[1]))
        last.write_bytes(last.read_bytes()[:100])
        self.box.expect(self.box.pull(folder))
        self.box.expect(self.box.verify_bundle(folder))

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
