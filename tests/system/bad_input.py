# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
"""Bad input of every kind gets a clear page or a JSON error with the right status, and changes nothing."""
import gzip
import json
import ssl
import unittest
import urllib.parse

import box as b

FORM = "application/x-www-form-urlencoded"


class BadInput(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        at = cls.enterClassContext(b.folder())
        cls.box = cls.enterClassContext(b.Demo(at)).start()
        cls.box.staff().client.close()  # the first log-in gets recovery codes, which is an event
        cls.people = b.loopback_addresses()

    def setUp(self):
        self.client = self.enterContext(self.box.customer(source=next(self.people)))
        self.before = self.box.events()

    def tearDown(self):
        self.assertEqual(self.box.events(), self.before, "something was recorded")
        with self.box.customer(source=next(self.people)) as client:
            self.assertEqual(client.get("/o/caja").status, 200, "the box no longer answers")

    # ---- how an answer is judged ----

    def is_clear_page(self, answer, status, *words):
        self.assertEqual(answer.status, status, answer.body[:300])
        self.assertTrue(answer.field("Content-Type").startswith("text/html"), answer.field("Content-Type"))
        self.assertIn("default-src 'none'", answer.field("Content-Security-Policy"))
        self.assertEqual(answer.field("Cache-Control"), "no-store")
        self.assertGreater(len(answer.headline), 5, "no headline in words")
        for word in words:
            self.assertIn(word, answer.words)

    def is_json_error(self, answer, status):
        self.assertEqual(answer.status, status, answer.body[:300])
        self.assertEqual(answer.field("Content-Type").split(";")[0], "application/json")
        error = json.loads(answer.body)["error"]
        self.assertRegex(error["code"], r"^[A-Za-z_0-9]{2,40}$")
        self.assertGreater(len(error["message"]), 10)

    def raw(self, *lines, body=b"", end=b"\r\n\r\n", client=None):
        return (client or self.client).send(b"\r\n".join(
            line.encode("latin-1") if isinstance(line, str) else line for line in lines) + end + body)

    def post_raw(self, fields, body, target="/o/caja"):
        host = f"Host: {self.client.authority}"
        return self.raw(f"POST {target} HTTP/1.1", host, "Accept-Language: en", *fields, body=body)

    def form(self, action="/o/caja", client=None):
        return (client or self.client).get(f"{action}?lang=en").form(action)

    def good_fields(self, form):
        return form.fields([("topic", "offers"), ("channel", "sms"), ("age", "yes")], number=b.swedish(60), region="SE")

    # ---- what is in the form ----

    def test_empty(self):
        self.is_clear_page(self.client.post("/o/caja", b"", accept_language="en"), 400, "Nothing has changed")
        form = self.form()
        answer = self.client.post("/o/caja", form.fields())
        self.is_clear_page(answer, 400, "Nothing has been saved", "Type your mobile number", "14 or over")

    def test_no_tick_no_number_no_age_bad_number(self):
        rows = [([("channel", "sms"), ("age", "yes")], b.swedish(60), "Tick at least one topic"),
                ([("topic", "offers"), ("age", "yes")], b.swedish(60), "Tick where we may write"),
                ([("topic", "offers"), ("channel", "sms")], b.swedish(60), "confirm your age"),
                ([("topic", "offers"), ("channel", "sms"), ("age", "yes")], "12", "does not look like a mobile number"),
                ([("topic", "offers"), ("channel", "sms"), ("age", "yes")], "9" * 4000,
                 "does not look like a mobile number"),
                ([("topic", "no-such-topic"), ("channel", "sms"), ("age", "yes")], b.swedish(60), "Tick at least one"),
                ([("topic", "offers"), ("channel", "pigeon"), ("age", "yes")], b.swedish(60),
                 "Tick where we may write")]
        for ticks, number, words in rows:
            with self.subTest(words=words, number=number[:20]):
                answer = self.client.post("/o/caja", self.form().fields(ticks, number=number, region="SE"))
                self.is_clear_page(answer, 400, words)

    def test_input_is_kept_and_escaped(self):
        form = self.form()
        answer = self.client.post("/o/caja", form.fields([("topic", "offers"), ("age", "yes")],
                                                         number='"><script>alert(1)</script>', region="SE"))
        self.is_clear_page(answer, 400)
        self.assertNotIn(b"<script", answer.body)
        again = answer.form("/o/caja")
        self.assertEqual(again.inputs["number"], '"><script>alert(1)</script>')
        self.assertIn(("topic", "offers"), again.ticked)

    def test_a_topic_the_link_does_not_offer(self):
        form = self.form("/o/arreglos")
        answer = self.client.post("/o/arreglos", form.fields([("topic", "offers"), ("channel", "sms"), ("age", "yes")],
                                                             number=b.swedish(60), region="SE"))
        self.is_clear_page(answer, 400)

    def test_huge(self):
        form = urllib.parse.urlencode(self.good_fields(self.form())).encode()
        self.is_clear_page(self.client.post("/o/caja", form + b"&x=" + b"y" * 20_000), 413)
        for size in (16 * 1024 + 1, 1 << 20, 10**12, 10**30):
            with self.subTest(content_length=size):
                self.is_clear_page(self.post_raw([f"Content-Type: {FORM}", f"Content-Length: {size}"], b""), 413,
                                   "Nothing has changed")

    def test_ten_thousand_fields(self):
        self.is_clear_page(self.client.post("/o/caja", b"&".join([b"a=b"] * 10_000)), 413)
        self.is_clear_page(self.client.post("/o/caja", b"&".join([b"a"] * 8_000), accept_language="en"), 413,
                           "Nothing has changed")

    def test_wrong_encoding(self):
        for body in (b"number=%ff%fe", b"number=%C3%28", b"number=%00", b"number=%zz", b"number=%4", b"%80=1",
                     "number=070".encode("utf-16"), b"number=\xff"):
            with self.subTest(body=body):
                self.is_clear_page(self.client.post("/o/caja", body, accept_language="en"), 400, "Nothing has changed")
        for kind in ("text/plain", "application/json", "multipart/form-data; boundary=x", "application/xml", None):
            with self.subTest(kind=kind):
                body = b'{"number":"070"}'
                answer = (self.client.post("/o/caja", body, content_type=kind) if kind
                          else self.post_raw([f"Content-Length: {len(body)}"], body))
                self.is_clear_page(answer, 415)

    def test_gzip_body(self):
        body = gzip.compress(urllib.parse.urlencode(self.good_fields(self.form())).encode())
        self.is_clear_page(self.client.post("/o/caja", body, content_encoding="gzip"), 415)
        bomb = gzip.compress(b"0" * 10_000_000)
        self.is_clear_page(self.client.post("/o/caja", bomb, content_encoding="gzip"), 415)

    # ---- tokens ----

    def test_token_missing_foreign_and_made_up(self):
        good = self.form()
        other = self.form("/o/entrada").inputs["token"]
        stop = self.client.get("/stop").form("/stop").inputs["token"]
        for name, token in {"missing": None, "empty": "", "made up": "A" * 75, "of another link": other,
                            "of another route": stop, "changed": good.inputs["token"][:-1] + "-",
                            "too long": "A" * 5000}.items():
            with self.subTest(name):
                fields = [(k, v) for k, v in self.good_fields(good) if k != "token"]
                answer = self.client.post("/o/caja", fields + ([("token", token)] if token is not None else []))
                self.is_clear_page(answer, 400, "Nothing has changed")
                # A page that was not ours may not put words into ours.
                self.assertEqual(answer.form("/o/caja").inputs["number"], "")

    def test_token_from_before_a_restart(self):
        with b.folder() as at, b.Box(at / "shop").make(user=False, peer=False) as box:
            box.start()
            with box.customer() as client:
                form = client.get("/o/caja?lang=en").form("/o/caja")
            box.stop()
            before = box.start().events()
            with box.customer() as client:
                self.is_clear_page(client.post("/o/caja", self.good_fields(form)), 400, "Nothing has changed")
            self.assertEqual(box.events(), before)
            self.assertEqual(box.stop(), 0)

    def test_notice_that_was_not_shown(self):
        fields = dict(self.form().inputs, number=b.swedish(60), region="SE", notice="0" * 64)
        ticks = [("topic", "offers"), ("channel", "sms"), ("age", "yes")]
        answer = self.client.post("/o/caja", list(fields.items()) + ticks)
        self.is_clear_page(answer, 409, "read it and choose again")
        self.assertEqual(answer.form("/o/caja").ticked, [], "ticks made under another text must not stay")

    # ---- whose page it is ----

    def test_cross_site(self):
        for fields in ({"origin": "https://evil.example"}, {"origin": f"http://{self.client.authority}"},
                       {"origin": "https://localhost:1"}, {"sec_fetch_site": "cross-site"},
                       {"origin": "null", "sec_fetch_site": "cross-site"}, {"origin": "https://localhost.evil.example"}):
            with self.subTest(**fields):
                form = self.form()
                answer = self.client.post("/o/caja", self.good_fields(form), accept_language="en", **fields)
                self.is_clear_page(answer, 403, "Nothing has changed")
        for target in ("/stop",):
            form = self.form(target)
            answer = self.client.post(target, form.fields(number=b.swedish(60), region="SE"),
                                      origin="https://evil.example", accept_language="en")
            self.is_clear_page(answer, 403, "Nothing has changed")

    def test_wrong_host(self):
        for host in ("evil.example", "localhost.evil.example", "10.0.0.1", "tresfaroles.example:443"):
            with self.subTest(host=host):
                self.is_clear_page(self.client.get("/", Host=host, accept_language="en"), 421, "does not answer to")
        for host in ("", "a b", "localhost:port", "localhost/", "ex%61mple"):
            with self.subTest(host=host):
                self.is_clear_page(self.client.get("/", Host=host), 400)
        self.is_clear_page(self.raw("GET / HTTP/1.1"), 400)
        self.is_clear_page(self.raw("GET / HTTP/1.1", "Host: localhost", "Host: localhost"), 400)

    def test_client_sent_addresses(self):
        for field in ("REMOTE_ADDR: 10.0.0.1", "X-Forwarded-For: 10.0.0.1", "Forwarded: for=10.0.0.1",
                      "X-Real-IP: 10.0.0.1", "X-Forwarded-Host: evil.example", "REMOTE_PORT: 1"):
            with self.subTest(field):
                self.is_clear_page(self.raw("GET /o/caja HTTP/1.1", f"Host: {self.client.authority}", field), 400)

    # ---- addresses ----

    def test_unknown_and_stale_links(self):
        self.is_clear_page(self.client.get("/o/nowhere?lang=en"), 404, "no longer in use", "Stop all messages")
        for target in ("/r/" + "A" * 22, "/r/" + "A" * 22 + "/file", "/r/" + "A" * 22 + "/proof", "/m/" + "A" * 22, "/r/x",
                       "/m/" + "%C3%A9" * 40):
            with self.subTest(target):
                self.is_clear_page(self.client.get(target, accept_language="en"), 404, "not known")
        self.is_clear_page(self.client.get("/nothing?lang=en", accept_language="en"), 404, "Check the address")
        token = self.form().inputs["token"]
        for target in ("/m/" + "A" * 22, "/m/" + "A" * 22 + "/stop", "/r/" + "A" * 22 + "/undo", "/o/nowhere"):
            with self.subTest(post=target):
                self.is_clear_page(self.client.post(target, [("token", token)]), 404)

    def test_staff_and_sync_do_not_exist_here(self):
        for target in ("/staff", "/staff/login", "/staff/check", "/v1/log/checkpoint", "/v1/status"):
            with self.subTest(target):
                self.is_clear_page(self.client.get(target), 404)

    def test_paths(self):
        for target in ("/../etc/passwd", "/o/../stop", "/%2e%2e/etc/passwd", "/o/%2e%2e%2fstop", "/o//caja", "/o/caja%2f",
                       "/o/caja%00", "/o/caja%0d%0aX:1", "/%", "/%zz", "/o/%ff", "/o\\caja", "/o/%5c", "/o/caja?x=%zz",
                       "/o/caja?x=%00", "http://localhost/", "*", "o/caja"):
            with self.subTest(target):
                self.is_clear_page(self.raw(f"GET {target} HTTP/1.1", f"Host: {self.client.authority}"), 400)

    def test_methods(self):
        for method, target in (("DELETE", "/o/caja"), ("PUT", "/o/caja"), ("OPTIONS", "/"), ("TRACE", "/"), ("PATCH", "/stop"),
                               ("POST", "/privacy"), ("CONNECT", "/"), ("get", "/"), ("FROBNICATE", "/")):
            with self.subTest(method=method, target=target):
                answer = self.client.send(self.client.head(method, target, [("Accept-Language", "en")], b""))
                self.is_clear_page(answer, 405, "cannot be used like that")
                self.assertIn("GET", answer.field("Allow"))
        answer = self.client.request("HEAD", "/o/caja")
        self.assertEqual((answer.status, answer.body), (200, b""))

    def test_get_changes_nothing(self):
        form = self.form()
        query = urllib.parse.urlencode(self.good_fields(form))
        self.assertEqual(self.client.get("/o/caja?" + query).status, 200)
        self.is_clear_page(self.client.get("/m/" + "A" * 22 + "/stop"), 405)
        self.is_clear_page(self.client.request("GET", "/o/caja", [], b"number=1"), 400)

    # ---- framing ----

    def test_framing(self):
        host = f"Host: {self.client.authority}"
        kind = f"Content-Type: {FORM}"
        chunked = b"5\r\na=b&c\r\n0\r\n\r\n"
        rows = [
            ("content-length twice", [kind, "Content-Length: 3", "Content-Length: 3"], b"a=b", 400),
            ("content-length twice, unlike", [kind, "Content-Length: 3", "Content-Length: 30"], b"a=b", 400),
            ("content-length list", [kind, "Content-Length: 3, 3"], b"a=b", 400),
            ("content-length signed", [kind, "Content-Length: +3"], b"a=b", 400),
            ("content-length hex", [kind, "Content-Length: 0x3"], b"a=b", 400),
            ("content-length negative", [kind, "Content-Length: -3"], b"a=b", 400),
            ("content-length missing", [kind], b"", 411),
            ("transfer-encoding", [kind, "Transfer-Encoding: chunked"], chunked, 400),
            ("both", [kind, "Transfer-Encoding: chunked", "Content-Length: 3"], chunked, 400),
            ("transfer-encoding in disguise", [kind, "Transfer-Encoding: xchunked", "Content-Length: 3"], b"a=b", 400),
            ("space before the colon", [kind, "Content-Length : 3"], b"a=b", 400),
            ("folded line", [kind, "X: a\r\n b", "Content-Length: 3"], b"a=b", 400),
            ("control byte", [kind, b"X: a\x01b", "Content-Length: 3"], b"a=b", 400),
            ("NUL", [kind, b"X: a\0b", "Content-Length: 3"], b"a=b", 400),
            ("not UTF-8", [kind, b"X: \xff\xfe", "Content-Length: 3"], b"a=b", 400),
            ("encoded line end", [kind, "X: a%0d%0ab", "Content-Length: 3"], b"a=b", 400),
            ("no name", [kind, ": x", "Content-Length: 3"], b"a=b", 400),
            ("no colon", [kind, "nonsense", "Content-Length: 3"], b"a=b", 400),
            ("expect", [kind, "Expect: 100-continue", "Content-Length: 3"], b"a=b", 417),
            ("range", [kind, "Range: bytes=0-1", "Content-Length: 3"], b"a=b", 400),
            ("upgrade", [kind, "Upgrade: h2c", "Content-Length: 3"], b"a=b", 400),
            ("content-type twice", [kind, kind, "Content-Length: 3"], b"a=b", 400),
            ("49 fields", [kind, *[f"X-{n}: y" for n in range(49)], "Content-Length: 3"], b"a=b", 431),
            ("long head", [kind, "X: " + "y" * 13_000, "Content-Length: 3"], b"a=b", 431),
        ]
        for name, fields, body, status in rows:
            with self.subTest(name):
                self.client.close()
                self.is_clear_page(self.raw("POST /o/caja HTTP/1.1", host, *fields, body=body), status)

    def test_request_lines(self):
        host = f"Host: {self.client.authority}"
        for line, status in (("GET / HTTP/1.0", 505), ("GET / HTTP/2.0", 505), ("GET / http/1.1", 400), ("GET /", 400),
                             ("GET  / HTTP/1.1", 400), (" GET / HTTP/1.1", 400), ("GET / HTTP/1.1 ", 400),
                             ("G@T / HTTP/1.1", 400), ("GET /" + "a" * 3000 + " HTTP/1.1", 414), ("nonsense", 400)):
            with self.subTest(line[:40]):
                self.client.close()
                self.is_clear_page(self.raw(line, host), status)
        with self.subTest("bare line feeds"):
            self.client.close()
            self.is_clear_page(self.client.send(f"GET / HTTP/1.1\n{host}\n\n\r\n\r\n".encode()), 400)

    def test_a_smuggled_request_is_not_answered(self):
        inner = f"GET /privacy HTTP/1.1\r\nHost: {self.client.authority}\r\n\r\n".encode()
        self.client.close()
        answer = self.post_raw([f"Content-Type: {FORM}", f"Content-Length: {len(inner)}", "Transfer-Encoding: chunked"],
                               b"0\r\n\r\n" + inner)
        self.is_clear_page(answer, 400)
        with self.assertRaises((b.Closed, AttributeError)):
            self.client.answer()

    def test_not_tls_at_all(self):
        with b.socket.create_connection(("127.0.0.1", self.box.port), timeout=5) as s:
            s.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            with b.contextlib.suppress(ConnectionError):
                self.assertNotIn(b"HTTP/1.1 200", s.recv(4096))

    # ---- JSON for programs ----

    def test_json(self):
        for target, status in (("/nothing", 404), ("/r/" + "A" * 22, 404)):
            with self.subTest(target):
                self.is_json_error(self.client.get(target, accept="application/json"), status)
        self.is_json_error(self.client.request("DELETE", "/o/caja", [("Accept", "application/json")]), 405)
        self.is_json_error(self.client.post("/o/caja", b"%zz", accept="application/json"), 400)

    # ---- the staff's door ----

    def test_staff_without_login(self):
        with self.box.staff_client() as staff:
            for target in ("/staff", "/staff/check", "/staff/links", "/staff/poster/caja", "/staff/confirm", "/staff/stop",
                           "/staff/erase"):
                with self.subTest(target):
                    answer = staff.get(target)
                    self.assertEqual((answer.status, answer.location), (303, "/staff/login"))
            self.is_json_error(staff.get("/staff", accept="application/json"), 401)
            for target in ("/staff/check", "/staff/confirm/yes", "/staff/stop", "/staff/erase/yes", "/staff/logout"):
                with self.subTest(post=target):
                    answer = staff.post(target, [("number", b.swedish(5)), ("token", "x")])
                    self.assertEqual((answer.status, answer.location), (303, "/staff/login"))
            staff.cookies["__Host-cf"] = "A" * 43
            self.assertEqual(staff.get("/staff").location, "/staff/login")

    def test_staff_tokens_and_origin(self):
        with self.box.staff_client() as client:
            staff = self.box.staff(client)
            stop = client.get("/staff/stop").form("/staff/stop")
            number = {"number": b.swedish(60), "region": "SE"}
            rows = [("no token", client.post("/staff/stop", dict(number)), 400),
                    ("another page's token",
                     client.post("/staff/check", stop.fields(**number, topic="offers", channel="sms")), 400),
                    ("another site", client.post("/staff/stop", stop.fields(**number), origin="https://evil.example"), 403),
                    ("no origin, cross-site", client.post("/staff/stop", stop.fields(**number), origin=None,
                                                          sec_fetch_site="cross-site"), 403),
                    ("bad number", client.post("/staff/stop", stop.fields(number="1", region="SE")), 400),
                    ("wrong code", staff.confirm("000 000"), 404), ("no code", staff.confirm(""), 404)]
            for name, answer, status in rows:
                with self.subTest(name):
                    self.is_clear_page(answer, status)
            with self.box.staff_client() as other:
                # The form of one session is worth nothing in another.
                self.box.staff(other)
                fresh = client.get("/staff/stop").form("/staff/stop")
                self.is_clear_page(other.post("/staff/stop", fresh.fields(**number)), 400)
                # A stolen cookie is worth nothing in another browser.
                other.cookies = dict(client.cookies)
                self.assertEqual(other.get("/staff", user_agent="another browser").location, "/staff/login")

    def test_wrong_passwords_slow_down(self):
        with self.box.staff_client(source="127.1.2.3") as client:  # its address is slowed down, too
            seen = []
            for _ in range(7):
                form = client.get("/staff/login?lang=en").form("/staff/login")
                answer = client.post("/staff/login", form.fields(user="nobody", password="wrong password"),
                                     accept_language="en")
                seen.append(answer.status)
            self.assertEqual(seen[0], 403)
            self.assertEqual(seen[-1], 429)
            self.is_clear_page(answer, 429, "Wait")

    # ---- the head office's door ----

    def test_sync_without_a_known_certificate(self):
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            b.Client(self.box.port + 2, self.box.ca).get("/v1/status")
        with b.folder() as at:
            b.make_authority(at / "ca.pem", at / "ca.key")
            b.make_certificate(at / "ca.pem", at / "ca.key", at / "c.pem", at / "c.key", "head-office",
                               "extendedKeyUsage=clientAuth")
            with self.assertRaises((ssl.SSLError, ConnectionError)):
                b.Client(self.box.port + 2, self.box.ca, certificate=at / "c.pem", key=at / "c.key").get("/v1/status")

    def test_sync_refusals(self):
        with self.box.peer() as peer:
            size = json.loads(peer.get("/v1/status").body)["size"]
            for query in ("", "?start=0", "?start=0&end=0", "?start=5&end=4", f"?start=0&end={size + 1}", "?start=-1&end=2",
                          "?start=a&end=b", "?start=0&end=99999999999999999999", "?start=0x0&end=2", "?start=+0&end=1",
                          f"?start={size}&end={size + 1}", "?start=0&end=4097", "?start=00&end=01"):
                with self.subTest(entries=query):
                    self.is_json_error(peer.get("/v1/log/entries" + query), 400)
            for target, status in (("/v1/log/proof/inclusion?index=5&size=5", 400),
                                   (f"/v1/log/proof/inclusion?index=0&size={size + 1}", 400),
                                   ("/v1/log/proof/consistency?from=0&to=1", 400),
                                   ("/v1/log/proof/consistency?from=3&to=2", 400),
                                   ("/v1/log/tile/0/abc", 400), ("/v1/log/tile/0/999999", 404), ("/v1/nothing", 404),
                                   ("/o/caja", 404), ("/staff", 404)):
                with self.subTest(target):
                    self.is_json_error(peer.get(target), status)
            self.is_json_error(peer.request("POST", "/v1/log/checkpoint", [], b""), 405)
            self.is_json_error(peer.get("/v1/status", Host="evil.example"), 421)


if __name__ == "__main__":
    b.main()
