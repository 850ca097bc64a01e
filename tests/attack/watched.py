# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
"""The daemon at work and under every hostile load while a checker looks on, and the checker found nothing. No time is
measured: a watched daemon is five to fifty times slower.

    watched.py thread     a daemon built with ThreadSanitizer (CF_BIN_DIR says where); for tools/check tsan
    watched.py valgrind   any daemon; valgrind must be installed"""
import argparse
import itertools
import multiprocessing
import os
import pathlib
import sys
import unittest

import loads
from wire import b

CUSTOMERS = 4
PATIENCE_s = 120
FINDINGS_SHOWN = 8000  # characters
PART = 20  # of the connections that an attack holds otherwise
# GCC 12's ThreadSanitizer cannot place its shadow under the wide address randomisation of newer kernels.
CHECKERS = {"thread": ("setarch", "-R"),
            # The daemon's delete wipes and calls free(), which is meant (src/app/freed.cpp).
            "valgrind": ("valgrind", "-q", "--leak-check=full", "--show-mismatched-frees=no", "--error-exitcode=99",
                         "--show-leak-kinds=definite", "--errors-for-leak-kinds=definite")}


def everybody():
    return zip(b.fiction_numbers(), b.loopback_addresses())


class WatchedBox(b.Box):
    """Whatever the checker says goes to files of its own, one for each process."""

    def __init__(self, at, checker):
        super().__init__(at)
        self.checker, self.findings = checker, pathlib.Path(at) / "findings"

    def daemon_command(self):
        to_file = (f"--log-file={self.findings}.%p",) if self.checker == "valgrind" else ()
        return [*CHECKERS[self.checker], *to_file, *super().daemon_command()]

    def start(self, **popen):
        return super().start(env={**os.environ, "TSAN_OPTIONS": f"log_path={self.findings}"}, **popen)

    def found(self):
        texts = (path.read_text(errors="replace") for path in sorted(self.folder.glob("findings.*")))
        return "\n".join(text for text in texts if text)


class Watched(unittest.TestCase):
    checker, seconds, only = "", 3.0, ""

    def setUp(self):
        self.box = WatchedBox(self.enterContext(b.folder()) / "shop", self.checker).make(peer=False, user=False)
        self.enterContext(self.box)
        self.over, self.served = multiprocessing.Event(), multiprocessing.Value("i", 0)

    def one_customer(self, number, region, source):
        """A yes, its files, the private page and a stop: whatever a customer's threads may meet in another's."""
        with self.box.customer(source=source, timeout=PATIENCE_s) as client:
            receipt = b.opt_in(client, number, region)
            for path in ("file", "proof", "json"):
                client.get(f"/r/{receipt.token}/{path}")
            form = client.get("/stop?lang=en").form("/stop")
            client.post("/stop", form.fields(number=number, region=region))

    def customers(self, first):
        """A process of its own, since attacks are forked, and whoever is forked must not have threads."""
        for (number, region), source in itertools.islice(everybody(), first, None, CUSTOMERS + 1):
            if self.over.is_set():
                return
            try:
                self.one_customer(number, region, source)
                with self.served.get_lock():
                    self.served.value += 1
            except (OSError, AssertionError, ValueError):
                pass  # a watched daemon under attack may be too slow for a customer; what it did is judged

    def test_nothing_is_found(self):
        rows = [row for row in loads.ROWS if self.only in row.name]
        loads.s.UNDER_WAY_s = PATIENCE_s
        self.box.start()
        crowd = [multiprocessing.Process(target=self.customers, args=(n,), daemon=True) for n in range(CUSTOMERS)]
        for customer in crowd:
            customer.start()
        try:
            for row in rows:
                with loads.Attack(self.box, row.attack, row.size // PART):
                    self.over.wait(self.seconds)
                self.assertIsNone(self.box.process.poll(), f"{row.name}: the daemon ended: {self.box.found()}")
        finally:
            self.over.set()
            for customer in crowd:
                customer.join()
        # The last of each lot of five is nobody's: this one comes when all is over.
        (number, region), source = next(itertools.islice(everybody(), CUSTOMERS, None))
        self.one_customer(number, region, source)
        status = self.box.stop()
        found = self.box.found()
        self.assertFalse(found, f"{self.checker} said:\n{found[:FINDINGS_SHOWN]}")
        self.assertEqual(status, 0)
        self.assertGreater(self.served.value, 0)
        b.say(f"{self.served.value} customers were served beside {len(rows)} attacks; {self.checker}: nothing found")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checker", choices=CHECKERS)
    parser.add_argument("--seconds", type=float, default=Watched.seconds, help="of each attack")
    parser.add_argument("--only", default="", help="attacks whose name holds this")
    chosen, rest = parser.parse_known_args()
    Watched.checker, Watched.seconds, Watched.only = chosen.checker, chosen.seconds, chosen.only
    sys.argv[1:] = rest
    b.main()
