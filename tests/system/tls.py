# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
"""The certificate of a running box: asked for, installed, changed under open connections, and watched until it ends."""
import hashlib
import json
import signal
import socket
import ssl
import time
import unittest

import box as b

NAMES = "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth"
RSA_1024 = ("rsa:1024",)
P_384 = ("ec", "-pkeyopt", "ec_paramgen_curve:P-384")


SHOP = None


def setUpModule():
    """One box for all; making one takes longer than most of these tests."""
    global SHOP
    at = unittest.enterModuleContext(b.folder())
    SHOP = unittest.enterModuleContext(b.Box(at / "shop"))
    SHOP.redirect = b.free_ports()
    SHOP.write_certificates()
    SHOP.write_config(lambda text: text.replace("\n[listen]", f"redirect_port = {SHOP.redirect}\n\n[listen]", 1))
    SHOP.expect(SHOP.cli("init"))
    SHOP.expect(SHOP.cli("user", "add", SHOP.staff_user, "--role", "manager", stdin=SHOP.staff_password + "\n"))
    SHOP.start()


class Shop(unittest.TestCase):
    """Each test begins with a certificate of its own being served."""

    def setUp(self):
        self.box, self.at = SHOP, SHOP.folder
        self.chain, self.key = SHOP.tls / "server.pem", SHOP.tls / "server.key"
        self.pending = SHOP.tls / "server.key.pending"
        self.fresh = self.issue("fresh", days=90)
        self.install(self.fresh)

    def issue(self, name, extensions=NAMES, **options):
        """(chain, key), files of a new certificate."""
        chain, key = self.at / f"{name}.pem", self.at / f"{name}.key"
        b.make_certificate(self.box.ca, self.box.tls / "ca.key", chain, key, "localhost", extensions, **options)
        return chain, key

    def install(self, pair):
        return self.box.expect(self.box.cli("tls", "install", pair[0], "--key", pair[1]))

    def put(self, pair):
        """As an operator would by hand."""
        for source, target in zip(pair, (self.chain, self.key)):
            target.write_bytes(source.read_bytes())

    def reload(self):
        """What systemctl reload does; returns once the daemon has done it."""
        refused = self.log_count("tls.reload_failed")
        before = self.served()
        self.box.process.send_signal(signal.SIGHUP)
        self.wait(lambda: self.served() != before or self.log_count("tls.reload_failed") > refused)

    def wait(self, condition):
        until = time.monotonic() + b.DEADLINE_s
        while not condition():
            self.assertLess(time.monotonic(), until, self.box.log_tail())
            time.sleep(0.02)

    def log_count(self, event, *words):
        lines = [line for line in self.box.log.read_text().splitlines() if event in line]
        return sum(all(word in line for word in words) for line in lines)

    def served(self):
        """SHA-256 of the certificate that a handshake shows now."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection(("127.0.0.1", self.box.port), timeout=b.DEADLINE_s) as raw:
            with context.wrap_socket(raw) as shown:
                return hashlib.sha256(shown.getpeercert(binary_form=True)).hexdigest()

    def of(self, pair):
        pem = pair[0].read_text()
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem[:pem.index("-----END") + 26])).hexdigest()

    def status(self, exit_status):
        return json.loads(self.box.expect(self.box.cli("tls", "status", "--json"), exit_status).stdout)


class Status(Shop):
    def test_what_is_served_is_told(self):
        said = self.box.expect(self.box.cli("tls", "status")).stdout
        spki = b.run("sh", "-c", f"openssl x509 -in {self.fresh[0]} -pubkey -noout | openssl pkey -pubin -outform DER"
                                 " | openssl dgst -sha256 -r").stdout.split()[0]
        for words in ("well", "being served", "CN=localhost", "localhost, 127.0.0.1", "CN=Test authority", "90 days left",
                      "EC P-256", spki):
            self.assertIn(words, said)
        status = self.status(0)
        self.assertEqual((status["well"], status["same"], status["wrong"]), (True, True, []))
        self.assertEqual(status["served"], status["file"])
        self.assertIn("tls       until", self.box.expect(self.box.cli("status")).stdout)

    def test_files_that_are_not_what_is_served(self):
        other = self.issue("other", days=60)
        self.put(other)
        status = self.status(1)
        self.assertFalse(status["same"])
        self.assertEqual((status["served"]["days_left"], status["file"]["days_left"]), (90, 60))
        self.assertRegex(" ".join(status["wrong"]), "another certificate .*systemctl reload")
        self.reload()
        self.assertEqual(self.served(), self.of(other))
        self.assertTrue(self.status(0)["same"])
        self.key.write_text("rubbish\n")
        status = self.status(1)
        self.assertIsNone(status["file"])
        self.assertRegex(" ".join(status["wrong"]), "server.key is not the key .*the next start would let nobody in")

    def test_the_name_of_the_configuration_is_missed(self):
        self.put(self.issue("stranger", NAMES.replace("localhost", "other.example"), days=90))
        self.reload()
        self.assertEqual(self.status(1)["wrong"], ["it is not for localhost, the host of the configuration: phones "
                                                   "refuse it"])

    def test_without_a_daemon_the_files_are_judged(self):
        with b.Box(self.at / "still") as still:
            still.write_certificates()
            still.write_config()
            self.assertRegex(still.expect(still.cli("tls", "status")).stdout, "well .*no daemon runs")
            pair = self.issue("for-still", days=20)
            still.expect(still.cli("tls", "install", pair[0], "--key", pair[1]))
            self.assertIn("it ends in 20 days", still.expect(still.cli("tls", "status"), 1).stdout)
            (still.tls / "server.key").unlink()
            self.assertRegex(still.expect(still.cli("tls", "status"), 1).stdout, "wrong .*server.key")


class Request(Shop):
    def test_from_request_to_certificate(self):
        before = self.key.read_bytes()
        request = self.box.expect(self.box.cli("tls", "csr"))
        self.assertIn("server.key.pending", request.stderr)
        self.assertEqual(self.box.cli("tls", "csr").stdout, request.stdout)
        newer = self.box.expect(self.box.cli("tls", "csr", "--new-key")).stdout
        self.assertNotEqual(newer, request.stdout)
        self.assertEqual(self.pending.stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.key.read_bytes(), before)
        csr, earlier = self.at / "box.csr", self.at / "earlier.csr"
        csr.write_text(newer)
        earlier.write_text(request.stdout)
        seen = b.openssl("req", "-verify", "-text", "-noout", "-in", csr)
        self.assertIn("verify OK", seen.stderr)
        for words in ("CN = localhost", "DNS:localhost, IP Address:127.0.0.1", "prime256v1", "ecdsa-with-SHA256"):
            self.assertIn(words, seen.stdout)
        for source in (earlier, csr):
            b.openssl("x509", "-req", "-in", source, "-CA", self.box.ca, "-CAkey", self.box.tls / "ca.key", "-days", "90",
                      "-CAcreateserial", "-copy_extensions", "copy", "-out", source.with_suffix(".pem"))
        refused = self.box.expect(self.box.cli("tls", "install", earlier.with_suffix(".pem")), b.EXIT["BadInput"])
        self.assertIn("--key", refused.stderr)
        done = self.box.expect(self.box.cli("tls", "install", csr.with_suffix(".pem"))).stdout
        self.assertIn("CN=localhost, valid until", done)
        self.assertEqual(self.served(), self.of((csr.with_suffix(".pem"),)))
        self.assertFalse(self.pending.exists())
        self.assertEqual(sorted(p.name for p in self.box.tls.glob("server*")), ["server.key", "server.pem"])
        # With the chain, and for the key in use: neither request nor --key is needed.
        csr.with_suffix(".pem").write_text(csr.with_suffix(".pem").read_text() + self.box.ca.read_text())
        self.box.expect(self.box.cli("tls", "install", csr.with_suffix(".pem")))
        self.assertTrue(self.status(0)["same"])

    def test_host_only(self):
        csr = self.at / "host.csr"
        csr.write_text(self.box.expect(self.box.cli("tls", "csr", "--host-only")).stdout)
        text = b.openssl("req", "-text", "-noout", "-in", csr).stdout
        self.assertIn("DNS:localhost", text)
        self.assertNotIn("127.0.0.1", text)
        self.pending.unlink()


class Install(Shop):
    def test_what_phones_would_refuse_changes_nothing(self):
        ended = self.issue("ended", days=0)
        good, issued = self.issue("good"), self.at / "issued.pem"
        backwards, big, rubbish = self.at / "backwards.pem", self.at / "big.pem", self.at / "rubbish.pem"
        backwards.write_text(self.box.ca.read_text() + good[0].read_text())
        big.write_text(good[0].read_text() + "x" * 17000)
        rubbish.write_text("-----BEGIN CERTIFICATE-----\nrubbish\n-----END CERTIFICATE-----\n")
        b.make_authority(self.at / "foreign.pem", self.at / "foreign.key")
        issued.write_text(good[0].read_text() + (self.at / "foreign.pem").read_text())
        weak, sha1, curve = (self.issue("weak", kind=RSA_1024), self.issue("sha1", how=("-sha1",)),
                             self.issue("curve", kind=P_384))
        client = self.issue("client", NAMES.replace("serverAuth", "clientAuth"))
        name = self.issue("name", NAMES.replace("localhost", "other.example"))
        time.sleep(1.1)  # the seconds of a certificate are whole ones
        rows = [((good[0], self.fresh[1]), "BadInput", "fresh.key is not the key"),
                (name, "Refused", "not for localhost"), (ended, "Refused", "it ended at"),
                ((backwards, self.box.tls / "ca.key"), "Refused", "the server's own comes first"),
                ((issued, good[1]), "Refused", "was not issued by the one that follows"),
                (weak, "Refused", "RSA 1024"), (sha1, "Refused", "SHA-1"), (curve, "Refused", "EC 384"),
                (client, "Refused", "serverAuth"), ((big, good[1]), "Limit", "big.pem is larger than"),
                ((rubbish, good[1]), "BadInput", "rubbish.pem: certificate 1 cannot be read"),
                ((good[1], good[1]), "BadInput", "no PEM block"), ((self.at / "no.pem", good[1]), "NotFound", "no.pem"),
                ((good[0], self.at / "no.key"), "NotFound", "no.key")]
        before = (self.chain.read_bytes(), self.key.read_bytes())
        for pair, code, words in rows:
            with self.subTest(words):
                refused = self.box.cli("tls", "install", pair[0], "--key", pair[1])
                self.assertEqual(refused.returncode, b.EXIT[code], refused.stderr)
                self.assertIn(words, refused.stderr)
                self.assertNotIn("PRIVATE", refused.stdout + refused.stderr)
                self.assertEqual((self.chain.read_bytes(), self.key.read_bytes()), before)
        self.assertEqual(self.served(), self.of(self.fresh))
        self.assertIn("it is not for 127.0.0.1 of other_hosts", self.install(
            self.issue("narrow", "subjectAltName=DNS:localhost")).stdout)

    def test_what_the_daemon_does_not_show_is_taken_back(self):
        first, second = self.issue("first", days=90), self.issue("second", days=90)
        aside = self.box.folder / "aside.toml"
        aside.write_text(self.box.config.read_text().replace("tls/server.", "aside."))
        for source, name in zip(first, ("aside.pem", "aside.key")):
            (self.box.folder / name).write_bytes(source.read_bytes())
        refused = b.run(b.program("counterfoil"), "--config", aside, "--data", self.box.data, "tls", "install", second[0],
                        "--key", second[1])
        self.assertEqual(refused.returncode, b.EXIT["Conflict"], refused.stderr)
        self.assertIn("same configuration", refused.stderr)
        self.assertEqual((self.box.folder / "aside.pem").read_bytes(), first[0].read_bytes())
        self.assertEqual((self.box.folder / "aside.key").read_bytes(), first[1].read_bytes())
        self.assertEqual(self.served(), self.of(self.fresh))


class Reload(Shop):
    def test_connections_stay_and_a_bad_pair_changes_nothing(self):
        with self.box.customer() as customer:
            self.assertEqual(customer.get("/o/caja").status, 200)
            opened = customer.socket
            next_pair = self.issue("next", days=90)
            self.put(next_pair)
            self.reload()
            self.assertEqual(self.served(), self.of(next_pair))

            def wrong_key():
                self.key.write_bytes(self.fresh[1].read_bytes())

            def rubbish():
                self.chain.write_text("rubbish\n")

            def missing():
                self.key.unlink()

            def unreadable():
                self.chain.unlink()
                self.chain.mkdir()

            def never_served():
                self.put(self.issue("never", kind=P_384))

            for spoil in (wrong_key, rubbish, missing, unreadable, never_served):
                with self.subTest(spoil.__name__):
                    if self.chain.is_dir():
                        self.chain.rmdir()
                    self.put(next_pair)
                    spoil()
                    self.reload()
                    self.assertEqual(self.served(), self.of(next_pair))
                    self.assertIn("the next start would let nobody in", self.status(1)["wrong"][-1])
                    self.assertEqual(customer.get("/o/caja").status, 200)
            self.assertIs(customer.socket, opened)
        self.assertGreaterEqual(self.log_count("tls.reload_failed"), 5)
        self.install(next_pair)

    def test_a_session_resumes_until_another_certificate_is_served(self):
        context = b.tls_context(self.box.ca)
        context.maximum_version = ssl.TLSVersion.TLSv1_2

        def visit(session=None):
            with socket.create_connection(("127.0.0.1", self.box.port), timeout=b.DEADLINE_s) as raw:
                with context.wrap_socket(raw, server_hostname="localhost", session=session) as shown:
                    return shown.session, shown.session_reused

        session, reused = visit()
        self.assertFalse(reused)
        self.assertTrue(visit(session)[1])
        self.install(self.issue("after", days=90))
        self.assertFalse(visit(session)[1])
        self.assertTrue(visit(visit()[0])[1])


class Start(Shop):
    def test_a_start_without_a_pair_that_serves_waits_for_one(self):
        with b.Box(self.at / "bare") as bare:
            bare.write_certificates()
            bare.write_config()
            bare.expect(bare.cli("init"))
            pair = self.issue("for-bare", days=90)
            (bare.tls / "server.key").write_bytes(pair[1].read_bytes())  # without its certificate
            bare.start()
            self.assertIn("server.key is not the key of", bare.log.read_text())
            for port in range(bare.port, bare.port + 3):
                with self.assertRaises(OSError), b.Client(port, self.box.ca) as refused:
                    refused.get("/")
            self.assertEqual(bare.status()["doors"]["refused"], {"tls_no_certificate": 3})
            said = bare.expect(bare.cli("tls", "status"), 1).stdout
            self.assertRegex(said, "wrong +nobody is let in .*tls install")
            self.assertIn("nobody is let in", bare.cli("status").stdout)
            bare.expect(bare.cli("tls", "install", pair[0], "--key", pair[1]))
            with b.Client(bare.port, self.box.ca) as customer:
                self.assertEqual(customer.get("/o/caja").status, 200)
            bare.expect(bare.cli("tls", "status"))
            self.assertEqual(bare.stop(), 0)


class Expiry(Shop):
    def test_warnings_of_a_life(self):
        staff = self.box.staff()
        for days, threshold in ((31, None), (29, 30), (13, 14), (6, 7), (2, 3)):
            with self.subTest(days=days):
                pair = self.issue(f"days-{days}", days=days)
                self.install(pair)
                wrong = self.status(0 if threshold is None else 1)["wrong"]
                home = staff.client.get("/staff?lang=en", accept_language="en").words
                told = self.box.cli("status").stdout
                if threshold is None:
                    self.assertEqual(wrong, [])
                    self.assertNotIn("certificate", home)
                    self.assertNotIn("wrong", told)
                    continue
                self.assertEqual(len(wrong), 1)
                for words in (f"it ends in {days} days", "counterfoil tls csr", "counterfoil tls install"):
                    self.assertIn(words, wrong[0])
                self.assertIn("wrong: it ends in", told)
                self.assertRegex(home, r"The certificate of this box ends on \d+ \w+ 20\d\d")
                fields = (f" threshold_days={threshold} ", f" days={days} ")
                for _ in range(3):  # each tells the daemon to look at it
                    self.box.process.send_signal(signal.SIGHUP)
                    self.wait(lambda: self.log_count("tls.ends", *fields))
                self.assertEqual(self.log_count("tls.ends", *fields), 1)

    def test_an_ended_certificate_and_a_clock_that_nobody_vouches_for(self):
        with b.Box(self.at / "late", board="fake") as late:
            late.write_certificates()
            late.write_config()
            late.set_clock(time.time())
            late.expect(late.cli("init"))
            late.set_clock(time.time() + 91 * 86400)
            late.start()
            ended = late.expect(late.cli("tls", "status"), 1).stdout
            self.assertRegex(ended, "wrong +it ended at .* phones refuse it")
            self.assertIn(", 0 days left", ended)
            self.assertEqual(late.log.read_text().count("tls.ended"), 1)
            late.set_clock(time.time() + 91 * 86400, "untrusted")
            unknown = late.expect(late.cli("tls", "status"), 1).stdout
            self.assertIn("clock is not trusted", unknown)
            self.assertNotIn("days left", unknown)
            self.assertNotIn("it ended", unknown)
            pair = self.issue("dated", days=0)
            self.assertIn("dates were not judged", late.cli("tls", "install", pair[0], "--key", pair[1]).stderr)


class Redirect(Shop):
    def ask(self, data):
        with socket.create_connection(("127.0.0.1", self.box.redirect), timeout=b.DEADLINE_s) as s:
            s.sendall(data)
            out = b""
            while piece := s.recv(65536):
                out += piece
            return out.decode()

    def test_port_80_leads_to_the_configured_name_only(self):
        for host in ("localhost", "evil.example", "127.0.0.1:80"):
            answer = self.ask(f"GET /o/caja?lang=en HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            self.assertTrue(answer.startswith("HTTP/1.1 301 "), answer)
            self.assertIn(f"\r\nLocation: https://localhost:{self.box.port}/o/caja?lang=en\r\n", answer)
            self.assertNotIn("evil", answer)
        answer = self.ask(b"POST /stop HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nnumber=07")
        self.assertTrue(answer.startswith("HTTP/1.1 405 "), answer)
        self.assertIn("Allow: GET, HEAD", answer)
        self.assertNotIn("Location", answer)


if __name__ == "__main__":
    b.main()
