# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
"""kill -9 of the daemon at random moments during 500 concurrent opt-ins: every receipt that a customer got is in the
ledger afterwards, and the ledger verifies.    kill.py [--rounds N] [--opt-ins N] [--clients N] [--seed S]"""
import argparse
import base64
import itertools
import json
import pathlib
import queue
import random
import threading
import time

import box as b

parser = argparse.ArgumentParser()
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--opt-ins", type=int, default=500)
parser.add_argument("--clients", type=int, default=64)
parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
options = parser.parse_args()
chance = random.Random(options.seed)


class Round:
    """One crowd and one kill. Receipts are tokens whose 303 a customer saw; pages are those whose receipt page was
    seen as well, with its code."""

    def __init__(self, box, numbers, addresses):
        self.box, self.addresses = box, addresses
        self.work = queue.SimpleQueue()
        for _ in range(options.opt_ins):
            self.work.put(next(numbers))
        self.lock, self.receipts, self.pages, self.broken = threading.Lock(), [], {}, []
        self.killed = threading.Event()
        self.session = b.tls_context(box.ca)

    def customer(self, address):
        client = self.box.customer(source=address, session=self.session)
        while not self.killed.is_set():
            try:
                number, region = self.work.get_nowait()
            except queue.Empty:
                break
            try:
                token = b.opt_in_token(client, number, region)
                with self.lock:
                    self.receipts.append(token)
                page = client.get(f"/r/{token}")
                if page.status == 200:
                    with self.lock:
                        self.pages[token] = b.Receipt(token, page).code
            except OSError:
                pass  # the kill, or a connection it cut
            except (AssertionError, ValueError, IndexError) as e:
                if not self.killed.is_set():
                    self.broken.append(str(e))
                break
        client.close()

    def run(self):
        people = [threading.Thread(target=self.customer, args=(next(self.addresses),)) for _ in range(options.clients)]
        for person in people:
            person.start()
        # Somewhere between the first receipt and the last, down to the microsecond.
        wanted = chance.randrange(1, options.opt_ins * 9 // 10)
        until = time.monotonic() + 120
        while len(self.receipts) < wanted and time.monotonic() < until and any(p.is_alive() for p in people):
            time.sleep(0.001)
        time.sleep(chance.random() * 0.01)
        self.killed.set()
        self.box.kill()
        for person in people:
            person.join()
        if self.broken:
            raise AssertionError(f"an opt-in failed before the kill: {self.broken[0]}")
        return self


def start_again(box):
    """Sometimes killed while it starts, too: recovery must survive its own interruption."""
    if chance.random() < 0.4:
        box.process = b.subprocess.Popen(box.daemon_command(), stdin=b.subprocess.DEVNULL, stdout=b.subprocess.DEVNULL,
                                         stderr=b.subprocess.DEVNULL)
        time.sleep(chance.random() * 0.3)
        box.kill()
    box.start()


def line_of(proof_text):
    """The exact leaf line inside a receipt's proof (its "extra" is the entry, FORMAT.md)."""
    extra = next(line.split(" ", 1)[1] for line in proof_text.splitlines() if line.startswith("extra "))
    return json.loads(base64.b64decode(extra))["leaf"]


def judge(box, client, past_rounds):
    """Every receipt is served, with the code that its page showed."""
    lines = []
    for done in past_rounds:
        for token in done.receipts:
            page = client.get(f"/r/{token}")
            assert page.status == 200, f"a receipt was given and is lost: /r/… answers {page.status}"
            if token in done.pages:
                assert b.Receipt(token, page).code == done.pages[token], "a receipt shows another code than before"
            lines.append(line_of(client.get(f"/r/{token}/proof").text))
    return lines


def main():
    b.say(f"seed {options.seed}")
    numbers, addresses = b.fiction_numbers(), b.loopback_addresses()
    with b.folder() as at, b.Box(at / "shop").make() as box:
        box.start()
        lines, total = [], 0
        for n in range(1, options.rounds + 1):
            done = Round(box, numbers, addresses).run()
            start_again(box)
            with box.customer(source=next(addresses)) as client:
                lines += judge(box, client, [done])
            total += len(done.receipts)
            b.say(f"round {n}: killed after {len(done.receipts)} receipts ({len(done.pages)} seen as pages), "
                  f"all there afterwards")
        b.say(box.expect(box.verify()).stdout.strip())
        bundle = pathlib.Path(at) / "bundle"
        b.say(box.expect(box.pull(bundle)).stdout.strip())
        b.say(box.expect(box.verify_bundle(bundle)).stdout.strip())
        logged = set()
        grants = 0
        for entry in map(json.loads, b.bundle_entries(bundle)):
            logged.add(entry["leaf"])
            grants += json.loads(entry["leaf"])["typ"] == "consent.grant"
        missing = [line for line in lines if line not in logged]
        assert not missing, f"{len(missing)} receipts prove lines that the pulled log does not hold"
        assert len(set(lines)) == total, "two receipts prove the same line"
        assert grants >= total, f"{total} receipts, but only {grants} grants"
        assert total >= options.rounds, "no round gave a receipt"
        assert box.stop() == 0
    b.say(f"ok: {options.rounds} rounds, {total} receipts given, {grants} grants in the log, none lost")


main()
