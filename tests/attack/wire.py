# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
"""What the attack suites share: TLS whose records can be bent, what a daemon weighs, figures that are kept."""
import fcntl
import json
import os
import pathlib
import re
import socket
import ssl
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
import box as b  # noqa: E402  (its folder is known only now)

FIGURES = b.SOURCE / "build/attack/figures.json"
GROWTH_KIB_MAX = 4 * 1024  # what an attack may leave behind
FORM = "application/x-www-form-urlencoded"


def connect(port, source=None, timeout=b.DEADLINE_s):
    """A bare TCP connection from an address of one's own."""
    return socket.create_connection(("127.0.0.1", port), timeout, (source or "127.0.0.1", 0))


def read_to_end(sock):
    """Everything until the other side closes or resets; raises TimeoutError when it does neither."""
    out = b""
    try:
        while piece := sock.recv(65536):
            out += piece
    except (ConnectionError, ssl.SSLError):
        pass  # a reset is an end as well
    return out


def pieces(data, size=None):
    size = size or max(1, len(data))
    return [data[at:at + size] for at in range(0, len(data), size)]


class Tunnel:
    """A TLS connection whose records pass through the test's hands: seal() makes them, deliver() sends what is left
    of them."""

    def __init__(self, port, ca, source=None, timeout=b.DEADLINE_s, version=None):
        context = b.tls_context(ca)
        if version:
            context.minimum_version = context.maximum_version = version
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")
        self.socket, self.timeout = connect(port, source, timeout), timeout
        self.said, self.ended = b"", False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def deliver(self, data, size=None):
        """Sends as one piece, or in pieces of that size, each in a segment of its own."""
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces(data, size):
            self.socket.sendall(piece)

    def hello(self):
        """The first flight, unsent."""
        self._is_shaken()
        return self.outgoing.read()

    def shake(self, size=None):
        while True:
            is_shaken = self._is_shaken()
            self.deliver(self.outgoing.read(), size)
            if is_shaken:
                return self
            self._hear()

    def seal(self, data, size=None):
        """The records of data, unsent: one, or one for every `size` bytes."""
        for piece in pieces(data, size):
            self.tls.write(piece)
        return self.outgoing.read()

    def answers(self):
        """Clear bytes until the other side ends, in whatever way."""
        while not self.ended:
            self._take()
        return self.said

    def is_silent(self):
        """True while the other side has neither said anything nor ended."""
        self.socket.setblocking(False)
        try:
            while not self.ended:
                self._take()
        except BlockingIOError:
            pass
        finally:
            self.socket.settimeout(self.timeout)
        return not self.said and not self.ended

    def _take(self):
        try:
            while piece := self.tls.read(65536):
                self.said += piece
            self.ended = True
        except ssl.SSLWantReadError:
            self._hear()
        except ssl.SSLError:
            self.ended = True

    def _is_shaken(self):
        try:
            self.tls.do_handshake()
            return True
        except ssl.SSLWantReadError:
            return False

    def _hear(self):
        """One read from the socket; the end of the stream is told to TLS as well."""
        try:
            data = self.socket.recv(65536)
        except ConnectionError:
            data = b""
        if data:
            self.incoming.write(data)
        else:
            self.incoming.write_eof()


# ---- what a daemon weighs ----

def weight(pid):
    """(resident KiB, threads) of a process."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return tuple(int(re.search(rf"^{name}:\s+(\d+)", status, re.MULTILINE).group(1)) for name in ("VmRSS", "Threads"))


class Vitals:
    """Memory, threads and descriptors of a daemon, and the connections that its doors count."""

    def __init__(self, box):
        self.rss_kib, self.threads = weight(box.process.pid)
        self.descriptors = descriptors(box.process.pid)
        self.connections = box.status()["doors"]["connections"]

    def holds_no_more_than(self, other):
        return (self.descriptors <= other.descriptors and self.connections <= other.connections
                and self.rss_kib <= other.rss_kib + GROWTH_KIB_MAX)

    def figures(self):
        return dict(vars(self))


def descriptors(pid):
    """Nobody but root may count those of an undumpable process; others get 0 and the doors' own count of connections."""
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except PermissionError:
        return 0


def settled(box, before, deadline_s):
    """Vitals as soon as the daemon holds no more than before, or when the time is over."""
    until = time.monotonic() + deadline_s
    while True:
        now = Vitals(box)
        if now.holds_no_more_than(before) or time.monotonic() > until:
            return now
        time.sleep(0.05)


# ---- figures ----

def keep_figures(suite, figures):
    """Puts them under the suite's name into build/attack/figures.json, which suites may write at the same time."""
    FIGURES.parent.mkdir(parents=True, exist_ok=True)
    with open(FIGURES.with_suffix(".lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        kept = json.loads(FIGURES.read_text(encoding="utf-8")) if FIGURES.exists() else {}
        kept[suite] = figures
        fresh = FIGURES.with_suffix(".new")
        fresh.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        fresh.replace(FIGURES)


def say_table(head, rows):
    widths = [max(len(str(row[i])) for row in [head, *rows]) for i in range(len(head))]
    for row in [head, *rows]:
        b.say("  ".join(str(cell).ljust(width) for cell, width in zip(row, widths)).rstrip())
