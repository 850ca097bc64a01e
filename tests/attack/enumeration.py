# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
"""Nobody learns from a box whether it knows a number: opt-in, stop and manage give the same answer, in the same size,
after the same time, for a number that has a yes and for one never seen.

The configuration has no keys for the caps (60 opt-ins a minute and 10 stops an hour for each address), so the tries are
spread over addresses of 127.0.0.0/8. Numbers: 555-01xx of every area code is kept for fiction."""
import argparse
import itertools
import json
import math
import random
import re
import sys
import threading
import time
import unittest

import wire as w
from wire import b

TRIES_PER_ADDRESS = 5
CLIENTS = 4
GRID_s = 0.25  # a stop by number is answered on it
Z_MAX = 4.5  # a false alarm in 147,000 comparisons
AREAS = (201, 202, 203, 205, 206, 207, 208, 209, 210, 212, 213, 214, 215, 216, 217, 218, 219, 224, 225, 228, 229, 231,
         234, 239, 240, 248, 251, 252, 253, 254, 256, 260, 262, 267, 269, 270, 276, 281, 301, 302, 303, 304, 305, 307,
         308, 309, 310, 312, 313, 314, 315, 316, 317, 318, 319, 320, 321, 323, 325, 330, 331, 334, 336, 337)


def mann_whitney_z(left, right):
    """How many standard deviations the left come later than if they were drawn like the right."""
    ranked = sorted([(value, True) for value in left] + [(value, False) for value in right])
    rank_sum, at = 0.0, 0
    for _, ties in itertools.groupby(ranked, key=lambda one: one[0]):
        sides = [is_left for _, is_left in ties]
        rank_sum += sides.count(True) * (at + (len(sides) + 1) / 2)
        at += len(sides)
    n, m = len(left), len(right)
    return (rank_sum - n * (n + m + 1) / 2) / math.sqrt(n * m * (n + m + 1) / 12)


def noticed_ms(values):
    """The least delay, in steps of an eighth of a millisecond, that the statistic would notice among such values."""
    return next(step / 8 for step in range(1, 8000)
                if mann_whitney_z([value + step / 8000 for value in values], values) > Z_MAX)


def shape(answer):
    """Everything of an answer but its secrets, its times and what the customer typed."""
    fields = [(name, mask(value)) for name, value in answer.fields if name != "Date"]
    return json.dumps([answer.status, fields, len(answer.body), mask(answer.text)])


def mask(text):
    return re.sub(r"[A-Za-z0-9_-]{22,}|\d", "*", text)


class Sample:
    """What the tries of one kind got; index 1 of each pair is of known numbers."""

    def __init__(self):
        self.waits, self.phases, self.shapes = ([], []), ([], []), (set(), set())

    def take(self, is_known, ask):
        begun = time.monotonic()
        answer = ask()
        self.waits[is_known].append(time.monotonic() - begun)
        self.phases[is_known].append(time.clock_gettime(time.CLOCK_BOOTTIME) % GRID_s)
        self.shapes[is_known].add(shape(answer))
        return answer


class Enumeration(unittest.TestCase):
    tries, noticed_ms_max = 600, 10.0

    @classmethod
    def setUpClass(cls):
        cls.box = b.Box(cls.enterClassContext(b.folder()) / "shop").make(peer=False, user=False)
        cls.enterClassContext(cls.box).start()
        cls.people, cls.figures = b.loopback_addresses(), {}
        cls.numbers = (f"{area} 555 01{n:02d}" for area in AREAS for n in range(100))
        cls.known = cls.fresh_numbers()
        cls.spread(lambda client, number: b.opt_in_token(client, number, "US"), cls.known)

    @classmethod
    def tearDownClass(cls):
        w.keep_figures("enumeration", cls.figures)
        w.say_table(("what", "tries", "known p50 ms", "unknown p50 ms", "z", "would notice ms"),
                    [(name, *row.values()) for name, row in cls.figures.items()])

    @classmethod
    def fresh_numbers(cls):
        """As many as one half of the tries of one kind needs, none seen by this box before."""
        return list(itertools.islice(cls.numbers, cls.tries // 6))

    @classmethod
    def spread(cls, do, jobs):
        """Does each job once, a few at a time, and no address does many."""
        waiting, failed = iter(jobs), []

        def work():
            while some := list(itertools.islice(waiting, TRIES_PER_ADDRESS)):
                with cls.box.customer(source=next(cls.people)) as client:
                    for job in some:
                        do(client, job)

        def guarded():
            try:
                work()
            except BaseException as e:  # noqa: B902  (told below, in the test's own thread)
                failed.append(e)

        crowd = [threading.Thread(target=guarded) for _ in range(CLIENTS)]
        for one in crowd:
            one.start()
        for one in crowd:
            one.join()
        if failed:
            raise failed[0]

    def shuffled(self):
        """(number, is it known) in an order that tells nothing."""
        jobs = [(number, True) for number in self.known] + [(number, False) for number in self.fresh_numbers()]
        random.Random(4).shuffle(jobs)
        return jobs

    def judge(self, name, sample, times, noticed_ms_max):
        unknown, known = times
        with self.subTest(f"{name}: the same answer"):
            self.assertEqual(sample.shapes[False], sample.shapes[True])
            self.assertEqual(len(sample.shapes[True]), 1, sample.shapes[True])
        z, notices = mann_whitney_z(known, unknown), noticed_ms(known)
        middle = [round(1000 * sorted(side)[len(side) // 2], 2) for side in (known, unknown)]
        self.figures[name] = {"tries": len(known) + len(unknown), "known_p50_ms": middle[0], "unknown_p50_ms": middle[1],
                              "z": round(z, 2), "would_notice_ms": notices}
        with self.subTest(f"{name}: the same time"):
            self.assertLess(abs(z), Z_MAX)
        with self.subTest(f"{name}: the statistic sees a small delay"):
            self.assertLessEqual(notices, noticed_ms_max)

    def test_opt_in_and_manage(self):
        opt_ins, manages = Sample(), Sample()

        def one(client, job):
            number, is_known = job
            form = client.get("/o/caja?lang=en").form("/o/caja")
            ticks = [("topic", "offers"), ("channel", "sms"), ("age", "yes")]
            fields = form.fields(ticks, number=number, region="US")
            answer = opt_ins.take(is_known, lambda: client.post("/o/caja", fields))
            self.assertEqual(answer.status, 303, answer.words[:200])
            receipt = client.get(answer.location)
            manage = re.search(r"/m/[A-Za-z0-9_-]+", receipt.text).group(0)
            self.assertEqual(manages.take(is_known, lambda: client.get(manage)).status, 200)

        self.spread(one, self.shuffled())
        self.judge("opt-in", opt_ins, opt_ins.waits, self.noticed_ms_max)
        self.judge("manage", manages, manages.waits, self.noticed_ms_max)

    def test_stop(self):
        stops = Sample()

        def one(client, job):
            number, is_known = job
            form = client.get("/stop?lang=en").form("/stop")
            answer = stops.take(is_known, lambda: client.post("/stop", form.fields(number=number, region="US")))
            self.assertEqual(answer.status, 200, answer.words[:200])

        self.spread(one, self.shuffled())
        # The place on the grid, which is anywhere when a wait begins, drowns small delays; what is done after the grid
        # shows within it.
        self.judge("stop", stops, stops.waits, 1000 * GRID_s)
        self.judge("stop, within the grid", stops, stops.phases, self.noticed_ms_max)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--long", action="store_true", help="10,000 tries")
    chosen, rest = parser.parse_known_args()
    if chosen.long:
        Enumeration.tries, Enumeration.noticed_ms_max = 10_002, 1.0
    sys.argv[1:] = rest
    b.main()
