# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
"""Full disk, read-only folder, port taken, wrong key file, second daemon, mistakes in the configuration, missing
files: a clear message, an exit code, no damage. After each the box starts again and verifies."""
import contextlib
import os
import re
import resource
import shutil
import socket
import sqlite3
import subprocess
import time
import unittest

import box as b


@contextlib.contextmanager
def small_disk(at, size):
    """A file system of its own on that folder; nothing where this user may not mount."""
    at.mkdir()
    mounted = b.run("mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "counterfoil-test", at).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(at)], check=False)


class Faults(unittest.TestCase):
    def setUp(self):
        self.at = self.enterContext(b.folder())

    def new_box(self, **options):
        return self.enterContext(b.Box(self.at / "shop", **options).make(user=False, peer=False))

    def fails(self, box, status, *words, **popen):
        code, error = box.start_expecting_failure(**popen)
        self.assertEqual(code, b.EXIT[status], error)
        self.assertRegex(error, r"(?m)^counterfoild: \S.{15}")
        for word in words:
            self.assertIn(word, error)
        self.assertNotRegex(error, r"terminate called|what\(\)|std::|0x[0-9a-f]{6}")
        return error

    def lets_nobody_in(self, box, *words):
        """Without a pair that serves a box starts and deletes what is due, and says why its doors are shut."""
        box.log.unlink(missing_ok=True)
        box.start()
        for word in ("tls install", *words):
            self.assertIn(word, box.log_tail())
        with self.assertRaises(OSError), box.customer() as client:
            client.get("/")
        self.assertEqual(box.stop(), 0)

    def works_again(self, box, events=None):
        box.start()
        if events is not None:
            self.assertGreaterEqual(box.events(), events)
        with box.customer() as client:
            self.assertTrue(b.opt_in(client, b.swedish(20)).code)
        box.expect(box.verify())
        self.assertEqual(box.stop(), 0)
        self.assertIn("intact", box.expect(box.verify()).stdout)

    def takes_stops_only(self, box, number, words):
        """A box whose ledger does not open, or is damaged: it says why, says no, and takes a stop."""
        box.start()
        status = box.status()
        self.assertFalse(status["well"])
        self.assertTrue(status["read_only"])
        self.assertIn(words, status["trouble"])
        with box.customer() as client:
            self.assertEqual(client.get("/o/caja").status // 100, 2)
            with self.assertRaises(AssertionError):
                b.opt_in(client, b.swedish(32))
            self.assertEqual(b.stop_by_number(client, number).status, 200)
        self.assertEqual(box.status()["stops_waiting"], 1)
        self.assertEqual(box.stop(), 0)

    def stop_counts(self, box, number):
        """Once the ledger works again the stop is in it, and for good."""
        box.start()
        b.Box.expect(box.cli("user", "add", "sara", "--role", "manager", stdin="at least ten characters\n"))
        for _ in range(100):
            if box.status()["stops_waiting"] == 0:
                break
            time.sleep(0.1)
        self.assertEqual(box.status()["stops_waiting"], 0)
        with box.staff_client() as client:
            self.assertIn("asked us to stop", b.Staff(client, "sara", "at least ten characters").check(number).words)
        self.assertEqual(box.stop(), 0)

    # ---- the disk ----

    def fill(self, box):
        """Opt-ins until the box says no: how many it took, and what it said."""
        numbers, addresses = b.fiction_numbers(), b.loopback_addresses()
        for taken in range(0, 20_000, 50):
            with box.customer(source=next(addresses)) as client:
                for n in range(50):
                    number, region = next(numbers)
                    form = client.get("/o/caja?lang=en").form("/o/caja")
                    ticks = [("topic", "offers"), ("channel", "sms"), ("age", "yes")]
                    answer = client.post("/o/caja", form.fields(ticks, number=number, region=region))
                    if answer.status != 303:
                        return taken + n, answer
        raise AssertionError("the disk did not fill")

    def full_disk(self, box, make_room, stops_have_room=True):
        with box.customer() as client:
            first, second = b.opt_in(client, b.swedish(13)), b.opt_in(client, b.swedish(14))
            box.expect(box.cli("user", "add", box.staff_user, "--role", "manager", stdin=box.staff_password + "\n"))
            self.assertEqual(box.staff().confirm(first.code).status, 200)
            taken, answer = self.fill(box)
            self.assertEqual(answer.status, 507, answer.words)
            self.assertIn("Nothing has been recorded", answer.words)
            b.say(f"full after {taken} opt-ins")
            # What was promised stays: the receipt is served.
            self.assertEqual(client.get(f"/r/{first.token}").status, 200)
            if stops_have_room:
                self.stops_are_taken(box, client, first, second)
        events = box.events()
        make_room()
        until = b.time.monotonic() + b.DEADLINE_s
        while box.status()["trouble"] and b.time.monotonic() < until:
            with box.customer() as client, b.contextlib.suppress(AssertionError):
                b.opt_in(client, b.swedish(21))
            b.time.sleep(0.2)
        self.assertEqual(box.status()["trouble"], "", "with room again it takes opt-ins again")
        with box.customer() as client:
            self.assertTrue(b.opt_in(client, b.swedish(21)).code)
        box.expect(box.verify())
        self.assertEqual(box.stop(), 0)
        self.works_again(box, events)

    def stops_are_taken(self, box, client, first, second):
        """A stop is the one thing that is never refused: disk was put aside for it."""
        self.assertIn("only stops", box.status()["trouble"])
        stopped = b.stop_by_number(client, b.swedish(13))
        self.assertEqual((stopped.status, "Stopped" in stopped.words), (200, True), stopped.words[:200])
        self.assertIn("Stopped", client.get(f"/r/{first.token}?lang=en").words)
        self.assertEqual(b.keep_topics(client, second.token, ["care"]).status, 303)
        self.assertEqual(b.stop_all(client, second.token).status, 303)
        self.assertIn("Stopped", client.get(f"/m/{second.token}?lang=en").words)
        for last in range(60, 80):
            self.assertEqual(b.stop_by_number(client, b.swedish(last)).status, 200)
        with self.assertRaisesRegex(AssertionError, "507"):
            b.opt_in(client, b.swedish(15))
        # Not even a restart on the full disk forgets them, or keeps the next one from being told.
        self.assertEqual(box.stop(), 0)
        box.start()
        with box.customer() as again:
            self.assertIn("Stopped", again.get(f"/r/{first.token}?lang=en").words)
            self.assertEqual(b.stop_by_number(again, b.swedish(81)).status, 200)

    def test_full_disk(self):
        with small_disk(self.at / "disk", "8m") as mounted:
            box = self.new_box(data=self.at / "disk/data")
            if mounted:
                box.start()
                self.full_disk(box, lambda: b.Box.expect(
                    b.run("mount", "-o", "remount,size=64m", self.at / "disk")))
            else:
                # Without the right to mount: the same refusal from the kernel, by a limit on the size of files.
                limit = 2 << 20
                box.start(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY)))
                self.full_disk(box, lambda: resource.prlimit(
                    box.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)),
                    stops_have_room=False)

    def test_init_on_a_full_disk(self):
        with small_disk(self.at / "disk", "64k") as mounted:
            box = b.Box(self.at / "shop", data=self.at / "disk/data")
            box.write_certificates()
            box.write_config()
            if mounted:
                ended = box.cli("init")
            else:
                ended = subprocess.run([b.program("counterfoil"), "--config", box.config, "--data", box.data, "init"],
                                       capture_output=True, text=True, check=False, preexec_fn=lambda: resource.setrlimit(
                                           resource.RLIMIT_FSIZE, (8192, 8192)))
            self.assertEqual(ended.returncode, b.EXIT["DiskFull"], ended.stderr)
            self.assertRegex(ended.stderr, "disk is full|No space left")
            if mounted:
                b.Box.expect(b.run("mount", "-o", "remount,size=64m", self.at / "disk"))
            # What was begun is no hindrance.
            box.expect(box.cli("init"))
            self.works_again(box)

    def test_read_only_folder(self):
        with small_disk(self.at / "disk", "16m") as mounted:
            box = self.new_box(data=self.at / "disk/data")
            if mounted:
                b.Box.expect(b.run("mount", "-o", "remount,ro", self.at / "disk"))
            else:
                os.chmod(box.data, 0o500)
            error = self.fails(box, "Refused")
            self.assertRegex(error, r"[Rr]ead-only|[Pp]ermission denied")
            if mounted:
                b.Box.expect(b.run("mount", "-o", "remount,rw", self.at / "disk"))
            else:
                os.chmod(box.data, 0o700)
            self.works_again(box)

    # ---- somebody else is there ----

    def test_port_taken(self):
        box = self.new_box()
        for offset, name in ((0, "customer"), (1, "staff"), (2, "sync")):
            with self.subTest(name), socket.socket() as other:
                other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                other.bind(("127.0.0.1", box.port + offset))
                other.listen()
                self.fails(box, "Conflict", str(box.port + offset))
        self.works_again(box)

    def test_second_daemon(self):
        box = self.new_box().start()
        events = box.events()
        for port in (box.port, b.free_ports()):  # with its ports taken, and with its own
            second = b.Box(self.at / "second")
            second.config, second.data, second.tls = self.at / "second.toml", box.data, box.tls
            second.port = port
            second.write_config(lambda text: text.replace('"tls/', f'"{box.tls}/'))
            self.fails(second, "Locked", str(box.data))
        self.assertEqual(box.events(), events)
        # The first one is not disturbed, and its control socket is still its own.
        with box.customer() as client:
            self.assertTrue(b.opt_in(client, b.swedish(22)).code)
        self.assertEqual(box.status()["events"], events + 1)
        ended = box.cli("init")
        self.assertIn(ended.returncode, (b.EXIT["Conflict"], b.EXIT["Locked"]), ended.stderr)
        self.assertEqual(box.stop(), 0)
        self.works_again(box)

    # ---- keys ----

    def test_wrong_key_file(self):
        box = self.new_box()
        other = self.enterContext(b.Box(self.at / "other").make(user=False, peer=False))
        right = (box.data / "anchor").read_bytes()
        (box.data / "anchor").write_bytes((other.data / "anchor").read_bytes())
        before = {p.name: p.read_bytes() for p in box.data.iterdir() if p.is_file()}
        self.takes_stops_only(box, b.swedish(30), "put back the anchor")
        ended = box.cli("status")
        self.assertEqual(ended.returncode, b.EXIT["WrongKey"], ended.stderr)
        for name in ("ledger.db", "anchor"):
            self.assertEqual((box.data / name).read_bytes(), before[name], f"{name} was changed under a wrong key")
        (box.data / "anchor").write_bytes(right)
        self.stop_counts(box, b.swedish(30))
        self.works_again(box)

    def test_key_file_missing_or_public(self):
        box = self.new_box()
        anchor = box.data / "anchor"
        anchor.rename(box.data / "anchor.away")
        self.takes_stops_only(box, b.swedish(31), "there is no anchor")
        self.assertFalse(anchor.exists(), "a new anchor would make every record unreadable")
        (box.data / "anchor.away").rename(anchor)
        os.chmod(anchor, 0o644)
        error = self.fails(box, "Refused", "anchor")
        self.assertIn("chmod 600", error)
        os.chmod(anchor, 0o600)
        self.works_again(box)

    def test_damaged_files(self):
        """A flipped bit in the tree's edge, and keys.db that is no database: stops are taken, and folded in later."""
        for name, damage, words in (("ledger.db", self.flip_edge, "contradicts itself"),
                                    ("keys.db", lambda path: path.write_bytes(b"x" * 65536), "sealed")):
            with self.subTest(name), b.Box(self.at / name).make(user=False, peer=False) as box:
                whole = (box.data / name).read_bytes()
                damage(box.data / name)
                self.takes_stops_only(box, b.swedish(33), words)
                for rest in ("-wal", "-shm"):
                    (box.data / (name + rest)).unlink(missing_ok=True)
                (box.data / name).write_bytes(whole)
                self.stop_counts(box, b.swedish(33))
                self.works_again(box)

    @staticmethod
    def flip_edge(path):
        with contextlib.closing(sqlite3.connect(path)) as database, database:
            database.execute("UPDATE frontier SET root = zeroblob(32)")

    def test_no_ledger(self):
        box = self.new_box()
        shutil.move(box.data, self.at / "away")
        self.fails(box, "NotFound", "counterfoil init")
        self.assertFalse((box.data / "ledger.db").exists())
        if box.data.exists():
            shutil.rmtree(box.data)
        shutil.move(self.at / "away", box.data)
        self.works_again(box)

    # ---- the configuration ----

    def test_configuration_mistakes(self):
        box = self.new_box()
        good = box.config.read_text()

        def line_of(text, needle):
            return text[:text.index(needle)].count("\n") + 1

        rows = [
            ("unknown key", 'legal_name = "', 'colours = "x"\nlegal_name = "', "colours", "unknown key"),
            ("unknown table", "[promise]", "[extra]\nx = 1\n[promise]", "extra", "unknown key"),
            ("wrong type", "minimum_age = 14", 'minimum_age = "14"', "minimum_age", "whole number"),
            ("out of range", "minimum_age = 14", "minimum_age = 5", "minimum_age", "from 13 to"),
            ("bad port", f"port = {box.port} ", "port = 99999 ", "port = 99999", "65535"),
            ("bad hours", 'hours = "00:00-24:00"', 'hours = "9-20"', "hours", "09:00-20:00"),
            ("not TOML", "[promise]", "[promise", "[promise", ""),
            ("key twice", "per_day = 24", "per_day = 24\nper_day = 3", "per_day = 3", ""),
            ("unknown channel", 'channel = "sms"', 'channel = "fax"', 'channel = "fax"', "whatsapp"),
            ("unknown board", 'board = "generic"', 'board = "abacus"', "", "abacus"),
        ]
        for name, old, new, at, words in rows:
            with self.subTest(name):
                self.assertIn(old, good)
                text = good.replace(old, new, 1)
                box.config.write_text(text)
                status = "NotFound" if name == "unknown board" else "BadInput"
                error = self.fails(box, status, words)
                if at:
                    self.assertIn(f"line {line_of(text, at)}:", error)
        with self.subTest("all mistakes at once"):
            box.config.write_text(good.replace("per_day = 24", "per_day = 0").replace("minimum_age = 14", "minimum_age = 1"))
            error = self.fails(box, "BadInput", "per_day", "minimum_age", str(box.config))
        with self.subTest("too long"):
            box.config.write_text(good + "#" * 300_000)
            self.fails(box, "Limit", str(box.config))
        with self.subTest("missing"):
            box.config.unlink()
            self.fails(box, "NotFound", str(box.config))
        box.config.write_text(good)
        self.works_again(box)

    def test_certificates(self):
        box = self.new_box()
        pem, key = box.tls / "server.pem", box.tls / "server.key"
        good_pem, good_key = pem.read_text(), key.read_text()
        pem.unlink()
        self.lets_nobody_in(box, str(pem))
        pem.write_text("not a certificate\n")
        self.lets_nobody_in(box, str(pem), "certificate")
        pem.write_text(good_pem)
        b.make_authority(self.at / "x.pem", self.at / "x.key")
        key.write_text((self.at / "x.key").read_text())
        self.lets_nobody_in(box, str(key), "is not the key of")
        key.write_text(good_key)
        self.works_again(box)

    def test_certificate_renewed_while_it_runs(self):
        box = self.new_box().start()
        with box.customer() as client:
            client.connect()
            before = client.socket.getpeercert()["serialNumber"]
        b.make_certificate(box.ca, box.tls / "ca.key", box.tls / "server.pem", box.tls / "server.key", "localhost",
                           "subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth")
        held = self.enterContext(box.customer())
        self.assertEqual(held.get("/privacy").status, 200)
        box.process.send_signal(b.signal.SIGHUP)
        until = b.time.monotonic() + b.DEADLINE_s
        serial = before
        while serial == before and b.time.monotonic() < until:
            with box.customer() as client:
                client.connect()
                serial = client.socket.getpeercert()["serialNumber"]
        self.assertNotEqual(serial, before)
        self.assertEqual(held.get("/privacy").status, 200, "the open connection was dropped")
        # A pair that cannot be read leaves the running one in force.
        (box.tls / "server.pem").write_text("broken")
        box.process.send_signal(b.signal.SIGHUP)
        b.time.sleep(0.3)
        with box.customer() as client:
            self.assertEqual(client.get("/privacy").status, 200)
        self.assertEqual(box.stop(), 0)

    # ---- damage ----

    def test_damaged_ledger_is_named(self):
        box = self.new_box().start()
        with box.customer() as client:
            for n in range(14, 30):
                b.opt_in(client, b.swedish(n))
        self.assertEqual(box.stop(), 0)
        file = box.data / "ledger.db"
        data = bytearray(file.read_bytes())
        spots = [m.start() for m in re.finditer(rb'"typ":"consent.grant"', bytes(data))]
        self.assertTrue(spots, "no leaf line found in ledger.db")
        data[spots[len(spots) // 2] + 9] ^= 1
        file.write_bytes(data)
        ended = box.cli("verify")
        self.assertEqual(ended.returncode, 1, ended.stdout + ended.stderr)
        self.assertIn("line", ended.stderr)


if __name__ == "__main__":
    b.main()
