# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
"""Whoever is erased is gone: from the pages, the files, the daemon's memory and what a recipient can pull, in less than
a minute; the log still verifies. The same search must find the person before: one that finds nothing proves nothing."""
import base64
import json
import re
import time
import unittest

import box as b
import secrets_at_rest as secrets

# Other countries for the others: what is left of a number in base64 must not be taken for a neighbour's.
ANA, BEA, STOPPED = "070-174 06 31", ("202 555 0177", "US"), ("202 555 0178", "US")
ANA_E164, ANA_NATIONAL = "46701740631", "0701740631"
PROMISED_s = 60


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


class Erasure(unittest.TestCase):
    def test_gone(self):
        with b.folder() as at, b.Box(at / "shop").make() as box:
            box.start()
            with box.customer() as client:
                ana, bea = b.opt_in(client, ANA), b.opt_in(client, *BEA)
                staff = b.Staff(box.staff_client(), box.staff_user, box.staff_password)
                self.assertEqual(staff.confirm(ana.code).status, 200)
                proof = client.get(f"/r/{ana.token}/proof").text
                lines = [base64.b64decode(text) for text in re.findall(r"(?m)^extra (\S+)$", proof)]
                leaf = json.loads(lines[0])["leaf"].encode()
                needles = {"her line of the log": re.compile(re.escape(leaf)),
                           "her link": re.compile(re.escape(ana.token.encode())),
                           **{name: pattern for name, pattern in secrets.number_needles(ANA_E164, ANA_NATIONAL).items()
                              if name.endswith("digits")}}
                self.assertIn("her line of the log", secrets.search(self.ledger(box), needles))
                before = in_memory(box.process.pid, needles)
                self.assertTrue(before, "the search finds nobody before, so it proves nothing after")
                pulled = at / "before"
                box.expect(box.pull(pulled, "--identity"))
                self.assertTrue(self.in_bundle(pulled), "the search finds nobody in a bundle that has her")
                self.erase_and_wait(client, ana)
                self.assertEqual(client.get(f"/m/{bea.token}").status, 200, "somebody else was lost")
            self.assertEqual(staff.check(ANA).headline, staff_says_stopped(staff, box))
            after = at / "after"
            box.expect(box.pull(after, "--identity"))
            self.assertEqual(self.in_bundle(after), [])
            self.assertIn("erase.done", (after / "entries-0.ndjson").read_text())
            self.assertIn("intact", box.expect(box.verify_bundle(after)).stdout)
            self.assertIn("intact", box.expect(box.cli("verify")).stdout)
            found, files, _ = secrets.search_folder(box.data, needles)
            self.assertGreater(files, 3)
            self.assertEqual(found, [])
            self.assertEqual(secrets.search(box.log.read_bytes(), needles), [])
            self.assertEqual(in_memory(box.process.pid, needles), [])
            self.assertEqual(box.stop(), 0)
            box.start()
            self.assertIn("intact", box.expect(box.cli("verify")).stdout)

    def in_bundle(self, folder):
        return secrets.search((folder / "entries-0.ndjson").read_bytes(), secrets.number_needles(ANA_E164, ANA_NATIONAL))

    def ledger(self, box):
        return b"".join(path.read_bytes() for path in box.data.glob("ledger.db*"))

    def erase_and_wait(self, client, ana):
        form = client.get(f"/m/{ana.token}/erase?lang=en").form(f"/m/{ana.token}/erase")
        began = time.monotonic()
        answer = client.post(f"/m/{ana.token}/erase", form.fields())
        self.assertEqual(answer.status, 303, answer.words[:300])
        self.assertEqual(client.get(f"/m/{ana.token}").status, 404)
        page = answer.location.split("?")[0]
        while "Certificate" not in client.get(page + "?lang=en").headline:
            self.assertLess(time.monotonic() - began, PROMISED_s, "the promise is a minute")
            time.sleep(0.5)
        b.say(f"certificate after {time.monotonic() - began:.1f} s (promised {PROMISED_s} s)")
        certificate = json.loads(client.get(page + "/certificate").text)
        self.assertEqual(certificate["statement"]["lines"], 3)
        self.assertNotIn(ANA_E164[4:], json.dumps(certificate))


def staff_says_stopped(staff, box):
    """What staff read of a number that stopped and was never erased."""
    with box.customer() as client:
        b.stop_by_number(client, *STOPPED)
    return staff.check(*STOPPED).headline


if __name__ == "__main__":
    b.main()
