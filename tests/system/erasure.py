# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
"""Whoever is erased is gone: from the pages, the files, the daemon's memory and what a recipient can pull, in less than
a minute; the log still verifies. The same search must find the person before: one that finds nothing proves nothing."""
import base64
import json
import re
import time
import unittest

import api
import box as b
import independent
import secrets_at_rest as secrets
import sync

# Other countries for the others: what is left of a number in base64 must not be taken for a neighbour's.
LEAVING = [f"070-174 06 {last}" for last in range(31, 41)]
BEA, STOPPED = ("202 555 0177", "US"), ("202 555 0178", "US")
# A clock module's memory holds more than an anchor, and is as it came from the factory.
ANCHOR_BYTES, CHIP = 2048, b"\xff" * 4096
PROMISED_s = 60
CLOSED_s = 10
WORDS = "no more of this, stop"


def memory_of(pid):
    """Every readable byte of the process; gcore would leave out what is locked."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            span, mode = line.split()[:2]
            if "r" not in mode or "[v" in line:
                continue
            first, last = (int(end, 16) for end in span.split("-"))
            try:
                memory.seek(first)
                yield memory.read(last - first)
            except (OSError, ValueError):
                continue


def in_memory(pid, needles):
    found = set()
    for part in memory_of(pid):
        found.update(secrets.search(part, needles))
    return sorted(found)


def still_in_memory(pid, needles):
    """What stays once the connections that were closed are gone on the box's side as well."""
    deadline = time.monotonic() + CLOSED_s
    while (found := in_memory(pid, needles)) and time.monotonic() < deadline:
        time.sleep(0.5)
    return found


def decoded(entry):
    """The identity that a line shows."""
    shown = json.loads(entry)["d"]
    return base64.urlsafe_b64decode(shown[1] + "==").decode() if shown and shown[1] else ""


def erase(client, person):
    """The address of the certificate."""
    form = client.get(f"/m/{person.token}/erase?lang=en").form(f"/m/{person.token}/erase")
    answer = client.post(f"/m/{person.token}/erase", form.fields())
    if answer.status != 303:
        raise AssertionError(answer.words[:300])
    return answer.location.split("?")[0]


# A yes, a look at its code, the confirmation, a check, a message that waits for a person, the wish to be erased.
LINES_EACH = 6


def erase_and_wait(client, people, lines=LINES_EACH):
    """The certificate of the first, when everybody's keys are gone."""
    began = time.monotonic()
    pages = []
    for person in people:
        pages.append(erase(client, person))
        if client.get(f"/m/{person.token}").status != 404:
            raise AssertionError("a link still opens after its erasure was asked for")
    for page in pages:
        while "Certificate" not in client.get(page + "?lang=en").headline:
            if time.monotonic() - began > PROMISED_s:
                raise AssertionError("the promise is a minute")
            time.sleep(0.5)
    b.say(f"{len(pages)} certificates after {time.monotonic() - began:.1f} s (promised {PROMISED_s} s)")
    certificate = json.loads(client.get(pages[0] + "/certificate").text)
    if certificate["statement"]["lines"] != lines or "1740631" in json.dumps(certificate):
        raise AssertionError(f"the certificate says {certificate}")
    return certificate


class Erasure(unittest.TestCase):
    def test_gone(self):
        with b.folder() as at, b.Box(at / "shop") as box:
            chip = box.folder / "chip"
            chip.write_bytes(CHIP)
            chip.chmod(0o600)
            inode = chip.stat().st_ino
            box.anchor = "chip"
            box.make().start()
            staff = b.Staff(box.staff_client(), box.staff_user, box.staff_password)
            with box.customer() as client:
                people = [b.opt_in(client, number) for number in LEAVING]
                bea = b.opt_in(client, *BEA)
                needles = self.needles(client, people)
                for person, number in zip(people, LEAVING):
                    self.assertEqual(staff.confirm(person.code).status, 200)
                    staff.check(number)
                self.write_back(box, staff)
                self.assertIn("line 0 of the log", secrets.search(self.ledger(box), needles))
                before = in_memory(box.process.pid, needles)
                self.assertTrue({"their words"} < set(before), "the search finds nobody before, so it proves nothing after")
                pulled = at / "before"
                box.expect(box.pull(pulled, "--identity"))
                self.assertTrue(self.in_bundle(pulled), "the search finds nobody in a bundle that has them")
                earlier = self.checkpoint(box)
                certificate = erase_and_wait(client, people)
                self.assertEqual(client.get(f"/m/{bea.token}").status, 200, "somebody else was lost")
            staff.client.close()
            # A line without its text names nobody; pages that SQLite keeps for reuse may still hold one.
            personal = {name: pattern for name, pattern in needles.items() if not name.startswith("line")}
            self.assertEqual(still_in_memory(box.process.pid, personal), [])
            after = at / "after"
            box.expect(box.pull(after, "--identity"))
            self.assertEqual(self.in_bundle(after), [])
            self.assertIn("erase.done", (after / "entries-0.ndjson").read_text())
            self.assertIn("intact", box.expect(box.verify_bundle(after)).stdout)
            independent.assert_grown(self, box, earlier.decode())
            independent.assert_statement(self, certificate["jws"], "counterfoil-erasure", box.log_key.read_text(),
                                         certificate["statement"])
            self.assertRegex(box.expect(box.cli("retention", "report")).stdout, rf"{len(LEAVING) * LINES_EACH} lines by request +line \d+ of the log")
            self.erased_while_pulled(box, earlier, (after / "entries-0.ndjson").read_bytes())
            self.assertIn("intact", box.expect(box.cli("verify")).stdout)
            found, files, _ = secrets.search_folder(box.data, needles)
            self.assertGreater(files, 3)
            self.assertEqual(found, [])
            self.assertEqual(secrets.search(box.log.read_bytes(), needles), [])
            # Last: whoever asks for a number brings it into the process again.
            staff = b.Staff(box.staff_client(), box.staff_user, box.staff_password)
            self.assertNotIn(WORDS, staff.client.get("/staff/messages").text)
            self.assertEqual(staff.check(LEAVING[0]).headline, staff_says_stopped(staff, box))
            staff.client.close()
            self.assertEqual(box.stop(), 0)
            self.assertEqual(chip.stat().st_ino, inode, "the anchor was replaced instead of overwritten")
            self.assertEqual(chip.read_bytes()[ANCHOR_BYTES:], CHIP[ANCHOR_BYTES:])
            self.assertFalse((box.data / "anchor").exists())
            self.assertEqual(certificate["statement"]["anchor"], json.loads(box.cli("status", "--json").stdout)["anchor"])
            box.start()
            self.assertIn("intact", box.expect(box.cli("verify")).stdout)

    def test_held(self):
        with b.folder() as at, b.Box(at / "shop").make() as box:
            box.start()
            with box.customer() as client:
                person = b.opt_in(client, LEAVING[0])
                hold = lambda *more, **options: box.cli("hold", *more, "--case", "k-7", **options)
                self.assertEqual(hold("set", LEAVING[1], "--region", "SE").returncode, 4)  # nobody has that number
                box.expect(hold("set", "-", "--region", "SE", "--until", "2099-12-31", stdin=LEAVING[0] + "\n"))
                listed = box.expect(box.cli("hold", "list")).stdout
                self.assertIn("case k-7 until 2099-12-31", listed)
                self.assertNotIn("174", listed)
                page = erase(client, person)
                self.assertIn("Kept for a legal claim", client.get(page + "?lang=en").headline)
                self.assertIn("reclamación", client.get(page + "?lang=es").headline)
                self.assertEqual(client.get(page + "/certificate").status, 503)
            self.assertEqual(box.stop(), 0)
            box.start()
            self.assertIn("erasure asked", box.expect(box.cli("hold", "list")).stdout)
            with box.customer() as client:
                self.assertIn("Kept for a legal claim", client.get(page + "?lang=en").headline)
                box.expect(hold("clear", "-", "--region", "SE", stdin=LEAVING[0] + "\n"))
                deadline = time.monotonic() + PROMISED_s
                while "Kept" in client.get(page + "?lang=en").headline:
                    self.assertLess(time.monotonic(), deadline)
                    time.sleep(0.5)
                self.assertEqual(client.get(f"/m/{person.token}").status, 404)
            self.assertIn("nothing is held", box.expect(box.cli("hold", "list")).stdout)
            self.assertIn("intact", box.expect(box.cli("verify")).stdout)

    def test_shortened(self):
        with b.folder() as at, b.Box(at / "shop").make() as box:
            box.start()
            shorten = lambda *more: box.cli("retention", "shorten", *more)
            with box.customer() as client:
                b.opt_in(client, LEAVING[0])
            self.assertIn("nothing of yes-24m", box.expect(shorten("yes-24m", "--really")).stdout)
            self.assertEqual(shorten("yes-25m").returncode, 4)
            self.assertEqual(box.stop(), 0)
            self.assertEqual(box.config.read_text().count('keep = "24 months"'), 1)
            box.write_config(lambda text: text.replace('keep = "24 months"', 'keep = "30 days"'))
            box.start()
            counted = box.expect(shorten("yes-24m")).stdout
            self.assertIn("1 lines of 1 submissions would", counted)
            self.assertIn("--really", counted)
            self.assertIn("1 lines of 1 submissions go sooner", box.expect(shorten("yes-24m", "--really")).stdout)
            self.assertIn("nothing of yes-24m", box.expect(shorten("yes-24m")).stdout)
            self.assertRegex(box.expect(box.cli("retention", "report")).stdout,
                             r"after \d{4}-\d\d-\d\d +2 lines of yes-24m")
            self.assertIn("intact", box.expect(box.cli("verify")).stdout)

    def test_told(self):
        """A recipient deletes what it pulled before, also from files that it would not fetch again."""
        with b.folder() as at, b.Box(at / "shop").make() as box:
            box.start()
            with box.customer() as client:
                people = [b.opt_in(client, number) for number in LEAVING[:2]]
                bea = b.opt_in(client, *BEA)
                b.opt_in_many(box, 260, ((n, r) for n, r in b.fiction_numbers() if r == "US"), b.loopback_addresses())
                folder = at / "bundle"
                box.expect(box.pull(folder, "--identity"))
                self.assertTrue(self.in_bundle(folder))
                line = next(e for e in (folder / "entries-0.ndjson").read_text().splitlines() if "5550177" in decoded(e))
                erase_and_wait(client, people[:1], lines=2)
                staff = b.Staff(box.staff_client(), box.staff_user, box.staff_password)
                form = staff.client.get("/staff/erase?lang=en").form("/staff/erase")
                asked = staff.client.post("/staff/erase", form.fields(number=LEAVING[1], region="SE"))
                form = asked.form("/staff/erase/yes")
                done = staff.client.post("/staff/erase/yes", form.fields([("shown", "yes")]), accept_language="en")
                page = re.search(r"/e/[\w-]{22}", done.text).group()
                staff.client.close()
                deadline = time.monotonic() + PROMISED_s
                while "Certificate" not in client.get(page + "?lang=en").headline:
                    self.assertLess(time.monotonic(), deadline)
                    time.sleep(0.5)
                self.assertIn("Not yet confirmed by: Tres Faroles head office", client.get(page + "?lang=en").words)
                self.assertIn("2 of erasures wait", box.cli("status").stdout)
                pulled = box.expect(box.pull(folder, "--identity")).stdout
                self.assertEqual(len(re.findall(r"(?m)^erased [\w-]{22}$", pulled)), 2, pulled)
                self.assertIn("--ack", pulled)
                for path in folder.rglob("*"):
                    if path.is_file():
                        for last in LEAVING[:2]:
                            self.assertEqual(self.in_file(path, last), [], path.name)
                self.assertIn(line, (folder / "entries-0.ndjson").read_text(), "somebody else was forgotten")
                self.assertIn("intact", box.expect(box.verify_bundle(folder)).stdout)
                self.assertNotIn("delete them", box.expect(box.pull(folder, "--identity", "--ack")).stdout)
                self.assertNotIn("erased", box.expect(box.pull(folder, "--identity")).stdout)
                self.assertNotIn("wait", box.cli("status").stdout)
                self.assertNotIn("Not yet confirmed", client.get(page + "?lang=en").words)
                self.assertEqual(client.get(f"/m/{bea.token}").status, 200)

    def write_back(self, box, staff):
        hook = api.Program(box)
        for number in LEAVING:
            heard = hook.done("/v1/inbound", {"number": number, "region": "SE", "channel": "whatsapp", "text": WORDS})
            self.assertEqual(heard["wish"], "human")
        hook.client.close()
        self.assertEqual(staff.client.get("/staff/messages").text.count(WORDS), len(LEAVING))

    def needles(self, client, people):
        out = {"their words": re.compile(re.escape(WORDS.encode()))}
        for n, person in enumerate(people):
            proof = client.get(f"/r/{person.token}/proof").text
            entry = base64.b64decode(re.search(r"(?m)^extra (\S+)$", proof).group(1))
            out[f"line {n} of the log"] = re.compile(re.escape(json.loads(entry)["leaf"].encode()))
            out[f"link {n}"] = re.compile(re.escape(person.token.encode()))
            national = re.sub(r"\D", "", LEAVING[n])
            for name, pattern in secrets.number_needles("46" + national[1:], national).items():
                if name.endswith("digits"):
                    out[f"number {n}, {name}"] = pattern
        return out

    def checkpoint(self, box):
        with box.peer() as peer:
            return peer.get("/v1/log/checkpoint").body

    def erased_while_pulled(self, box, earlier, lines):
        """A checkpoint from before the erasure, lines from after it: the next checkpoint has the tombstone, or nobody has."""
        size = int(earlier.split(b"\n")[1])
        cut = b"".join(lines.splitlines(keepends=True)[:size])
        for later, whole, status in ((self.checkpoint(box), lines, 0), (earlier, cut, 1)):
            # The first answer names the log, the next two are pulled.
            answers = {"/v1/log/checkpoint": [(200, earlier), (200, earlier), (200, later)],
                       "/v1/log/entries": [(200, cut), (200, whole)]}
            with sync.FakeBox(box, answers) as fake:
                ended = fake.pull(box.folder / f"raced-{status}")
            self.assertEqual(ended.returncode, status, ended.stdout + ended.stderr)
            self.assertIn("V7" if status else "intact", ended.stdout)

    def in_bundle(self, folder):
        return self.in_file(folder / "entries-0.ndjson", LEAVING[0])

    def in_file(self, path, number):
        national = re.sub(r"\D", "", number)
        return secrets.search(path.read_bytes(), secrets.number_needles("46" + national[1:], national))

    def ledger(self, box):
        return b"".join(path.read_bytes() for path in box.data.glob("ledger.db*"))


def staff_says_stopped(staff, box):
    """What staff read of a number that stopped and was never erased."""
    with box.customer() as client:
        b.stop_by_number(client, *STOPPED)
    return staff.check(*STOPPED).headline


if __name__ == "__main__":
    b.main()
