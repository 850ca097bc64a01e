# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
"""The command line: help that teaches, exit codes that mean something, errors that say what to do."""
import json
import os
import pwd
import re
import unittest

import box as b


def zbar(picture):
    ended = b.run("zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", picture)
    return ended.stdout.strip()


class Help(unittest.TestCase):
    COMMANDS = [[], ["init"], ["user"], ["user", "add"], ["user", "password"], ["user", "remove"],
                ["client"], ["client", "add"], ["client", "list"], ["client", "remove"], ["decide"], ["link"], ["link", "add"], ["link", "show"], ["peer"],
                ["peer", "add"], ["peer", "remove"], ["retention"], ["retention", "due"], ["retention", "report"], ["retention", "run"], ["retention", "shorten"], ["hold"], ["hold", "set"], ["hold", "clear"], ["hold", "list"], ["restrict"], ["erase"], ["backup"], ["restore"], ["status"], ["verify"], ["log-key"], ["key"], ["key", "rotate"], ["tls"], ["tls", "status"], ["tls", "csr"], ["tls", "install"], ["classify"], ["rules"], ["rules", "list"], ["rules", "explain"], ["rules", "check"], ["pull"], ["show"], ["demo"]]

    def test_every_subcommand_explains_itself(self):
        listed = set()
        for command in self.COMMANDS:
            with self.subTest(" ".join(command)):
                ended = b.run(b.program("counterfoil"), *command, "--help")
                self.assertEqual(ended.returncode, 0, ended.stderr)
                self.assertEqual(ended.stderr, "")
                text = ended.stdout
                self.assertGreater(len(text.split()), 8, text)
                for line in text.splitlines():
                    # Every option and subcommand has words beside it, not only its name.
                    if re.match(r"^  +(-|[a-z]+ )", line) and not re.match(r"^  +-\S+(,\S+)* *(TEXT|UINT|INT)?.*\[?\]?$", line):
                        self.assertRegex(line, r"\s{2,}\S+ \S+|\S+ +\S.*", line)
                if not command:
                    listed = {w.split()[0] for w in text.splitlines() if re.match(r"^  [a-z][a-z-]+ ", w)}
        self.assertEqual(listed, {c[0] for c in self.COMMANDS if len(c) == 1}, "a subcommand is not tested here")

    def test_exit_codes_are_told(self):
        text = b.run(b.program("counterfoil"), "--help").stdout
        for status in (0, 1, 2, 3, 4, 5, 8, 11, 12, 13, 14):
            self.assertRegex(text, rf"(?m)^.*\b{status} +\S+ ")
        self.assertIn("--config", text)

    def test_daemon_and_verifier(self):
        for name in ("counterfoild", "counterfoil-verify"):
            ended = b.run(b.program(name), "--help")
            self.assertEqual(ended.returncode, 0)
            self.assertIn("Exit status", ended.stdout)
        self.assertRegex(b.run(b.program("counterfoild"), "--version").stdout, r"\d+\.\d+\.\d+")
        self.assertRegex(b.run(b.program("counterfoil"), "--version").stdout, r"\d+\.\d+\.\d+")

    def test_usage_mistakes(self):
        for command in (["counterfoil"], ["counterfoil", "frobnicate"], ["counterfoil", "init", "--frob"],
                        ["counterfoil", "user", "add"], ["counterfoil", "user"], ["counterfoil", "pull", "x"],
                        ["counterfoil", "demo", "--port", "1"], ["counterfoild", "--frob"], ["counterfoild", "extra"],
                        ["counterfoil-verify"], ["counterfoil-verify", "--frob"]):
            with self.subTest(" ".join(command)):
                ended = b.run(b.program(command[0]), *command[1:])
                self.assertEqual(ended.returncode, 2, ended.stdout + ended.stderr)
                self.assertTrue(ended.stderr.strip())

    def test_a_mistyped_word_is_named_with_the_near_one(self):
        rows = [("counterfoil", ["pul"], 'no command "pul"; did you mean pull?', "counterfoil --help"),
                ("counterfoil", ["user", "ad"], 'no command "ad"; did you mean add?', "counterfoil user --help"),
                ("counterfoil", ["frobnicate"], 'no command "frobnicate"', "counterfoil --help"),
                ("counterfoil", ["pull", "--ky", "x"], "no option --ky; did you mean --key?", "counterfoil pull --help"),
                ("counterfoil", ["status", "--confg=x"], "no option --confg; did you mean --config?", "counterfoil status"),
                ("counterfoil-verify", ["--kye", "x", "y"], "no option --kye; did you mean --key?", "counterfoil-verify --"),
                ("counterfoil-verify", ["a", "b"], "not expected: b", "counterfoil-verify --help")]
        for program, words, said, where in rows:
            with self.subTest(" ".join(words)):
                ended = b.run(b.program(program), *words)
                self.assertEqual(ended.returncode, 2)
                self.assertIn(said, ended.stderr)
                self.assertIn(where, ended.stderr)
                self.assertEqual(said.count("?"), ended.stderr.count("?"))

    def test_the_exit_table_is_told_once(self):
        for command in (["pull"], ["user", "add"]):
            text = b.run(b.program("counterfoil"), *command, "--help").stdout
            self.assertIn("Exit status: 'counterfoil --help'", text)
            self.assertNotIn("A cryptographic operation failed", text)

    def test_a_message_is_judged_and_never_an_argument(self):
        def judged(message, *more):
            ended = b.run(b.program("counterfoil"), "classify", *more, stdin=message)
            self.assertEqual((ended.returncode, ended.stderr), (0, ""))
            return ended.stdout
        topic = ("--topic", "offers=offers,ofertas", "--topic", "news=news")
        for message, wish in (("STOP\n", "stop_all"), ("توقف", "stop_all"), ("baja ofertas", "stop_topic offers"),
                              ("YES", "start"), ("help", "help"), ("please stop this", "human"), ("weekend", "none")):
            self.assertEqual(judged(message, *topic).splitlines()[0], wish)
        self.assertIn("field use", judged("baja"))
        self.assertIn("not by native speakers", judged("baja"))
        told = json.loads(judged("STOP News", "--json", *topic))
        self.assertEqual((told["wish"], told["topic"], told["entry"]["text"]), ("stop_topic", "news", "STOP"))
        self.assertIs(told["entry"]["native_checked"], False)
        self.assertEqual(json.loads(judged("x" * 100_000, "--json")), {"wish": "none"})
        self.assertNotIn("secret", judged("stop, my secret"))
        for wrong in (["STOP"], ["--topic", "offers"], ["--topic", "=x"], ["--topic", "x="]):
            self.assertEqual(b.run(b.program("counterfoil"), "classify", *wrong).returncode, 2, wrong)

    def test_missing_files_are_named(self):
        with b.folder() as at:
            for program, more in (("counterfoil", ["init"]), ("counterfoild", [])):
                ended = b.run(b.program(program), "--config", at / "nope.toml", "--data", at / "data", *more)
                self.assertEqual(ended.returncode, b.EXIT["NotFound"], ended.stderr)
                self.assertRegex(ended.stderr, r"the configuration: .*nope\.toml.*--config FILE")
                self.assertFalse((at / "data").exists())
            (at / "not.pem").write_text("hello\n")
            (at / "empty").mkdir()
            ended = b.run(b.program("counterfoil-verify"), at / "empty", "--key", at / "not.pem")
            self.assertEqual(ended.returncode, 2, ended.stdout)
            self.assertIn("not.pem is not the log's public key", ended.stderr)
            ended = b.run(b.program("counterfoil"), "show", at / "empty")
            self.assertEqual(ended.returncode, b.EXIT["NotFound"])
            self.assertIn("empty is no bundle", ended.stderr)


class Operator(unittest.TestCase):
    def setUp(self):
        self.at = self.enterContext(b.folder())
        self.box = self.enterContext(b.Box(self.at / "shop"))

    def refused(self, ended, status, *words):
        self.assertEqual(ended.returncode, b.EXIT[status], ended.stdout + ended.stderr)
        self.assertTrue(ended.stderr.startswith("counterfoil: "), ended.stderr)
        for word in words:
            self.assertIn(word, ended.stderr)

    def test_from_nothing_to_a_running_box(self):
        box = self.box
        box.write_certificates()
        box.write_config()
        self.refused(box.cli("status"), "NotFound", "counterfoil init")
        made = box.expect(box.cli("init")).stdout
        for words in ("tres-faroles.example/test/1", "anchor", "counterfoil user add"):
            self.assertIn(words, made)
        again = box.cli("init")
        self.refused(again, "Conflict", str(box.data))
        self.assertIn("open", box.expect(box.cli("status")).stdout)
        box.expect(box.cli("verify"))

        box.expect(box.cli("user", "add", "boss", "--role", "manager", stdin="a long password\n"))

        # With the daemon and without it the same commands do the same.
        for running in (False, True):
            if running:
                box.start()
                self.refused(box.cli("init"), "Locked", "stop it first")
            with self.subTest(running=running):
                self.operate(box, "b" if running else "a", running)
        box.expect(box.cli("verify"))
        self.assertEqual(box.stop(), 0)
        self.assertIn("intact", box.expect(box.cli("verify")).stdout)

    def test_an_anchor_that_is_given(self):
        box = self.box
        box.write_certificates()
        box.anchor = "chip"
        box.write_config()
        chip = box.folder / "chip"
        self.refused(box.cli("init"), "NotFound", str(chip))
        for size, mode, status, word in ((2047, 0o600, "Corrupt", "less room"), (4096, 0o644, "Refused", "chmod 600")):
            chip.write_bytes(b"\xff" * size)
            chip.chmod(mode)
            self.refused(box.cli("init"), status, str(chip), word)
            self.assertEqual(chip.read_bytes(), b"\xff" * size)
        chip.chmod(0o600)
        self.assertIn(f"keep {chip} safe", box.expect(box.cli("init")).stdout)
        other = self.enterContext(b.Box(self.at / "other"))
        other.anchor = str(chip)
        other.write_certificates()
        other.write_config()
        self.refused(other.cli("init"), "Conflict", "another ledger")
        chip.rename(chip.with_suffix(".away"))
        self.assertIn("there is no anchor", box.cli("status").stdout + box.cli("status").stderr)
        chip.with_suffix(".away").rename(chip)
        self.assertIn("cryptographic, limited by flash", box.expect(box.cli("status")).stdout)

    def operate(self, box, mark, running):
        status = json.loads(box.expect(box.cli("status", "--json")).stdout)
        self.assertEqual((status["well"], status["serving"], status["origin"]),
                         (True, running, "tres-faroles.example/test/1"))
        self.assertEqual(status["closed"], [])
        in_words = box.expect(box.cli("status")).stdout
        self.assertIn("well", in_words)
        self.assertRegex(in_words, r"scrub +none since the start")
        self.assertNotIn("spill", in_words)

        name = f"clerk-{mark}"
        self.assertIn(name, box.expect(box.cli("user", "add", name, stdin="a long password\n")).stdout)
        self.refused(box.cli("user", "add", name, stdin="a long password\n"), "Conflict", "already")
        self.refused(box.cli("user", "add", "x", stdin="a long password\n"), "BadInput", "2 to 32")
        self.refused(box.cli("user", "add", "clerk-x", stdin="short\n"), "BadInput", "10 to 256")
        self.refused(box.cli("user", "add", "clerk-x", stdin=""), "BadInput", "pipe")
        self.refused(box.cli("user", "add", "clerk-x", "--role", "king", stdin="a long password\n"), "BadInput", "manager")

        place = f"porch-{mark}"
        svg, png = self.at / f"{mark}.svg", self.at / f"{mark}.png"
        added = box.expect(box.cli("link", "add", place, "--topic", "offers", "--topic", "care", "--place", "On the porch",
                                   "--svg", svg, "--png", png)).stdout
        address = f"https://localhost:{box.port}/o/{place}"
        self.assertIn(address, added)
        self.assertGreater(sum(added.count(c) for c in "█▀▄"), 100, "no code for the terminal")
        self.assertEqual(zbar(png), address)
        self.assertEqual(self.read_svg(svg, mark), address)
        self.assertEqual(self.read_terminal(added), address)
        shown = box.expect(box.cli("link", "show", place, "--png", self.at / "again.png")).stdout
        self.assertIn(address, shown)
        self.refused(box.cli("link", "show", "no-such-place"), "NotFound", "no-such-place")
        self.refused(box.cli("link", "add", "UPPER case", "--topic", "offers"), "BadInput", "a-z")
        self.refused(box.cli("link", "add", "ok", "--topic", "nonsense"), "NotFound", "nonsense")
        self.refused(box.cli("link", "add", "caja", "--topic", "offers"), "Conflict", "configuration")

        (self.at / "not.pem").write_text("hello\n")
        peer = ["peer", "add", f"office-{mark}", "--recipient", "head-office", "--certificate"]
        self.refused(box.cli(*peer, self.at / "not.pem"), "BadInput", "certificate")
        self.refused(box.cli(*peer, self.at / "missing.pem"), "NotFound", "missing.pem")
        # A private key is not a certificate, and must not be echoed.
        ended = box.cli(*peer, box.peer_key)
        self.refused(ended, "BadInput")
        self.assertNotIn("PRIVATE KEY", ended.stderr)
        self.assertRegex(box.expect(box.cli(*peer, box.peer_certificate)).stdout, r"pinned key [0-9a-f]{64}")
        self.refused(box.cli("peer", "add", "z", "--recipient", "nobody", "--certificate", box.peer_certificate),
                     "NotFound", "nobody")
        self.refused(box.cli(*peer, box.peer_certificate, "--right", "everything"), "BadInput", "everything")
        self.assertTrue(box.expect(box.cli("log-key")).stdout.startswith("-----BEGIN PUBLIC KEY-----"))
        if running:
            with box.customer() as client:
                self.assertEqual(client.get(f"/o/{place}").status, 200, "a link works as soon as it is added")
                self.assertTrue(b.opt_in(client, b.swedish(50), link=place, topics=["offers"]).code)
            staff = b.Staff(box.staff_client(), name, "a long password")
            self.assertIn("At the counter", staff.client.get("/staff?lang=en").words)
            box.expect(box.cli("user", "password", name, stdin="another password\n"))
            self.assertNotIn("At the counter", staff.client.get("/staff?lang=en").words, "the session outlived its password")
            staff = b.Staff(box.staff_client(), name, "another password")
            self.assertIn("At the counter", staff.client.get("/staff?lang=en").words)
            box.expect(box.cli("user", "remove", name))
            self.assertNotIn("At the counter", staff.client.get("/staff?lang=en").words, "the session outlived its user")
        else:
            self.refused(box.cli("user", "password", name, stdin="short\n"), "BadInput", "10 to")
            box.expect(box.cli("user", "remove", name))
        self.refused(box.cli("user", "remove", name), "NotFound", "no user")
        self.refused(box.cli("user", "remove", "boss"), "Conflict", "last manager")
        self.refused(box.cli(*peer, box.peer_certificate), "Conflict", "already")
        if running:
            with box.peer() as backend:
                self.assertEqual(backend.get("/v1/log/checkpoint").status, 200)
        self.assertIn("removed", box.expect(box.cli("peer", "remove", f"office-{mark}")).stdout)
        self.refused(box.cli("peer", "remove", f"office-{mark}"), "NotFound", "no peer")
        if running:
            with box.peer() as backend, self.assertRaises((OSError, b.Closed)):
                backend.get("/v1/log/checkpoint")

    def read_svg(self, svg, mark):
        """Chromium draws the SVG, zbar reads the picture."""
        picture = self.at / f"{mark}-svg.png"
        b.run("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
              "--disable-background-networking", "--disable-component-update", f"--user-data-dir={self.at}/chromium",
              "--window-size=600,600", f"--screenshot={picture}", svg.as_uri(), timeout=60)
        return zbar(picture)

    def read_terminal(self, text):
        """The half blocks of the terminal as a picture: what a telephone sees on a screen with dark letters on light,
        or light on dark; a reader takes either."""
        rows = [line for line in re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines() if set(line) & set("█▀▄")]
        width = max(map(len, rows))
        pixels = []
        for row in rows:
            row = row.ljust(width)
            pixels.append([c in "█▀" for c in row])
            pixels.append([c in "█▄" for c in row])
        size = 8
        for light_is_ink in (True, False):
            picture = self.at / "terminal.pgm"
            margin = 6
            full = [[False] * (width + 2 * margin)] * margin
            full += [[False] * margin + row + [False] * margin for row in pixels] + full
            if light_is_ink:
                body = [[255 if p else 0 for p in row] for row in full]
            else:
                body = [[0 if p else 255 for p in row] for row in full]
            data = b"".join(bytes(v for v in row for _ in range(size)) * size for row in body)
            picture.write_bytes(f"P5 {len(full[0]) * size} {len(full) * size} 255\n".encode() + data)
            if found := zbar(picture):
                return found
        return ""

    def test_root_leaves_nothing_that_is_closed_to_the_daemon(self):
        box = self.box.make()
        owner = os.geteuid()
        if owner == 0:
            owner = pwd.getpwnam("nobody").pw_uid
            for path in (box.data, *box.data.iterdir()):
                os.chown(path, owner, owner)
            for path in (self.at, box.folder):
                path.chmod(0o711)
        svg = self.at / "porch.svg"
        self.assertIn("well", box.expect(box.cli("status")).stdout)
        box.expect(box.cli("user", "add", "clerk", stdin="a long password\n"))
        box.expect(box.cli("link", "add", "porch", "--topic", "offers", "--svg", svg))
        self.assertEqual({path.name: path.stat().st_uid for path in box.data.iterdir() if path.stat().st_uid != owner}, {})
        self.assertEqual(svg.stat().st_uid, os.geteuid(), "what the operator asked for belongs to the operator")

    def test_damage_is_found_and_named(self):
        box = self.box.make()
        box.start()
        with box.customer() as client:
            for n in range(13, 33):
                b.opt_in_token(client, b.swedish(n))
        self.assertEqual(box.stop(), 0)
        box.expect(box.cli("verify"))
        file = box.data / "ledger.db"
        lines = [m.start() for m in re.finditer(rb'"boot":"', file.read_bytes())]
        self.assertGreater(len(lines), 20)
        for at in lines[3:6]:
            with self.subTest(at):
                self.flip(file, at + 12)
                ended = box.cli("verify")
                self.assertEqual(ended.returncode, 1, ended.stdout + ended.stderr)
                self.assertRegex(ended.stderr, r"event \d+: the line is not the one that was hashed")
                self.flip(file, at + 12)
        self.assertIn("intact", box.expect(box.cli("verify")).stdout)

    @staticmethod
    def flip(file, at):
        with open(file, "r+b") as f:
            f.seek(at)
            byte = f.read(1)[0]
            f.seek(at)
            f.write(bytes([byte ^ 1]))

    def test_nothing_secret_is_printed(self):
        box = self.box.make()
        anchor = (box.data / "anchor").read_bytes()
        for command in (["status"], ["status", "--json"], ["verify"], ["log-key"]):
            ended = box.expect(box.cli(*command))
            for part in (anchor.hex(), box.staff_password):
                self.assertNotIn(part, ended.stdout + ended.stderr)

    def test_demo_never_becomes_a_real_shop(self):
        box = self.box.make()
        ended = b.run(b.program("counterfoil"), "demo", "--dir", box.folder, "--port", str(b.free_ports()))
        self.assertEqual(ended.returncode, b.EXIT["Conflict"], ended.stdout + ended.stderr)
        self.assertIn("--dir", ended.stderr)
        with b.Demo(self.at / "demo").start() as demo:
            self.assertEqual(demo.facts_file.stat().st_mode & 0o777, 0o600)
            self.assertEqual(set(demo.facts), {"customer_url", "staff_url", "staff_user", "staff_password", "staff_secret", "ca_file",
                                               "sync_url", "sync_cert", "sync_key", "log_key_file", "data_dir", "pid"})
            welcome = demo.output.read_text()
            for words in (demo.facts["customer_url"] + "/o/caja", demo.facts["staff_url"], demo.facts["staff_password"], demo.facts["staff_secret"],
                          "070-174 06 05", "070-174 06 99", "No message is ever sent", "--lan"):
                self.assertIn(words, welcome)
            self.assertEqual(self.read_terminal(welcome), demo.facts["customer_url"] + "/o/caja")
            with demo.customer() as client:
                for page in ("/o/caja", "/stop", "/privacy", "/"):
                    self.assertIn("Demo shop: invented customers", client.get(page).words)
            # Real commands on a demo folder do not pass it off as a shop.
            for command in (["init"], ["peer", "add", "real", "--recipient", "head-office", "--certificate",
                                       demo.peer_certificate]):
                self.assertNotEqual(demo.cli(*command).returncode, 0, command[0])

    def test_demo_verdicts(self):
        """Those whose answer is the same on any day, as the page of the demo shop promises them."""
        with b.Demo(self.at / "demo").start() as demo:
            staff = demo.staff()
            for last, topic, words in ((5, "offers", "Yes, you may."), (6, "offers", "Not about this."),
                                       (6, "orders", "Yes, you may."), (7, "offers", "Not on WhatsApp."),
                                       (8, "offers", "They asked us to stop"), (9, "offers", "They asked us to stop"),
                                       (10, "offers", "Their yes has run out"), (11, "offers", "They asked us to stop"),
                                       (11, "care", "Yes, you may."), (12, "offers", "Not yet."),
                                       (15, "offers", "No adverts"), (15, "orders", "Yes, you may."),
                                       (16, "offers", "Yes, you may."), (19, "back", "They have had it."),
                                       (99, "offers", "Nobody with this number said yes")):
                with self.subTest(last=last, topic=topic):
                    self.assertIn(words, staff.check(b.swedish(last), topic=topic).headline)
            own = demo.cli("decide", b.swedish(16), "--region", "SE", "--channel", "whatsapp", "--topic", "offers", "--free-text")
            self.assertIn("window_closed_template_required", own.stdout)
            # Started again it is the same shop, with the same password.
            password = demo.staff_password
            demo.process.terminate()
            self.assertEqual(demo.process.wait(b.DEADLINE_s), 0)
            demo.facts_file.unlink()
            demo.start()
            self.assertEqual(demo.facts["staff_password"], password)
            self.assertIn("Yes, you may.", demo.staff().check(b.swedish(5)).headline)


if __name__ == "__main__":
    b.main()
