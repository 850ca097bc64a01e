# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
"""The budgets of the daemon: size, memory, start, bytes written, page weight. Change one only with a line in
src/DECISIONS.md."""
import os
import pathlib
import re
import statistics
import subprocess
import time
import unittest

import box as b

MB = 1_000_000
DAEMON_BYTES_MAX = 2 * MB
RSS_BYTES_MAX, ANONYMOUS_BYTES_MAX = 32 << 20, 16 << 20
PEOPLE = 100_000
READY_s_MAX = 1.0
WRITTEN_BYTES_MAX_PER_1000 = 25 * MB
PAGE_BYTES_MAX = 30_000


def memory(pid):
    """(resident, anonymous) bytes."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return tuple(1024 * int(re.search(rf"^{name}:\s+(\d+) kB", status, re.MULTILINE).group(1))
                 for name in ("VmRSS", "RssAnon"))


def written_bytes(box, work):
    """Bytes that the daemon sent towards the disk while it lived and did the work: the kernel's own count, taken when
    it ends, because nobody but root may look into an undumpable process."""
    box.start()
    work(box)
    box.process.send_signal(b.signal.SIGTERM)
    _, status, usage = os.wait4(box.process.pid, 0)
    box.process.returncode = os.waitstatus_to_exitcode(status)
    box.process = None
    assert status == 0, "the daemon did not end well"
    return usage.ru_oublock * 512


class Budget(unittest.TestCase):
    def setUp(self):
        self.at = self.enterContext(b.folder())

    def test_size(self):
        stripped = self.at / "counterfoild"
        b.Box.expect(b.run("strip", "-o", stripped, b.program("counterfoild")))
        size = stripped.stat().st_size
        b.say(f"daemon stripped: {size} bytes of {DAEMON_BYTES_MAX}")
        self.assertLessEqual(size, DAEMON_BYTES_MAX)

    def test_idle_memory(self):
        box = self.enterContext(b.Box(self.at / "shop").make())
        b.Box.expect(b.run(b.program("counterfoil-bench"), "enrol", PEOPLE, "--data", box.data, "--anchor",
                           box.data / "anchor", timeout=600))
        box.start()
        with box.customer() as client:
            b.opt_in(client, b.swedish(40))
        staff = box.staff()
        staff.check(b.swedish(40))
        staff.client.close()
        b.Box.expect(box.pull(self.at / "bundle"))
        time.sleep(1)
        self.assertGreater(box.status()["submissions"], PEOPLE)
        resident, anonymous = memory(box.process.pid)
        b.say(f"{PEOPLE} people at rest: {resident >> 10} KiB resident, {anonymous >> 10} KiB of it anonymous")
        self.assertLessEqual(resident, RSS_BYTES_MAX)
        self.assertLessEqual(anonymous, ANONYMOUS_BYTES_MAX)

    def test_ready(self):
        box = self.enterContext(b.Box(self.at / "shop").make())
        seconds = []
        for _ in range(5):
            begun = time.monotonic()
            with open(box.log, "ab") as log:
                box.process = subprocess.Popen(box.daemon_command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            while True:
                try:
                    with box.customer(timeout=5) as client:
                        if client.get("/stop").status == 200:
                            break
                except OSError:
                    self.assertLess(time.monotonic() - begun, b.DEADLINE_s, box.log_tail())
                    time.sleep(0.005)
            seconds.append(time.monotonic() - begun)
            self.assertEqual(box.stop(), 0)
        b.say("ready after " + ", ".join(f"{s * 1000:.0f} ms" for s in seconds))
        self.assertLessEqual(statistics.median(seconds), READY_s_MAX)

    def test_bytes_written(self):
        box = self.enterContext(b.Box(self.at / "shop").make())
        count = 1000
        numbers, addresses = b.fiction_numbers(), b.loopback_addresses()

        def opt_ins(running):
            b.opt_in_many(running, count, numbers, addresses, topics=["offers"], channels=["sms"])

        box.start()  # the first start publishes the notices
        box.stop()
        idle = written_bytes(box, lambda _: None)
        written = written_bytes(box, opt_ins)
        self.assertGreater(written, count * 512, "the kernel counts nothing here; use a folder on a real disk")
        held = sum(p.stat().st_size for p in box.data.iterdir() if p.is_file())
        b.say(f"{count} single opt-ins wrote {(written - idle) / MB:.1f} MB (start and stop alone {idle / MB:.2f} MB); "
              f"the folder holds {held / MB:.1f} MB")
        self.assertLessEqual(written - idle, WRITTEN_BYTES_MAX_PER_1000 * count // 1000)

    def test_page_weight(self):
        box = self.enterContext(b.Demo(self.at)).start()
        with box.customer() as client:
            token = b.opt_in_token(client, b.swedish(41), "SE")
            for lang in ("en", "es"):
                for target in ("/o/caja", f"/r/{token}", f"/m/{token}", "/stop", "/privacy", "/"):
                    page = client.get(f"{target}?lang={lang}")
                    self.assertEqual(page.status, 200)
                    parts = re.findall(r'(?:href|src)="(/[^"]*\.(?:css|svg|js|png|woff2)[^"]*)"', page.text)
                    weight = len(page.body) + sum(len(client.get(part).body) for part in set(parts))
                    b.say(f"{target.split('/')[1] or 'front':8} {lang}: {weight} bytes in {1 + len(set(parts))} files")
                    self.assertLessEqual(weight, PAGE_BYTES_MAX)
                    self.assertNotIn("<script", page.text)


if __name__ == "__main__":
    b.main()
