# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
"""A card dies: a backup made while the daemon ran becomes a new log, and says so until later stops are in."""
import shutil
import unittest

import box as b


class Restore(unittest.TestCase):
    def test_a_backup_becomes_a_new_log(self):
        with b.folder() as at, b.Box(at / "shop").make() as box:
            box.start()
            with box.customer() as client:
                b.opt_in(client, b.swedish(31))
            box.expect(box.cli("backup", str(at / "copy")))
            self.assertEqual(sorted(f.name for f in (at / "copy").iterdir()), ["desk.db", "ledger.db"])
            with box.customer() as client:
                b.opt_in(client, b.swedish(32))
            self.assertEqual(box.stop(), 0)
            shutil.copy(at / "copy/ledger.db", box.data / "ledger.db")

            told = box.expect(box.cli("restore", str(at / "copy"))).stdout
            self.assertIn("restored 1 events of 1 forms; the log goes on as tres-faroles.example/test/2", told)
            box.start()
            status = box.cli("status")
            self.assertEqual(status.returncode, 14)
            self.assertIn("run 'counterfoil restore --stops-are-in'", status.stdout)
            box.expect(box.cli("restore", "--stops-are-in"))
            self.assertIn("well", box.expect(box.cli("status")).stdout)
            self.assertIn("intact", box.expect(box.cli("verify")).stdout)
            with box.customer() as client:
                b.opt_in(client, b.swedish(33))
            self.assertEqual(box.stop(), 0)


if __name__ == "__main__":
    b.main()
