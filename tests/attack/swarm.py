# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
"""Many hostile connections in one thread. An attack is a generator function of a Swarm: it yields for the first time
when it is fully under way, and then after every small step, for ever."""
import errno
import itertools
import os
import select
import socket
import ssl
import struct
import subprocess
import time

import hostile as h
import wire as w

RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # else a flood would be out of local ports in seconds
UNDER_WAY_s = 15
PACE_s = 0.3


def fifty_addresses():
    return itertools.cycle(f"127.77.0.{n}" for n in range(1, 51))


class Swarm:
    """Connections that are opened, shaken and written without ever waiting for one of them."""

    def __init__(self, port, ca, size):
        self.port, self.size, self.context = port, size, w.b.tls_context(ca)
        self.addresses, self.poll = fifty_addresses(), select.epoll()
        self.shaking, self.ready = {}, {}  # by descriptor
        self.opened = self.closed = 0  # closed: by the daemon
        self.is_deaf = False  # never reads once it is shaken

    def figures(self):
        return {"opened": self.opened, "held": len(self.ready) + len(self.shaking), "closed_by_daemon": self.closed}

    def open(self, count=1, tls=True):
        for _ in range(count):
            sock = socket.socket()
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                sock.bind((next(self.addresses), 0))
                sock.connect_ex(("127.0.0.1", self.port))
            except OSError as e:
                sock.close()
                if e.errno not in (errno.EADDRINUSE, errno.EADDRNOTAVAIL):
                    raise
                continue
            self.opened += 1
            (self.shaking if tls else self.ready)[sock.fileno()] = sock
            self.poll.register(sock, select.EPOLLIN | (select.EPOLLOUT if tls else 0))

    def keep(self, tls=True):
        """As many as the swarm is large: what the daemon closed comes back."""
        self.open(self.size - len(self.ready) - len(self.shaking), tls)

    def step(self, wait_s=0.0):
        """Handshakes go on where they can; what ended is forgotten; what is said to us is thrown away."""
        for fd, _ in self.poll.poll(wait_s, 256):
            if fd in self.shaking:
                self._shake(fd)
            elif fd in self.ready and not self._hear(self.ready[fd]):
                self.drop(fd)

    def pass_time(self, seconds):
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.step(left)

    def gather(self, tls=True):
        """Opens the whole swarm, as far as the daemon lets it."""
        until = time.monotonic() + UNDER_WAY_s
        self.keep(tls)
        while self.shaking and time.monotonic() < until:
            self.step(0.1)

    def send(self, fd, data):
        try:
            return self.ready[fd].send(data)
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            return 0
        except (OSError, ValueError):
            self.drop(fd)
            return 0

    def drop(self, fd, by_daemon=True):
        sock = self.shaking.pop(fd, None) or self.ready.pop(fd)
        self.closed += by_daemon
        sock.close()

    def _shake(self, fd):
        sock = self.shaking[fd]
        try:
            if not isinstance(sock, ssl.SSLSocket):  # connected only now
                sock = self.context.wrap_socket(sock, server_hostname="localhost", do_handshake_on_connect=False)
                self.shaking[fd] = sock
            sock.do_handshake()
        except ssl.SSLWantReadError:
            self.poll.modify(sock, select.EPOLLIN)
        except ssl.SSLWantWriteError:
            self.poll.modify(sock, select.EPOLLIN | select.EPOLLOUT)
        except OSError:
            self.drop(fd)
        else:
            self.poll.modify(sock, 0 if self.is_deaf else select.EPOLLIN)
            self.ready[fd] = self.shaking.pop(fd)

    @staticmethod
    def _hear(sock):
        try:
            return len(sock.recv(65536)) > 0
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            return False


# ---- the attacks ----

def busy_core(_):
    """No attack: the generator's core is as busy as under one."""
    while True:
        for _ in range(10_000):
            pass
        yield


def idle_tls(swarm):
    swarm.gather()
    while True:
        yield
        swarm.pass_time(PACE_s)


def dribble(swarm, first, byte, tls=True):
    """Each connection says `first` once, and then a byte at a time; one that was cut off comes back."""
    swarm.gather(tls)
    greeted = set()
    while True:
        for fd in list(swarm.ready):
            swarm.send(fd, byte if fd in greeted else first)
            greeted.add(fd)
        yield
        swarm.pass_time(PACE_s)
        swarm.keep(tls)
        greeted &= swarm.ready.keys()


def slow_head(swarm):
    return dribble(swarm, b"GET / HTTP/1.1\r\nX: ", b"x")


def slow_body(swarm):
    return dribble(swarm, h.post("Content-Length: 16000", body=b""), b"x")


def slow_handshake(swarm):
    return dribble(swarm, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"x", tls=False)


def connection_flood(swarm):
    while True:
        swarm.open(20, tls=False)
        for fd in list(swarm.ready):
            swarm.drop(fd, by_daemon=False)
        yield


def handshake_flood(swarm):
    """Whole handshakes, none resumed, a few at a time."""
    while True:
        swarm.open(max(0, 20 - len(swarm.shaking)))
        swarm.step(0.01)
        for fd in list(swarm.ready):
            swarm.drop(fd, by_daemon=False)
        yield


def repeating(kind):
    """Requests of a kind in turn, each on a connection of its own, as fast as one core makes them."""
    def attack(swarm):
        requests = itertools.cycle([one.data for one in h.KINDS[kind] if one.closes])
        said = set()
        while True:
            swarm.open(max(0, 20 - len(swarm.shaking) - len(swarm.ready)))
            swarm.step(0.01)
            said &= swarm.ready.keys()
            for fd in swarm.ready.keys() - said:
                swarm.send(fd, next(requests))
                said.add(fd)
            yield
    return attack


def pipelining_unread(swarm):
    """Requests without end from whoever never reads an answer."""
    swarm.is_deaf = True
    swarm.gather()
    burst = h.get("/") * 50
    while True:
        for fd in list(swarm.ready):
            swarm.send(fd, burst)
        yield
        swarm.pass_time(PACE_s)
        swarm.keep()


def random_records(swarm):
    """Random bytes where a handshake should be."""
    while True:
        swarm.open(20, tls=False)
        for fd in list(swarm.ready):
            swarm.send(fd, os.urandom(600))
        swarm.step(0.01)
        for fd in list(swarm.ready):
            swarm.drop(fd, by_daemon=False)
        yield


def truncated_records(swarm):
    """Records that promise more than ever comes, on connections that stay."""
    return dribble(swarm, b"\x16\x03\x03\x40\x00", b"\x01", tls=False)


def renegotiation(swarm):
    """openssl, which alone can ask for it, asks again and again."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{swarm.port}", "-tls1_2"]
    asking = []
    try:
        while True:
            asking = [p for p in asking if p.poll() is None]
            while len(asking) < 4:
                asking.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                               stderr=subprocess.DEVNULL))
                swarm.opened += 1
            for process in asking:
                try:
                    process.stdin.write(b"R\n")
                    process.stdin.flush()
                except BrokenPipeError:
                    swarm.closed += 1
            yield
            time.sleep(0.05)
    finally:
        for process in asking:
            process.kill()
            process.communicate()
