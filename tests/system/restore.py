# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
"""A card dies: a backup made while the daemon ran becomes a new log, and says so until later stops are in. Or keys.db
alone is lost, or the disk that its second copy goes to hangs."""
import contextlib
import os
import shutil
import signal
import tempfile
import time
import unittest

import box as b
import erasure
import raw_disk


@contextlib.contextmanager
def hanging(folder):
    """A disk that answers nothing: whoever writes to it waits."""
    frozen = b.run("fsfreeze", "--freeze", folder)
    if frozen.returncode != 0:
        raise unittest.SkipTest(f"no file system can be frozen here: {frozen.stderr.strip()}")
    try:
        yield
    finally:
        b.Box.expect(b.run("fsfreeze", "--unfreeze", folder))


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

    def test_lost_keys_come_back(self):
        with b.folder() as at, tempfile.TemporaryDirectory(dir="/dev/shm") as disk, b.Box(at / "shop") as box:
            box.second_copy = disk
            box.make().start()
            with box.customer() as client:
                person = b.opt_in(client, b.swedish(31))
            staff = b.Staff(box.staff_client(), box.staff_user, box.staff_password)
            self.assertEqual(staff.confirm(person.code).status, 200)
            before = staff.check(b.swedish(31)).headline
            staff.client.close()
            self.assertEqual(box.stop(), 0)
            self.assertEqual(os.listdir(disk), ["keys.db"])

            (box.data / "keys.db").unlink()
            box.start()
            self.assertTrue(box.status()["read_only"])
            self.assertEqual(box.cli("restore", "--keys", disk).returncode, b.EXIT["Locked"])
            self.assertEqual(box.stop(), 0)
            box.expect(box.cli("restore", "--keys", disk))
            self.assertEqual(box.cli("restore", "--keys", disk).returncode, b.EXIT["Conflict"])
            box.start()
            self.assertRegex(box.expect(box.cli("status")).stdout, "keys +second copy ")
            staff = b.Staff(box.staff_client(), box.staff_user, box.staff_password)
            self.assertEqual(staff.check(b.swedish(31)).headline, before)
            staff.client.close()
            with box.customer() as client:
                self.assertEqual(client.get(f"/m/{person.token}").status, 200)
            self.assertIn("intact", box.expect(box.cli("verify")).stdout)
            self.assertEqual(box.stop(), 0)

    def test_a_second_disk_that_hangs_holds_up_nothing(self):
        with b.folder() as at, raw_disk.Disk(at) as disk, b.Box(at / "shop") as box:
            box.second_copy = disk.folder
            box.make().start()
            with box.customer() as client:
                person = b.opt_in(client, b.swedish(31))
                with hanging(disk.folder):
                    erasure.erase_and_wait(client, [person], lines=2)
                    box.process.send_signal(signal.SIGTERM)
                    began = time.monotonic()
                    while "the copy is left unfinished" not in box.log_tail():
                        self.assertLess(time.monotonic() - began, b.DEADLINE_s, box.log_tail())
                        time.sleep(0.1)
            self.assertEqual(box.stop(), 0)
            box.start()
            self.assertIn("well", box.expect(box.cli("status")).stdout)
            self.assertEqual(box.stop(), 0)
            self.assertEqual(sorted(set(os.listdir(disk.folder)) - {"lost+found"}), ["keys.db"])


if __name__ == "__main__":
    b.main()
