# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
"""A yes at the wrong hour: what the till reads, until when, and what the command line says of the rules behind it."""
import datetime
import json
import re
import unittest

import box as b

MADRID = datetime.timezone(datetime.timedelta(hours=1))  # in winter
SHOP_HOURS = """
[promise]
per_day = 1
days_per_week = 3
hours = "10:00-19:00"
days = "mon-sat"
holidays = false
exceptions = ["orders"]

[[holiday]]
country = "ES"
days = [2026-12-08]
[[holiday]]
country = "SE"
days = [2026-12-08]
"""
LOOSENED = """
[[rule_decision]]
rule = "etiquette.weekends"
off = true
by = "maria"
on = 2026-11-20
reason = "Saturday market"
"""


def moment(day, hour, minute=0):
    return int(datetime.datetime(2026, 12, day, hour, minute, tzinfo=MADRID).timestamp())


def with_hours(text, more=""):
    """The tests' configuration with hours, instead of the one without."""
    text = re.sub(r"(?m)^\[\[rule_decision\]\]\n(?:\w+ = .*\n)+", "", text)
    return re.sub(r"(?m)^# At any time.*\n\[promise\]\n(?:\w+ = .*\n)+", SHOP_HOURS + more, text)


class Hours(unittest.TestCase):
    def setUp(self):
        self.box = b.Box(self.enterContext(b.folder()) / "shop", board="fake")
        self.box.set_clock(moment(3, 11))  # a Thursday
        self.enterContext(self.box.make())

    def with_rules(self, more=""):
        self.box.write_config(lambda text: with_hours(text, more))

    def verdict(self, instant, topic="offers", number=b.swedish(30)):
        self.box.set_clock(instant)
        self.till = self.box.staff()
        answer = self.till.check(number, topic=topic)
        self.assertEqual(answer.status, 200)
        return answer

    def test_the_till_says_when(self):
        self.with_rules(LOOSENED)
        self.box.start()
        with self.box.customer() as client:
            receipt = b.opt_in(client, b.swedish(30))
        self.assertEqual(self.box.staff().confirm(receipt.code).status, 200)
        rows = [(moment(3, 11), "offers", "Yes, you may.", ""),
                (moment(3, 19), "offers", "Not now.", "4 December 2026, 10:00"),
                (moment(4, 9, 59), "offers", "Not now.", "4 December 2026, 10:00"),
                (moment(5, 12), "offers", "Yes, you may.", ""),  # a Saturday, as the manager decided
                (moment(5, 21), "offers", "Not now.", "7 December 2026, 10:00"),
                (moment(6, 12), "offers", "Not today.", "7 December 2026, 10:00"),
                (moment(7, 20), "offers", "Not now.", "9 December 2026, 10:00"),
                (moment(8, 12), "offers", "a public holiday", "9 December 2026, 10:00"),
                (moment(8, 12), "orders", "Yes, you may.", ""),
                (moment(8, 21), "orders", "Not now.", "9 December 2026, 10:00")]
        for instant, topic, headline, until in rows:
            with self.subTest(f"{topic} at {datetime.datetime.fromtimestamp(instant, MADRID)}"):
                answer = self.verdict(instant, topic)
                self.assertIn(headline, answer.headline)
                self.assertIn(until, answer.words)

    def test_a_message_is_noted_and_counts(self):
        self.with_rules()
        self.box.start()
        with self.box.customer() as client:
            receipt = b.opt_in(client, b.swedish(30))
        self.assertEqual(self.box.staff().confirm(receipt.code).status, 200)
        for day, until in ((7, "9 December 2026, 10:00"), (9, "10 December 2026, 10:00"),
                           (10, "14 December 2026, 10:00")):  # the 8th is a holiday, the 13th a Sunday
            verdict = self.verdict(moment(day, 11))
            self.assertIn("Yes, you may.", verdict.headline)
            noted = self.till.write(verdict)
            self.assertIn("Noted: Offers of the week on WhatsApp", noted.words)
            self.assertIn("https://wa.me/46701740630?text=Tres%20Faroles", noted.text)
            self.assertIn("You get this because you said yes to Offers of the week on 3 December 2026", noted.words)
            # Pressed twice: the second is a question, and the answer is that one went.
            for again in (self.till.write(verdict), self.verdict(moment(day, 18))):
                self.assertIn("Not today: they have had their message.", again.headline)
                self.assertIn(until, again.words)
        self.assertIn("Not this week: we have written often enough.", self.verdict(moment(11, 11)).headline)
        self.assertIn("Yes, you may.", self.verdict(moment(11, 11), "orders").headline)
        self.assertIn("Yes, you may.", self.verdict(moment(14, 11)).headline)
        with self.box.customer() as client:
            self.assertIn("3, last on 10 December 2026", client.get(f"/m/{receipt.token}").words)

    def test_the_rules_can_be_read(self):
        self.with_rules(LOOSENED)
        everything = self.box.expect(self.box.cli("rules", "list")).stdout
        self.assertIn("47 CFR 64.1200", everything)
        self.assertNotIn("etiquette.weekends", everything)
        spanish = json.loads(self.box.expect(self.box.cli("rules", "list", "--country", "ES", "--json")).stdout)
        ids = {rule["id"] for rule in spanish["rules"]}
        self.assertLessEqual({"es.calls", "etiquette.hours"}, ids)
        self.assertNotIn("ae.telemarketing-hours", ids)
        self.assertIn("maria decided on 2026-11-20: Saturday market",
                      self.box.expect(self.box.cli("rules", "explain", "etiquette.weekends")).stdout)
        self.assertIn("09:00 to 18:00, every day",
                      self.box.expect(self.box.cli("rules", "explain", "ae.telemarketing-hours")).stdout)
        self.assertIn("no rule has the id", self.box.cli("rules", "explain", "nothing").stderr)
        self.assertIn("loosened: etiquette.weekends", self.box.expect(self.box.cli("rules", "check")).stdout)

    def test_a_law_cannot_be_loosened(self):
        self.with_rules(LOOSENED.replace("etiquette.weekends", "ae.telemarketing-hours"))
        refused = self.box.cli("rules", "check")
        self.assertEqual(refused.returncode, b.EXIT["BadInput"])
        self.assertIn('"ae.telemarketing-hours" is a rule of law: no decision can loosen it', refused.stderr)
        daemon = b.run(*self.box.daemon_command())
        self.assertNotEqual(daemon.returncode, 0)
        self.assertIn("ae.telemarketing-hours", daemon.stderr + daemon.stdout)


if __name__ == "__main__":
    b.main()
