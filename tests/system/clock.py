# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
"""A clock that nobody can trust: the box starts, marks its events, denies decisions, and still takes stops."""
import json
import unittest

import box as b

NOW = 1_795_000_000  # 2026-11-18
DAY_s = 86_400


class Clock(unittest.TestCase):
    def setUp(self):
        self.at = self.enterContext(b.folder())
        self.box = b.Box(self.at / "shop", board="fake")
        self.box.set_clock(NOW)
        self.enterContext(self.box.make())
        self.bundles = 0

    def leaves(self):
        self.bundles += 1
        bundle = self.at / f"bundle-{self.bundles}"
        self.box.expect(self.box.pull(bundle))
        self.box.expect(self.box.verify_bundle(bundle))
        return [json.loads(json.loads(line)["leaf"]) for line in b.bundle_entries(bundle)]

    def yes(self, number):
        """A proven yes under a good clock."""
        with self.box.customer() as client:
            receipt = b.opt_in(client, number)
        self.assertEqual(self.box.staff().confirm(receipt.code).status, 200)
        return receipt

    def headline(self, number):
        answer = self.box.staff().check(number)
        self.assertEqual(answer.status, 200)
        return answer.headline

    def test_before_the_last_event(self):
        self.box.start()
        self.yes(b.swedish(30))
        self.assertIn("Yes, you may.", self.headline(b.swedish(30)))
        self.assertTrue(all(leaf["ck"] == "synced" for leaf in self.leaves()))
        self.assertEqual(self.box.stop(), 0)

        # A flat battery: the box wakes up a year ago, and its clock still claims to be right.
        self.box.set_clock(NOW - 365 * DAY_s)
        self.box.start()
        status = self.box.status()
        self.assertEqual(status["clock"], "untrusted")
        self.assertIn("Cannot say", self.headline(b.swedish(30)))
        self.assertIn("Cannot say", self.headline(b.swedish(98)), "nobody may be told apart by a broken clock")
        home = self.box.staff().client.get("/staff?lang=en")
        self.assertIn("The clock of the box is not confirmed", home.words)
        before = len(self.leaves())
        with self.box.customer() as client:
            receipt = b.opt_in(client, b.swedish(31))
            self.assertTrue(receipt.code, "an untrusted clock never refuses an opt-in")
            stopped = b.stop_by_number(client, b.swedish(30))
            self.assertEqual((stopped.status, "Stopped" in stopped.words), (200, True))
        leaves = self.leaves()
        self.assertGreater(len(leaves), before)
        for leaf in leaves[before:]:
            self.assertEqual(leaf["ck"], "untrusted", leaf["typ"])
        self.assertEqual(leaves[before]["t"] // DAY_s, (NOW - 365 * DAY_s) // DAY_s, "t is what the clock said")
        self.assertEqual(self.box.stop(), 0)

        # The right time again: decisions again, and the stop held.
        self.box.set_clock(NOW + DAY_s)
        self.box.start()
        self.assertEqual(self.box.status()["clock"], "synced")
        self.assertIn("They asked us to stop", self.headline(b.swedish(30)))
        self.assertNotIn("Yes", self.headline(b.swedish(31)))
        self.box.expect(self.box.verify())
        self.assertEqual(self.box.stop(), 0)

    def test_falls_back_while_it_runs(self):
        self.box.start()
        self.yes(b.swedish(32))
        self.box.set_clock(NOW - 10 * DAY_s)
        self.assertIn("Cannot say", self.headline(b.swedish(32)))
        self.assertEqual(self.box.status()["clock"], "untrusted")
        self.box.set_clock(NOW + 60)
        self.assertIn("Yes, you may.", self.headline(b.swedish(32)))

    def test_nobody_vouches(self):
        self.box.start()
        self.yes(b.swedish(33))
        self.box.set_clock(NOW + 60, "untrusted")
        self.assertIn("Cannot say", self.headline(b.swedish(33)))
        self.box.set_clock(NOW + 120, "rtc")
        self.assertIn("Yes, you may.", self.headline(b.swedish(33)))

    def test_a_yes_runs_out(self):
        self.box.start()
        receipt = self.yes(b.swedish(34))
        self.box.set_clock(NOW + 760 * DAY_s)
        self.assertIn("Their yes has run out", self.headline(b.swedish(34)))
        with self.box.customer() as client:
            self.assertIn("Run out", client.get(f"/r/{receipt.token}?lang=en").words)

    def test_a_code_runs_out(self):
        self.box.start()
        with self.box.customer() as client:
            receipt = b.opt_in(client, b.swedish(35))
            self.box.set_clock(NOW + 8 * DAY_s)
            answer = self.box.staff().confirm(receipt.code)
            self.assertEqual(answer.status, 404, answer.words)
            self.assertEqual(b.Receipt("", client.get(f"/r/{receipt.token}")).code, "")
        self.assertNotIn("Yes, you may.", self.headline(b.swedish(35)))


if __name__ == "__main__":
    b.main()
