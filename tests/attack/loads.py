# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
"""Hostile loads: under each a customer's opt-in stays within 3 x of its quiet 99th percentile and the daemon within
64 MB, and afterwards the daemon holds what it held before.

The attack has the first core for itself and the daemon and its customer share the second; while it is quiet, the first
core is as busy. Each row has three rounds of quiet and load, and the medians are compared."""
import argparse
import dataclasses
import math
import multiprocessing
import os
import statistics
import sys
import threading
import time
import unittest

import swarm as s
import wire as w
from wire import b

SLOWDOWN_MAX = 3.0
RSS_KIB_MAX = 64 * 1024
ROUNDS = 3
PATIENCE_s = 5  # an opt-in that failed or took longer counts as this long
SETTLE_s = 20  # longer than any deadline of the daemon before a request
ATTACKER, SHOP = (lambda cores: ({cores[0]}, {cores[-1]}))(sorted(os.sched_getaffinity(0)))


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    attack: callable
    size: int = 0  # connections that the attack holds
    is_short: bool = False  # also in the run of every change


ROWS = [Row("slowloris head", s.slow_head, 1000, is_short=True), Row("slowloris body", s.slow_body, 1000),
        Row("slowloris handshake", s.slow_handshake, 1000), Row("idle TLS", s.idle_tls, 1000, is_short=True),
        Row("connection flood", s.connection_flood, is_short=True), Row("handshake flood", s.handshake_flood),
        Row("pipelining, never reading", s.pipelining_unread, 100), Row("TLS renegotiation", s.renegotiation),
        Row("random records", s.random_records), Row("truncated records", s.truncated_records, 1000),
        *(Row(kind, s.repeating(kind)) for kind in s.h.KINDS)]


class Attack:
    """A process of its own on the attacker's core, under way when this is entered."""

    def __init__(self, box, attack, size):
        self.under_way, self.over = multiprocessing.Event(), multiprocessing.Event()
        self.said, saying = multiprocessing.Pipe(duplex=False)
        self.process = multiprocessing.Process(target=self._run, args=(box.port, box.ca, attack, size, saying),
                                               daemon=True)

    def _run(self, port, ca, attack, size, saying):
        os.sched_setaffinity(0, ATTACKER)
        swarm = s.Swarm(port, ca, size)
        steps = attack(swarm)
        for _ in steps:
            self.under_way.set()
            if self.over.is_set():
                break
        figures = swarm.figures()
        steps.close()
        saying.send(figures)

    def __enter__(self):
        self.process.start()
        if not self.under_way.wait(2 * s.UNDER_WAY_s):
            raise AssertionError("the attack did not come under way")
        return self

    def __exit__(self, *_):
        self.over.set()
        self.figures = self.said.recv() if self.said.poll(PATIENCE_s) else {}
        self.process.kill()
        self.process.join()


class Watch(threading.Thread):
    """The most memory and threads of the daemon while this lasts."""

    def __init__(self, box):
        super().__init__(daemon=True)
        self.box, self.over, self.rss_kib, self.threads = box, threading.Event(), 0, 0

    def run(self):
        while not self.over.wait(0.1):
            rss_kib, threads = w.weight(self.box.process.pid)
            self.rss_kib, self.threads = max(self.rss_kib, rss_kib), max(self.threads, threads)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()


def percentile(values, part):
    return sorted(values)[math.ceil(part * len(values)) - 1]


class Loads(unittest.TestCase):
    seconds, is_long, only = 1.5, False, ""
    part = 5  # the short form holds a fifth of the connections

    @classmethod
    def setUpClass(cls):
        os.sched_setaffinity(0, SHOP)
        cls.box = b.Box(cls.enterClassContext(b.folder()) / "shop").make(peer=False, user=False)
        cls.enterClassContext(cls.box)
        cls.numbers, cls.people, cls.figures = b.fiction_numbers(), b.loopback_addresses(), {}

    @classmethod
    def tearDownClass(cls):
        w.keep_figures("loads", cls.figures)
        w.say_table(("row", "quiet p99 ms", "load p99 ms", "x", "failed", "RSS MiB", "threads", "descriptors"),
                    [table_row(name, row) for name, row in cls.figures.items()])

    def one_opt_in(self):
        """Seconds of one customer's yes, from the first packet to the receipt's address."""
        begun = time.monotonic()
        number, region = next(self.numbers)
        try:
            with self.box.customer(source=next(self.people), timeout=PATIENCE_s) as client:
                b.opt_in_token(client, number, region)
            return min(time.monotonic() - begun, PATIENCE_s)
        except (OSError, AssertionError):
            return PATIENCE_s

    def opt_ins(self):
        until, out = time.monotonic() + self.seconds, []
        while time.monotonic() < until or len(out) < 3:
            out.append(self.one_opt_in())
        return out

    def warm_up(self):
        """As many customers at once as a busy shop has: what is made on demand is there before it is counted."""
        crowd = [threading.Thread(target=self.opt_ins) for _ in range(8)]
        for customer in crowd:
            customer.start()
        for customer in crowd:
            customer.join()

    def measured(self, attack, size=0):
        with Watch(self.box) as watch, Attack(self.box, attack, size) as under_attack:
            waits = self.opt_ins()
        return {"p50_ms": round(1000 * percentile(waits, 0.5), 1), "p99_ms": round(1000 * percentile(waits, 0.99), 1),
                "opt_ins": len(waits), "failed": sum(wait >= PATIENCE_s for wait in waits), "rss_kib": watch.rss_kib,
                "threads": watch.threads, **under_attack.figures}

    def run_row(self, row):
        self.box.start()
        self.warm_up()
        before = w.settled(self.box, w.Vitals(self.box), 1)
        rounds = [(self.measured(s.busy_core), self.measured(row.attack, row.size // self.part)) for _ in range(ROUNDS)]
        after = w.settled(self.box, before, SETTLE_s)
        refused = self.box.status()["doors"]["refused"]
        self.box.stop()
        quiet, load = (statistics.median(one["p99_ms"] for one in column) for column in zip(*rounds))
        return {"quiet_p99_ms": quiet, "load_p99_ms": load, "slowdown": round(load / quiet, 2),
                "rss_kib": max(one["rss_kib"] for pair in rounds for one in pair), "before": before.figures(),
                "after": after.figures(), "refused": refused, "rounds": rounds}

    def test_rows(self):
        for row in ROWS:
            if (self.is_long or row.is_short) and self.only in row.name:
                self.figures[row.name] = self.run_row(row)
                self.judge(row.name, self.figures[row.name])

    def judge(self, name, figures):
        before, after = figures["before"], figures["after"]
        with self.subTest(f"{name}: customers"):
            self.assertLessEqual(figures["slowdown"], SLOWDOWN_MAX)
        with self.subTest(f"{name}: memory"):
            self.assertLessEqual(figures["rss_kib"], RSS_KIB_MAX)
            self.assertLessEqual(after["rss_kib"] - before["rss_kib"], w.GROWTH_KIB_MAX)
        for held in ("descriptors", "connections", "threads"):
            with self.subTest(f"{name}: {held} afterwards"):
                self.assertLessEqual(after[held], before[held])


def table_row(name, row):
    change = [f"{row['before'][held]} -> {row['after'][held]}" for held in ("threads", "descriptors")]
    failed = sum(load["failed"] for _, load in row["rounds"])
    return (name, row["quiet_p99_ms"], row["load_p99_ms"], row["slowdown"], failed, row["rss_kib"] >> 10, *change)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--long", action="store_true", help="every row, each for longer")
    parser.add_argument("--seconds", type=float, help="of each quiet and each loaded round")
    parser.add_argument("--only", default="", help="rows whose name holds this")
    chosen, rest = parser.parse_known_args()
    Loads.is_long, Loads.only = chosen.long, chosen.only
    Loads.part = 1 if chosen.long else Loads.part
    Loads.seconds = chosen.seconds or (10 if chosen.long else 1.5)
    sys.argv[1:] = rest
    b.main()
