# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
"""Days of a shop, one after the other, on one daemon: people say yes, change their mind, stop and are erased, staff
look them up, at night the head office pulls. Memory, descriptors and write-ahead logs are at the end as they were
when the box had warmed up, the log verifies, and everybody's last word holds."""
import argparse
import os
import pathlib
import re
import statistics
import sys
import threading
import time
import unittest

import box as b
import erasure

FIRST_DAY = 1_795_046_400  # 2026-11-19
DAY_s, HOUR_s = 86_400, 3_600
OPEN_HOURS = range(9, 21)
CROWD = 24  # customers at once, at noon
WARM_UP_DAYS = 6
GROWTH_KIB_MAX = 4 * 1024
THREADS_MORE = 4  # workers are made on demand and stay, 64 at most
WAL_BYTES_MAX = 20 << 20
QUIET_s = 30  # until connections that nobody uses are closed


class Vitals:
    """What one evening's daemon holds."""

    def __init__(self, box):
        status = pathlib.Path(f"/proc/{box.process.pid}/status").read_text()
        self.anonymous_kib, self.threads = (
            int(re.search(rf"^{name}:\s+(\d+)", status, re.MULTILINE).group(1)) for name in ("RssAnon", "Threads"))
        self.descriptors = len(os.listdir(f"/proc/{box.process.pid}/fd"))
        self.disk_kib = sum(p.stat().st_size for p in box.data.iterdir() if p.is_file()) >> 10


class Soak(unittest.TestCase):
    days = 24

    def setUp(self):
        self.at = self.enterContext(b.folder())
        self.box = b.Box(self.at / "shop", board="fake")
        self.box.set_clock(FIRST_DAY)
        self.enterContext(self.box.make())
        self.addresses = b.loopback_addresses()
        self.next_number, self.said_yes, self.wal_bytes, self.evenings = 0, {}, 0, []
        self.stopped, self.erased = set(), []
        self.lock = threading.Lock()

    def customer(self):
        return self.box.customer(source=next(self.addresses))

    def read(self, page):
        with self.customer() as client:
            return client.get(page + "?lang=en").headline

    def fresh_number(self):
        """Numbers reserved for fiction are two hundred; the same people come again."""
        with self.lock:
            self.next_number += 1
            n = self.next_number % 186
        return (b.swedish(13 + n), "SE") if n < 86 else (f"202 555 01{n - 86:02d}", "US")

    def opt_in(self):
        with self.customer() as client:
            number = self.fresh_number()
            receipt = b.opt_in(client, *number)
        with self.lock:
            self.said_yes[receipt.token] = number
            self.stopped.discard(number)

    def crowd(self):
        people = [threading.Thread(target=self.opt_in) for _ in range(CROWD)]
        for person in people:
            person.start()
        for person in people:
            person.join()

    def hour(self, hour, staff):
        for _ in range(12):
            self.opt_in()
        token, number = self.said_yes.popitem()
        with self.customer() as client:
            if hour % 4 == 0:
                self.erased.append(erasure.erase(client, b.Receipt(token, None)))
            elif hour % 4 == 1:
                self.assertEqual(b.stop_all(client, token).status, 303)
                self.stopped.add(number)
            else:
                self.assertEqual(b.keep_topics(client, token, ["orders"]).status, 303)
        if hour == 12:
            self.crowd()
        for number, region in list(self.said_yes.values())[-3:]:
            self.assertEqual(staff.check(number, region).status, 200)
        wal_bytes = max(p.stat().st_size for p in self.box.data.glob("*-wal"))
        self.wal_bytes = max(self.wal_bytes, wal_bytes)

    def night(self):
        self.box.expect(self.box.pull(self.at / "bundle"))
        until = time.monotonic() + QUIET_s
        while self.box.status()["doors"]["connections"] and time.monotonic() < until:
            time.sleep(0.2)
        self.evenings.append(Vitals(self.box))

    def live_a_day(self, day):
        for hour in OPEN_HOURS:
            self.box.set_clock(FIRST_DAY + day * DAY_s + hour * HOUR_s)
            if hour == OPEN_HOURS[0]:
                staff = self.box.staff(source=next(self.addresses))
            self.hour(hour, staff)
        staff.client.close()
        self.box.set_clock(FIRST_DAY + day * DAY_s + 23 * HOUR_s)
        self.night()

    def test_days(self):
        self.box.start()
        for day in range(self.days):
            self.live_a_day(day)
            now = self.evenings[-1]
            b.say(f"day {day + 1:2}: {now.anonymous_kib:6} KiB anonymous, {now.descriptors} descriptors, {now.threads} "
                  f"threads, {now.disk_kib:6} KiB on disk, log {self.wal_bytes >> 10} KiB at most")
        self.judge()

    def judge(self):
        warm, last = self.evenings[WARM_UP_DAYS:2 * WARM_UP_DAYS], self.evenings[-WARM_UP_DAYS:]
        growth = (statistics.median(e.anonymous_kib for e in last) - statistics.median(e.anonymous_kib for e in warm))
        b.say(f"anonymous memory grew by {growth:.0f} KiB")
        self.assertLessEqual(growth, GROWTH_KIB_MAX)
        for held, more in (("descriptors", 0), ("threads", THREADS_MORE)):
            before = max(getattr(evening, held) for evening in self.evenings[:-WARM_UP_DAYS])
            self.assertLessEqual(max(getattr(evening, held) for evening in last), before + more)
        self.assertLessEqual(self.wal_bytes, WAL_BYTES_MAX)
        until = time.monotonic() + 2 * erasure.PROMISED_s
        for page in self.erased:
            while "Certificate" not in self.read(page):
                self.assertLess(time.monotonic(), until, "an erasure does not end")
                time.sleep(0.5)
        staff = self.box.staff()
        for number, region in self.stopped:
            self.assertIn("stop", staff.check(number, region).headline)
        self.box.expect(self.box.verify())
        self.box.expect(self.box.verify_bundle(self.at / "bundle"))
        self.assertEqual(self.box.stop(), 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--days", type=int, default=Soak.days, help="how many days (at least 18)")
    chosen, rest = parser.parse_known_args()
    Soak.days = max(3 * WARM_UP_DAYS, chosen.days)
    sys.argv[1:] = rest
    b.main()
