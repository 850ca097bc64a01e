# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
"""One hostile connection at a time: what the gate or TLS promises is what comes back, its reason is counted once, and
nothing reaches a handler."""
import collections
import contextlib
import random
import socket
import ssl
import subprocess
import time
import unittest

import hostile as h
import wire as w
from wire import b

FEW = 2  # seconds within which a daemon that ended a connection has counted it


class Single(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        at = cls.enterClassContext(b.folder())
        cls.box = cls.enterClassContext(b.Box(at / "shop").make(peer=False)).start()
        cls.people = b.loopback_addresses()
        with cls.box.customer() as client:
            client.get("/")  # what a first request makes once is there before anything is compared
        cls.figures = {}
        cls.began = w.settled(cls.box, w.Vitals(cls.box), 5)

    @classmethod
    def tearDownClass(cls):
        cls.figures["daemon"] = {"before": cls.began.figures(), "after": w.Vitals(cls.box).figures()}
        w.keep_figures("single", cls.figures)

    def setUp(self):
        self.events, self.doors = self.box.events(), self.box.status()["doors"]

    def tearDown(self):
        self.assertEqual(self.box.events(), self.events, "something was recorded")
        after = w.settled(self.box, self.began, 5)
        self.assertTrue(after.holds_no_more_than(self.began), f"{after.figures()}, at first {self.began.figures()}")

    # ---- how an ending is judged ----

    def tunnel(self, **options):
        return self.enterContext(w.Tunnel(self.box.port, self.box.ca, source=next(self.people), **options))

    def bare(self, timeout=b.DEADLINE_s):
        return self.enterContext(w.connect(self.box.port, next(self.people), timeout))

    def counts(self, *reasons, requests=0):
        """Since they were looked at last the doors counted these refusals and so many requests, and nothing else."""
        expected, until = (collections.Counter(reasons), requests), time.monotonic() + FEW
        while (seen := self.counted()) != expected and time.monotonic() < until:
            time.sleep(0.005)
        self.doors = self.box.status()["doors"]
        self.assertEqual(seen, expected)

    def counted(self):
        doors = self.box.status()["doors"]
        refused = collections.Counter(doors["refused"]) - collections.Counter(self.doors["refused"])
        return refused, doors["requests"] - self.doors["requests"]

    def statuses(self, clear):
        """Of all answers in these bytes; what is no answer fails."""
        out = []
        while clear:
            head, found, clear = clear.partition(b"\r\n\r\n")
            self.assertTrue(found and head.startswith(b"HTTP/1.1 "), head[:80])
            out.append(int(head[9:12]))
            length = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
            clear = clear[int(length[0].split(b":")[1]):]
        return out

    def is_refused(self, one):
        """One answer, and then either the end or, where the gate knows where the request ended, the next request."""
        following = b"" if one.closes else h.get("/", "Connection: close")
        begun = time.monotonic()
        tunnel = self.tunnel().shake()
        with contextlib.suppress(OSError):  # the refusal may come before everything is sent
            tunnel.deliver(tunnel.seal(one.data + following))
        self.assertEqual(self.statuses(tunnel.answers()), [one.status] + [200] * (not one.closes))
        took_ms = round(1000 * (time.monotonic() - begun), 1)
        tunnel.socket.close()
        self.counts(one.reason, requests=int(not one.closes))
        return {"status": one.status, "reason": one.reason, "ms": took_ms}

    def test_the_gate_turns_each_away(self):
        for kind, rows in h.KINDS.items():
            for one in rows:
                with self.subTest(f"{kind}: {one.name}"):
                    self.figures[f"{kind}: {one.name}"] = self.is_refused(one)

    # ---- pipelining ----

    def pipelined(self, data):
        tunnel = self.tunnel().shake()
        tunnel.deliver(tunnel.seal(data))
        return self.statuses(tunnel.answers())

    def test_pipelined_requests_are_answered_in_order_up_to_a_cap(self):
        self.assertEqual(self.pipelined(h.get("/") * 120), [200] * 100)
        self.counts(requests=100)

    def test_nothing_behind_a_refused_request_is_read(self):
        refused = h.KINDS["smuggling pairs"][0]
        self.assertEqual(self.pipelined(h.get("/") + refused.data + h.get("/")), [200, refused.status])
        self.counts(refused.reason, requests=1)

    # ---- records ----

    def test_split_hellos_and_requests_are_put_together(self):
        tunnel = self.tunnel().shake(size=1)
        tunnel.deliver(tunnel.seal(h.get("/", "Connection: close"), size=1), size=7)
        self.assertEqual(self.statuses(tunnel.answers()), [200])
        self.counts(requests=1)

    def test_a_truncated_record_is_no_request(self):
        tunnel = self.tunnel().shake()
        tunnel.deliver(tunnel.seal(h.get("/"))[:-1])
        tunnel.socket.shutdown(socket.SHUT_WR)
        self.assertEqual(tunnel.answers(), b"")
        self.counts()

    def test_a_record_bent_by_one_bit_ends_the_connection(self):
        tunnel = self.tunnel().shake()
        record = bytearray(tunnel.seal(h.get("/")))
        record[-1] ^= 1
        tunnel.deliver(bytes(record))
        self.assertEqual(tunnel.answers(), b"")
        self.counts()

    def test_a_record_sent_again_ends_the_connection(self):
        tunnel = self.tunnel().shake()
        tunnel.deliver(tunnel.seal(h.get("/")) * 2)
        self.assertEqual(self.statuses(tunnel.answers()), [200])
        self.counts(requests=1)

    def test_records_beyond_their_size_end_the_connection(self):
        tunnel = self.tunnel().shake()
        tunnel.deliver(b"\x17\x03\x03\xff\xff" + b"x" * 0xffff)
        self.assertEqual(tunnel.answers(), b"")
        self.counts()

    def test_what_is_no_hello_ends_the_handshake(self):
        noise = random.Random(4)
        with w.Tunnel(self.box.port, self.box.ca) as tunnel:
            hello = tunnel.hello()
        self.counts("tls_handshake")
        rows = {"clear HTTP": h.get("/"), "SSL 2": b"\x80\x2e\x01\x00\x02" + b"\0" * 43,
                "record beyond its size": b"\x16\x03\x01\xff\xff" + b"x" * 0xffff,
                "truncated hello": hello[:-1], "hello of an empty record": b"\x16\x03\x01\x00\x00" * 50,
                "data before a handshake": b"\x17\x03\x03\x00\x05hello", "an alert": b"\x15\x03\x03\x00\x02\x02\x28",
                **{f"random {n}": noise.randbytes(noise.randrange(5, 4000)) for n in range(20)}}
        for name, data in rows.items():
            with self.subTest(name):
                sock = self.bare()
                with contextlib.suppress(OSError):  # the daemon may have seen enough
                    sock.sendall(data)
                    sock.shutdown(socket.SHUT_WR)
                self.assertNotIn(b"HTTP", w.read_to_end(sock))
                self.counts("tls_handshake")

    def test_old_tls_is_refused(self):
        for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
            with self.subTest(version.name):
                asked = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.box.port}", "-cipher",
                                        "ALL:@SECLEVEL=0", {"TLSv1": "-tls1", "TLSv1_1": "-tls1_1"}[version.name]],
                                       input=h.get("/"), capture_output=True, timeout=b.DEADLINE_s, check=False)
                self.assertNotIn(b"HTTP/1.1", asked.stdout)
                self.assertIn(b"alert protocol version", asked.stderr)
                self.counts("tls_handshake")

    def test_renegotiation_is_refused(self):
        with subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{self.box.port}", "-tls1_2"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as asking:
            while b"Verify return code" not in asking.stdout.readline():
                pass
            asking.stdin.write(b"R\n")
            asking.stdin.flush()
            said, _ = asking.communicate(timeout=b.DEADLINE_s)
        self.assertIn(b"no renegotiation", said)
        self.counts()

    # ---- deadlines ----

    def test_whoever_dribbles_is_cut_off_at_the_deadline(self):
        """One byte now and then, in the handshake, in the head, in the body: all three at once, to save time."""
        head, body, greeting = self.tunnel().shake(), self.tunnel().shake(), self.tunnel()
        body.deliver(body.seal(h.post("Content-Length: 9000", body=b"")))
        hello, letters = greeting.hello(), iter(h.get("/" + "a" * 1000))
        begun, open_s = time.monotonic(), {}
        slow = {"head": (head, lambda: head.seal(bytes([next(letters)]))), "body": (body, lambda: body.seal(b"x")),
                "handshake": (greeting, iter([hello[n:n + 1] for n in range(len(hello))]).__next__)}
        while len(open_s) < len(slow) and time.monotonic() < begun + 15:
            for name, (tunnel, next_byte) in slow.items():
                if name in open_s:
                    continue
                if tunnel.is_silent():
                    tunnel.deliver(next_byte())
                else:
                    open_s[name] = round(time.monotonic() - begun, 1)
            time.sleep(0.2)
        self.figures["slow connections, seconds until closed"] = open_s
        for name in slow:
            with self.subTest(name):
                self.assertGreater(open_s.get(name, 0), 9)
                self.assertLess(open_s.get(name, 99), 11)
        self.assertEqual(self.statuses(head.answers()), [408])
        self.assertEqual(self.statuses(body.answers()), [408])
        self.counts("tls_handshake", "head_timeout", "body_timeout")


if __name__ == "__main__":
    b.main()
