# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
"""No number, name, token, code or password in clear in any file under the data folder or in the log; no core file.
A search that finds nothing proves nothing, so the same search must find the number in a page and in planted files."""
import base64
import hashlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time
import unittest

import box as b

NUMBER, REGION, E164 = "070-174 06 77", "SE", "46701740677"
STRANGER, STRANGER_E164 = "202 555 0177", "12025550177"
CLERK, CLERK_PASSWORD = "zebulon-q7", "Vermilion!lantern 4711"


def number_needles(e164, national):
    """Patterns for one number: any grouping, other widths, other encodings, and unkeyed hashes of its spellings."""
    gap = rb"[ \t().\-/\xa0]{0,3}"
    out = {}
    for name, digits in (("international", e164), ("national", national), ("without trunk zero", national.lstrip("0"))):
        spread = gap.join(re.escape(d.encode()) for d in digits)
        out[f"{name} digits"] = re.compile(spread)
        for code in ("utf-16-le", "utf-16-be", "utf-32-le"):
            out[f"{name} digits as {code}"] = re.compile(re.escape(digits.encode(code)))
        for shift in range(3):
            # Inside a longer base64 text only the whole groups are the same, whatever stands around them.
            inner = base64.b64encode(b"\0" * shift + digits.encode()).rstrip(b"=")
            inner = inner[{0: 0, 1: 2, 2: 3}[shift]:-1]
            out[f"{name} digits in base64, shift {shift}"] = re.compile(re.escape(inner))
        out[f"{name} digits as hex"] = re.compile(digits.encode().hex().encode(), re.IGNORECASE)
        out[f"{name} as a 64-bit number"] = re.compile(re.escape(int(digits).to_bytes(8, "little"))
                                                      + b"|" + re.escape(int(digits).to_bytes(8, "big")))
        for spelling in (digits, "+" + digits):
            for algorithm in ("md5", "sha1", "sha256", "sha512"):
                digest = hashlib.new(algorithm, spelling.encode()).digest()
                texts = [digest, digest.hex().encode(), base64.b64encode(digest)[:-4],
                         base64.urlsafe_b64encode(digest)[:-4]]
                out[f"{algorithm} of {name} {spelling[:1]}…"] = re.compile(b"|".join(map(re.escape, texts)))
    packed = bytes.fromhex(e164 + "f" * (len(e164) % 2))
    out["packed digits"] = re.compile(re.escape(packed))
    return out


def text_needles(name, text, alone=False):
    raw = text.encode()
    bare = re.escape(raw)
    out = {name: re.compile(rb"(?<![0-9])" + bare + rb"(?![0-9])" if alone else bare)}
    if not alone:
        out[name + " as utf-16"] = re.compile(re.escape(text.encode("utf-16-le")))
        out[name + " as hex"] = re.compile(raw.hex().encode(), re.IGNORECASE)
        out[name + " in base64"] = re.compile(re.escape(base64.b64encode(raw)[:len(raw) // 3 * 4]))
    return out


def token_needles(name, token):
    out = text_needles(name, token)
    out[name + " as bytes"] = re.compile(re.escape(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))))
    return out


def search(data, needles):
    return [name for name, pattern in needles.items() if pattern.search(data)]


def search_folder(folder, needles):
    found, files, size = [], 0, 0
    for path in pathlib.Path(folder).rglob("*"):
        found += [f"{name}: in a file's name" for name in search(os.fsencode(path.name), needles)]
        if path.is_file():
            data = path.read_bytes()
            files, size = files + 1, size + len(data)
            found += [f"{name}: in {path.name}" for name in search(data, needles)]
    return found, files, size


class AtRest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = cls.enterClassContext(b.folder())
        cls.box = cls.enterClassContext(b.Box(cls.scratch / "shop").make(user=False))
        box = cls.box.start()
        set_up = re.search(r"set-up code ([0-9a-z-]+)", box.log.read_text()).group(1)
        cls.expect_set_up(box, set_up)
        box.expect(box.cli("user", "add", CLERK, "--role", "staff", stdin=CLERK_PASSWORD + "\n"))
        staff = b.Staff(box.staff_client(), CLERK, CLERK_PASSWORD)
        cls.needles = {**number_needles(E164, "0701740677"), **number_needles(STRANGER_E164, "2025550177"),
                       **text_needles("the clerk's name", CLERK), **text_needles("the clerk's password", CLERK_PASSWORD),
                       **text_needles("the manager's password", box.staff_password)}
        # In the data folder only: the set-up code stands in the journal on purpose, and is spent.
        cls.data_needles = {**text_needles("the set-up code", set_up),
                            **text_needles("the set-up code, plain", set_up.replace("-", ""))}
        cls.live(box, staff)

    @classmethod
    def expect_set_up(cls, box, code):
        with box.staff_client() as client:
            form = client.get("/staff/setup").form("/staff/setup")
            done = client.post("/staff/setup", form.fields(code=code, user=box.staff_user, password=box.staff_password,
                                                           password_again=box.staff_password))
        assert done.status == 303, f"set-up was answered {done.status}: {done.words[:300]}"

    @classmethod
    def live(cls, box, staff):
        """Everything that can be done with a number, and everything that can go wrong with one."""
        with box.customer() as client:
            receipt = b.opt_in(client, NUMBER, REGION)
            assert receipt.code, "the receipt shows no code"
            cls.page = staff.check(NUMBER, REGION)
            done = staff.confirm(receipt.code)
            assert done.status == 200, f"the code was answered {done.status}: {done.words[:200]}"
            assert b.keep_topics(client, receipt.token, ["orders", "care"]).status == 303
            second = b.opt_in(client, NUMBER, REGION)
            assert b.stop_all(client, second.token).status == 303
            assert b.stop_by_number(client, STRANGER, "US").status == 200
            assert staff.stop(NUMBER, REGION).status == 200
            # Refusals: number in a wrong field, in an address, with a stale page, with a bad country.
            client.get(f"/o/{E164}")
            client.get(f"/r/{E164}?number=%2B{E164}")
            client.post("/stop", [("token", "x"), ("number", NUMBER)])
            form = client.get("/o/caja").form("/o/caja")
            client.post("/o/caja", form.fields([("topic", "offers")], number=f"{NUMBER} ext 5", region="QQ"))
            client.request("GET", "/", [("Host", f"{E164}.example")])
            client.request("GET", f"/{E164}/..", [])
            client.post("/o/caja", f"number={NUMBER}&%zz".encode())
            with box.staff_client() as other:
                form = other.get("/staff/login").form("/staff/login")
                other.post("/staff/login", form.fields(user=E164, password=CLERK_PASSWORD + "x"))
            staff.confirm(E164[:6])
            with box.peer() as peer:
                peer.get(f"/v1/log/entries?start={E164}&end={E164}")
        cls.needles |= {**token_needles("a manage token", receipt.token), **token_needles("the second token", second.token),
                        **text_needles("the code", receipt.code, alone=True),
                        **text_needles("the second code", second.code, alone=True),
                        **text_needles("the session", staff.client.cookies["__Host-cf"]),
                        **text_needles("a form token", form.inputs["token"])}

    def test_1_the_search_finds_what_is_there(self):
        needles = number_needles(E164, "0701740677")
        self.assertIn("international digits", search(self.page.body, needles), "the staff page reads the number back")
        planted = {"grouped": b"+46 (70) 174-06.77", "utf16": "0701740677".encode("utf-16-le"),
                   "base64": base64.b64encode(b'{"number":"+46701740677"}'), "hash": hashlib.sha256(b"+46701740677").digest(),
                   "packed": b"..\x46\x70\x17\x40\x67\x7f..", "binary": int(E164).to_bytes(8, "little")}
        for name, data in planted.items():
            with self.subTest(name), b.folder() as at:
                (at / "planted").write_bytes(b"\0\1\2" + data + b"\3")
                self.assertTrue(search_folder(at, needles)[0])

    def test_2_nothing_while_it_runs(self):
        found, files, size = search_folder(self.box.data, self.needles | self.data_needles)
        self.assertEqual(found, [])
        self.assertGreaterEqual(files, 4)
        b.say(f"searched {len(self.needles)} patterns in {files} files, {size} bytes")

    def test_3_nothing_in_the_log(self):
        log = self.box.log.read_bytes()
        self.assertGreater(len(log), 50)
        self.assertEqual(search(log, self.needles), [])

    def test_4_nothing_after_it_stopped(self):
        self.assertEqual(self.box.stop(), 0)
        self.assertEqual(search_folder(self.box.data, self.needles | self.data_needles)[0], [])
        self.assertEqual(search(self.box.log.read_bytes(), self.needles), [])
        self.box.expect(self.box.verify())

    def test_5_files_are_private(self):
        for path in [self.box.data, *self.box.data.rglob("*")]:
            with self.subTest(path.name):
                self.assertEqual(path.stat().st_mode & 0o077, 0, f"others may use {path.name}")


class NoCore(unittest.TestCase):
    """The daemon leaves no image of its memory: no core file, and no other process of its user may read it."""

    def popen_options(self, at):
        options = {"cwd": at}
        if os.geteuid() == 0:
            # Root may read everything; who owns /proc/PID shows only under another user.
            options |= {"user": 65534, "group": 65534, "extra_groups": []}
            for path in [at, *pathlib.Path(at).rglob("*")]:
                os.chown(path, 65534, 65534)
        return options

    def test_no_core_and_not_dumpable(self):
        with b.folder() as at, b.Box(at / "shop").make() as box:
            programs = at / "bin"  # a copy where the other user may read it
            programs.mkdir()
            copy = shutil.copy2(b.program("counterfoild"), programs / "counterfoild")
            command = [str(copy), *box.daemon_command()[1:]]
            box.daemon_command = lambda: command
            options = self.popen_options(at)
            unhardened = subprocess.Popen(["sleep", "60"], **options)
            box.start(**options)
            pid = box.process.pid
            limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
            core = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
            self.assertEqual(core.split()[4:6], ["0", "0"], core)
            # An undumpable process belongs to root in /proc (proc(5)), whoever runs it.
            mine = options.get("user", os.geteuid())
            for _ in range(100):
                if os.stat(f"/proc/{unhardened.pid}/environ").st_uid == mine:
                    break
                time.sleep(0.01)
            self.assertEqual(os.stat(f"/proc/{unhardened.pid}/environ").st_uid, mine, "control: a usual process")
            self.assertEqual(os.stat(f"/proc/{pid}/environ").st_uid, 0, "the daemon is dumpable")
            unhardened.kill()
            unhardened.wait()
            before = set(at.rglob("*"))
            box.process.send_signal(signal.SIGABRT)
            self.assertEqual(box.process.wait(b.DEADLINE_s), -signal.SIGABRT)
            cores = [p for p in set(at.rglob("*")) - before if "core" in p.name]
            self.assertEqual(cores, [])
            box.process = None
            box.start(**options)
            self.assertEqual(box.stop(), 0)


if __name__ == "__main__":
    b.main()
