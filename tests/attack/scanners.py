# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
"""What testssl.sh and sslscan find on the doors: nothing above "low" that is ours. Their reports are kept in
build/attack."""
import json
import re
import subprocess
import unittest

import wire as w
from wire import b

REPORTS = w.FIGURES.parent
SERIOUS = {"MEDIUM", "HIGH", "CRITICAL", "WARN", "FATAL"}
# Findings of testssl.sh that are not ours, or that are meant.
ACCEPTED = {"cert_revocation": "the authority of the tests revokes nothing",
            "HSTS_time": "seven days at most: a shop that gives its box another name must not lock itself out"}


def run(*command):
    """What a scanner says, to its end."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          timeout=900, check=False)
    return done.stdout + done.stderr


class Scanners(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.box = cls.enterClassContext(b.Box(cls.enterClassContext(b.folder()) / "shop").make()).start()
        REPORTS.mkdir(parents=True, exist_ok=True)

    def test_testssl(self):
        report = REPORTS / "testssl.json"
        report.unlink(missing_ok=True)
        said = run("testssl", "--quiet", "--color", "0", "--warnings", "batch", "--add-ca", self.box.ca, "--ip",
                   "127.0.0.1", "--jsonfile", report, f"localhost:{self.box.port}")
        self.assertTrue(report.exists(), said)
        findings = json.loads(report.read_text(encoding="utf-8"))
        by_id = {finding["id"]: finding for finding in findings}
        self.assertEqual(by_id["TLS1_2"]["finding"], "offered", "it did not get to see the door")
        self.assertEqual(by_id["cert_chain_of_trust"]["severity"], "OK")
        b.say(f"testssl.sh: {len(findings)} findings")
        for finding in findings:
            with self.subTest(finding["id"]):
                if finding["severity"] in SERIOUS:
                    self.assertIn(finding["id"], ACCEPTED, finding["finding"])

    # Its hello of TLS 1.2 has no renegotiation_info (RFC 5746), so it sees nothing but TLS 1.3.
    def test_sslscan(self):
        for door, port in (("customers", self.box.port), ("staff", self.box.port + 1), ("sync", self.box.port + 2)):
            said = run("sslscan", "--no-colour", f"127.0.0.1:{port}")
            (REPORTS / f"sslscan-{door}.txt").write_text(said, encoding="utf-8")
            with self.subTest(door):
                self.assertIn(f"Testing SSL server 127.0.0.1 on port {port}", said)
                for old in ("SSLv2", "SSLv3", r"TLSv1\.0", r"TLSv1\.1"):
                    self.assertRegex(said, rf"(?m)^{old}\s+disabled$")
                self.assertIn("Session renegotiation not supported", said)
                self.assertNotRegex(said, r"(?i)\bvulnerable to heartbleed")
                for cipher in re.findall(r"(?m)^(?:Preferred|Accepted)\s+\S+\s+\d+ bits\s+(\S+)", said):
                    self.assertRegex(cipher, r"^(TLS_|ECDHE-)\S*(GCM|CHACHA20)")


if __name__ == "__main__":
    b.main()
