# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
"""Every reason that this version knows, end to end: each is brought about through the doors of a running box and read
from its API. At the end a report of where each code comes up: in the cases written by hand beside the rules
(src/app/rules/cases.txt), in decide's own tests, here."""
import collections
import datetime
import json
import re
import unittest

import api
import box as b
import hours

MADRID = datetime.timezone(datetime.timedelta(hours=1))  # in winter
RULES = """
[[rule]]
id = "shop.no-care-by-sms"
kind = "etiquette"
reference = "agreed with the customers' council"
channels = ["sms"]
countries = ["ES"]
block = "category_forbidden"

[[topic]]
id = "back"
one_time = true
title = { es = "Avísenme cuando vuelva", en = "Tell me when it is back" }
line = { es = "Un solo mensaje.", en = "One message, then nothing more." }
retention = "once-6m"
[[retention]]
name = "once-6m"
starts = "yes"
keep = "6 months"
then = "destroy"
[[link]]
id = "estante"
place = { es = "Estante", en = "Empty shelf" }
shop = "torrevieja"
topics = ["back"]
"""
# What no event or rule can bring about yet; each goes when it can.
LATER = {"objection", "sender_not_granted", "repermission_due", "notice_obsolete", "tag_not_allowed", "template_not_approved",
         "portfolio_limit", "no_prior_contact"}
SEEN = collections.Counter()


def moment(day, hour, minute=0):
    """Of December 2026; the 3rd is a Thursday."""
    return int(datetime.datetime(2026, 12, day, hour, minute, tzinfo=MADRID).timestamp())


def all_codes():
    text = (b.SOURCE / "src/api/openapi.json").read_text(encoding="utf-8")
    return json.loads(text)["components"]["schemas"]["ReasonCode"]["enum"]


class EveryReason(unittest.TestCase):
    def setUp(self):
        """A box for each: a clock that goes back would be a reason of its own."""
        self.box = b.Box(self.enterContext(b.folder()) / "shop", board="fake")
        self.box.set_clock(moment(3, 11))
        self.box.make(peer=False).write_config(lambda text: hours.with_hours(text, RULES))
        self.enterContext(self.box.start())
        self.till, self.program = self.box.staff(), api.Program(self.box)
        self.client = self.enterContext(self.box.customer())
        self.number, self.region = b.swedish(13), "SE"

    def yes(self, topics=b.ALL_TOPICS, channels=b.BOTH_CHANNELS, proven=True):
        receipt = b.opt_in(self.client, self.number, self.region, topics=topics, channels=channels)
        if proven:
            self.assertEqual(self.till.confirm(receipt.code).status, 200)
        return receipt.token

    def reasons(self, channel="whatsapp", topic="offers", **more):
        question = {"number": self.number, "region": self.region, "channel": channel, "topic": topic, **more}
        answer = self.program.post({"questions": [question]})
        self.assertEqual(answer.status, 200, answer.body)
        return [reason["code"] for reason in json.loads(answer.body)["decisions"][0]["reasons"]]

    def expect(self, code, **question):
        codes = self.reasons(**question)
        self.assertIn(code, codes)
        SEEN[code] += 1
        return codes

    def test_allowed(self):
        self.yes()
        self.assertEqual(self.reasons(), [])

    def test_never_consented(self):
        self.assertEqual(self.expect("never_consented"), ["never_consented"])

    def test_unconfirmed(self):
        self.yes(proven=False)
        self.assertEqual(self.expect("unconfirmed"), ["unconfirmed"])

    def test_topic_not_granted(self):
        self.yes(topics=("orders",))
        self.assertEqual(self.expect("topic_not_granted"), ["topic_not_granted"])

    def test_channel_not_granted(self):
        self.yes(channels=("sms",))
        self.assertEqual(self.expect("channel_not_granted"), ["channel_not_granted"])

    def test_withdrawn(self):
        b.keep_topics(self.client, self.yes(), ["orders"])
        self.assertEqual(self.expect("withdrawn"), ["withdrawn"])

    def test_suppressed(self):
        self.yes()
        b.stop_by_number(self.client, self.number, self.region)
        self.assertEqual(self.expect("suppressed"), ["suppressed"])

    def test_restricted(self):
        self.yes()
        b.Box.expect(self.box.cli("restrict", "-", "--region", self.region, "--reason", "accuracy", stdin=self.number))
        self.assertEqual(self.expect("restricted"), ["restricted"])

    def test_native_stop(self):
        self.yes()
        report = {"fact": "native_stop", "number": self.number, "region": self.region, "channel": "whatsapp"}
        self.assertEqual(self.program.done("/v1/facts", report), {"changed": 1})
        self.assertEqual(self.expect("native_stop"), ["native_stop"])
        self.assertEqual(self.reasons(topic="orders"), [])
        page = self.till.check(self.number)
        self.assertEqual(page.headline, "✖ No adverts: they blocked them on WhatsApp.")
        report["fact"] = "native_resume"
        self.assertEqual(self.program.done("/v1/facts", report), {"changed": 1})
        self.assertEqual(self.reasons(), [])

    def test_window(self):
        self.yes()
        closed = ["window_closed_template_required"]
        self.assertEqual(self.expect(*closed, form="free_text"), closed)
        self.assertEqual(self.reasons(), [])
        wrote = {"number": self.number, "region": self.region, "channel": "whatsapp", "text": "Hola"}
        self.assertEqual(self.program.done("/v1/inbound", wrote)["wish"], "none")
        self.assertEqual(self.reasons(form="free_text"), [])
        told = self.box.cli("decide", "-", "--region", self.region, "--channel", "whatsapp", "--topic", "offers",
                            "--free-text", stdin=self.number)
        self.assertEqual(told.returncode, 0, told.stdout)
        self.assertNotIn("no_money", told.stdout)
        self.box.set_clock(moment(4, 11))
        self.assertEqual(self.expect(*closed, form="free_text"), closed)

    def test_one_time(self):
        receipt = b.opt_in(self.client, self.number, self.region, link="estante", topics=["back"])
        self.assertEqual(self.till.confirm(receipt.code).status, 200)
        self.assertIn("Write now", self.till.check(self.number, topic="back").text)
        self.till.write(self.till.check(self.number, topic="back"))
        self.box.set_clock(moment(4, 11))
        self.assertEqual(self.expect("one_time_spent", topic="back"), ["one_time_spent"])
        self.assertEqual(self.till.check(self.number, topic="back").headline, "✖ No. They have had it.")
        again = b.opt_in(self.client, self.number, self.region, link="estante", topics=["back"])
        self.assertEqual(self.till.confirm(again.code).status, 200)
        self.assertEqual(self.reasons(topic="back"), [])
        self.box.set_clock(moment(3, 11) + 190 * 86400)
        codes = self.expect("one_time_expired", topic="back")
        self.assertNotIn("expired", codes)

    def test_quality(self):
        self.yes()
        report = {"channel": "whatsapp", "rating": "medium"}
        self.assertEqual(self.program.done("/v1/quality", report), {"changed": 1})
        self.assertEqual(self.reasons(), [])
        self.till.write(self.till.check(self.number))
        self.box.set_clock(moment(4, 11))
        self.assertEqual(self.expect("quality_low"), ["quality_low"])
        self.assertEqual(self.till.check(self.number).headline, "◷ Fewer messages for now.")
        self.box.set_clock(moment(7, 11))
        self.assertEqual(self.reasons(), [])
        report["rating"] = "low"
        self.assertEqual(self.program.done("/v1/quality", report), {"changed": 1})
        self.assertEqual(self.program.done("/v1/quality", report), {"changed": 0})
        report["rating"] = "high"
        self.assertEqual(self.program.done("/v1/quality", report, 400)["error"]["code"], "at")
        self.assertEqual(self.expect("quality_low"), ["quality_low"])
        self.assertEqual(self.reasons(topic="orders"), [])

    def test_history_gone(self):
        self.yes()
        then = moment(3, 12)
        self.box.set_clock(moment(3, 13) + 150 * 86400)
        question = {"number": self.number, "region": self.region, "channel": "whatsapp", "topic": "offers"}

        def codes(as_of):
            time = datetime.datetime.fromtimestamp(as_of, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
            decision = self.program.done("/v1/decide", {"questions": [question], "as_of": time})["decisions"][0]
            self.assertEqual(decision["as_of"], time)
            return [reason["code"] for reason in decision["reasons"]]

        self.assertEqual(codes(then), [])
        self.assertEqual(codes(moment(3, 10)), ["never_consented"])
        self.assertEqual(set(codes(moment(3, 21))), {"quiet_hours"})
        told = self.box.cli("decide", "-", "--region", self.region, "--channel", "whatsapp", "--topic", "offers",
                            "--as-of", "2026-12-03T11:00:00Z", stdin=self.number)
        self.assertEqual((told.returncode, told.stdout.split("\n")[0]), (0, "yes"), told.stdout)
        self.box.set_clock(then + 420 * 86400)
        self.assertEqual(codes(then), ["history_gone"])
        SEEN["history_gone"] += 1

    def test_expired(self):
        self.yes()
        self.box.set_clock(moment(3, 11) + 740 * 86400)
        self.assertIn("expired", self.reasons())
        SEEN["expired"] += 1

    def test_clock_untrusted(self):
        self.yes()
        self.box.set_clock(moment(3, 11), "untrusted")
        self.assertEqual(self.expect("clock_untrusted"), ["clock_untrusted"])

    def test_cap_day_and_week(self):
        self.yes()
        for day in (7, 9, 10):
            self.box.set_clock(moment(day, 11))
            self.till = self.box.staff()
            self.assertEqual(self.till.write(self.till.check(self.number)).status, 200)
            self.expect("cap_day")
        self.box.set_clock(moment(11, 11))
        self.assertEqual(set(self.expect("cap_week")), {"cap_week"})

    def test_quiet_hours_and_days(self):
        self.yes()
        self.box.set_clock(moment(3, 21))
        self.expect("quiet_hours")
        self.box.set_clock(moment(6, 11))
        self.expect("quiet_day")

    def test_holiday(self):
        self.yes()
        self.box.set_clock(moment(8, 11))
        self.expect("holiday")

    def test_country_blocked(self):
        self.number, self.region = "202 555 0113", "US"
        self.yes()
        self.expect("country_blocked")

    def test_category_forbidden(self):
        self.number, self.region = "+34 600 000 001", "ES"
        self.yes()
        self.expect("category_forbidden", channel="sms")

    def test_too_late(self):
        self.yes()
        self.expect("too_late", useful_until="2026-12-03T09:00:00Z")

    def test_ledger_damaged(self):
        """A bit of their line flips on the disk while the box is off."""
        with b.folder() as at, b.Box(at / "shop").make(peer=False) as box:
            with box.start(), box.customer() as client:
                program = api.Program(box)
                box.staff().confirm(b.opt_in(client, self.number, self.region).code)
                self.assertEqual(box.stop(), 0)
            file = box.data / "ledger.db"
            data = bytearray(file.read_bytes())
            spot = bytes(data).index(b'"typ":"consent.grant"')
            data[spot + 9] ^= 1
            file.write_bytes(data)
            with box.start():
                self.program = program
                self.program.client = box.staff_client()
                self.assertEqual(self.expect("ledger_damaged")[0], "ledger_damaged")


class Report(unittest.TestCase):
    """Where each code comes up."""

    def test_three_cases_and_one_journey_for_each_reason(self):
        codes = all_codes()
        rules = [line.split("|")[-1].split() for line in self.lines("src/app/rules/cases.txt") if "|" in line and line[0] != "#"]
        by_hand = collections.Counter(word for answer in rules for word in answer if word in codes)
        tests = [line for path in sorted((b.SOURCE / "tests/unit/decide").glob("*_test.cpp")) for line in self.lines(path)]
        expected = re.findall(r'"([a-z_ ]+)"', "\n".join(tests))
        in_table = collections.Counter(word for text in expected if set(text.split()) <= set(codes) for word in text.split())
        b.say(f"{'reason':34}{'rules':>6}{'tests':>6}{'here':>6}")
        missing = []
        for code in codes:
            b.say(f"{code:34}{by_hand[code]:6}{in_table[code]:6}{SEEN[code]:6}{'  later' if code in LATER else ''}")
            if code not in LATER and (by_hand[code] + in_table[code] < 3 or not SEEN[code]):
                missing.append(code)
            self.assertFalse(code in LATER and SEEN[code], f"{code} came up: it is no longer for later")
        self.assertEqual(missing, [], "three cases and one journey for each reason")
        self.assertGreaterEqual(len(rules) + len(expected), 300)

    @staticmethod
    def lines(path):
        return (b.SOURCE / path).read_text(encoding="utf-8").splitlines()


if __name__ == "__main__":
    b.main()
