# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
"""Another key signs the log of a running box: whoever has the first one checks receipts and pulls as before."""
import json
import re
import time
import unittest

import box as b

WEEK_s = 7 * 86_400


class LogKey(unittest.TestCase):
    def receipt(self, box, name, last):
        """Somebody says yes; the three files that they can keep."""
        with box.customer() as client:
            token = b.opt_in_token(client, b.swedish(last), "SE")
            for form in ("json", "file", "proof"):
                (box.folder / f"{name}.{form}").write_bytes(client.get(f"/r/{token}/{form}").body)

    def check(self, box, name, form, key=None):
        return b.run(b.program("counterfoil-verify"), "receipt", box.folder / f"{name}.{form}", "--key",
                     key or box.log_key)

    def pull(self, box, folder):
        box.expect(box.pull(folder, "--identity"))
        self.assertIn("intact", box.expect(box.verify_bundle(folder)).stdout)

    def signatures(self, box):
        with box.peer() as peer:
            return peer.get("/v1/log/checkpoint").text.count("\u2014 ")

    def retire(self, box):
        """The clock goes on by a week: the old key is retired, and its private half gone with an epoch."""
        self.assertEqual(box.stop(), 0)
        box.set_clock(self.now + WEEK_s)
        box.start()
        until = time.monotonic() + b.DEADLINE_s
        while self.signatures(box) != 1:
            self.assertLess(time.monotonic(), until, "the old key signs for ever")
            time.sleep(0.2)

    def test_change_in_a_running_box(self):
        self.now = 1_790_000_000
        with b.folder() as at, b.Box(at / "shop", board="fake") as box:
            box.set_clock(self.now)
            box.make().start()
            self.receipt(box, "before", 31)
            self.pull(box, at / "head-office")
            said = box.expect(box.cli("key", "rotate")).stdout
            self.assertIn("beside it until 2026-09-28T", said)
            self.assertEqual(box.cli("key", "rotate").returncode, b.EXIT["Conflict"])
            self.receipt(box, "during", 32)
            self.assertEqual(self.signatures(box), 2)
            self.pull(box, at / "head-office")
            self.retire(box)
            self.receipt(box, "after", 33)
            for name in ("before", "during", "after"):
                for form in ("json", "file"):
                    box.expect(self.check(box, name, form))
            self.assertIn("a key that follows from", self.check(box, "after", "json").stdout)
            self.pull(box, at / "head-office")
            self.pull(box, at / "second-office")
            self.assertIn("intact", box.expect(box.verify()).stdout)

            # A bare proof shows no lines: the key file of today does.
            self.assertEqual(self.check(box, "after", "proof").returncode, 1)
            today = box.folder / "log-key-today.pem"
            today.write_text(box.expect(box.cli("log-key")).stdout)
            self.assertTrue(today.read_text().startswith(box.log_key.read_text()), "the first key changed")
            for name in ("before", "during", "after"):
                box.expect(self.check(box, name, "proof", today))
            self.refuse_a_wrong_chain(box, today)
            self.assertEqual(box.stop(), 0)

    def refuse_a_wrong_chain(self, box, today):
        """A line that the first key did not sign leads nowhere, in a key file as in a receipt."""
        wrong = box.folder / "wrong.pem"
        lines = today.read_text()
        signature = re.search(r'"sig_by":"(.)', lines)
        at = signature.start(1)
        wrong.write_text(lines[:at] + ("B" if lines[at] == "A" else "A") + lines[at + 1:])
        refused = self.check(box, "after", "proof", wrong)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("sig_by does not verify", refused.stdout)
        receipt = json.loads((box.folder / "after.json").read_text())
        self.assertEqual(len(receipt["record"]["log_keys"]), 1)
        _, stranger = b.make_authority(box.folder / "x.pem", box.folder / "x.key"), box.folder / "x-log.pem"
        b.run("openssl", "pkey", "-in", box.folder / "x.key", "-pubout", "-out", stranger)
        for form in ("json", "file"):
            self.assertEqual(self.check(box, "after", form, stranger).returncode, 1)


if __name__ == "__main__":
    b.main()
