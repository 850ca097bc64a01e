# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
"""The door for programs: the till's page, the API and the command line give one answer about anybody, whoever has no
token gets none, and a request with a mistake changes nothing.

  api.py [--shops N]    as many shops of 172 people each, every one in a state of its own (1; six are 1,032 people)"""
import argparse
import gzip
import json
import os
import random
import re
import sys
import time
import unittest

import box as b
import hours

START = 1_796_036_400  # 2026-11-30 09:00 in Madrid, a Monday
CHANNELS, TOPICS = b.BOTH_CHANNELS, b.ALL_TOPICS
SHOPS = 1


class Program:
    """A client of the API with its token."""

    def __init__(self, box, name="crm"):
        self.box = box
        self.token = b.Box.expect(box.cli("client", "add", name, "--scope", "decide", "report", "scrub")).stdout.strip()
        self.client = box.staff_client()

    def post(self, body, target="/v1/decide", **fields):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        fields.setdefault("content_type", "application/json")
        fields.setdefault("authorization", f"Bearer {self.token}")
        return self.client.post(target, data, **fields)

    def decide(self, number, region):
        """Every channel and topic in one request: {(channel, topic): Decision}."""
        pairs = [(channel, topic) for channel in CHANNELS for topic in TOPICS]
        answer = self.post({"questions": [{"number": number, "region": region, "channel": c, "topic": t} for c, t in pairs]})
        assert answer.status == 200, answer.body
        return dict(zip(pairs, json.loads(answer.body)["decisions"], strict=True))

    def done(self, target, body=b"", status=200, **fields):
        answer = self.post(body, target, **fields)
        assert answer.status == status, answer.body
        return json.loads(answer.body)

    def get(self, target):
        answer = self.client.get(target, authorization=f"Bearer {self.token}")
        assert answer.status == 200, answer.body
        return answer

    def scrub(self, numbers, piece=200_000, **order):
        """The lines of a list's result, through all its steps."""
        data = "\n".join(numbers).encode()
        at = "/v1/scrubs/" + self.done("/v1/scrubs", order, 201)["id"]
        for begin in range(0, len(data), piece):
            self.done(f"{at}/numbers?at={begin}", data[begin:begin + piece], content_type="text/plain")
        self.done(f"{at}/run", status=202)
        while (state := json.loads(self.get(at).body))["state"] == "running":
            time.sleep(0.05)
        assert state["state"] == "done", state
        lines, start = [], 0
        while True:
            page = [json.loads(line) for line in self.get(f"{at}/result?start={start}").text.splitlines()]
            lines += page[:-1]
            if page[-1]["done"]:
                break
            start = page[-1]["next"]
        assert page[-1]["count"] == len(lines) == len(numbers)
        self.done(f"{at}/end")
        return lines


def page_grid(page):
    """{(channel, topic): "deny unconfirmed …"} as the till shows it."""
    rows = re.findall(r'<tr data-question="(\S+) (\S+)" data-decision="([^"]+)">', page.text)
    return {(channel, topic): decision for channel, topic, decision in rows}


def in_codes(decision):
    return " ".join([decision["verdict"], *(reason["code"] for reason in decision["reasons"])])


class Life:
    """What happened to somebody, drawn at random; each step through the box's own doors."""

    def __init__(self, box, till, program, rng, number, region, address):
        self.box, self.till, self.program, self.rng, self.number, self.region = box, till, program, rng, number, region
        self.client = box.customer(source=address)
        self.tokens = []

    def some(self, of):
        return self.rng.sample(of, self.rng.randint(1, len(of)))

    def opt_in(self):
        receipt = b.opt_in(self.client, self.number, self.region, topics=self.some(TOPICS), channels=self.some(CHANNELS))
        self.tokens.append(receipt.token)
        if self.rng.random() < 0.7 and receipt.code:
            self.till.confirm(receipt.code)

    def change(self):
        token = self.rng.choice(self.tokens)
        page = self.client.get(f"/m/{token}")
        what = self.rng.randrange(7)
        if what < 2 and f'action="/m/{token}"' not in page.text:
            return  # stopped or erased
        if what == 0:
            b.keep_topics(self.client, token, self.some(TOPICS))
        elif what == 1:
            b.stop_all(self.client, token)
        elif what == 2:
            b.stop_by_number(self.client, self.number, self.region)
        elif what == 3:
            self.till.stop(self.number, self.region)
        elif what == 4:
            self.box.cli("restrict", "-", "--region", self.region, "--reason", "accuracy", stdin=self.number)
        elif what == 5:
            self.program.done("/v1/facts", {"fact": "native_stop", "number": self.number, "region": self.region,
                                            "channel": "whatsapp"})
        else:
            self.box.cli("erase", "-", "--region", self.region, "--reason", "asked", stdin=self.number)

    def write(self):
        verdict = self.till.check(self.number, self.region, topic=self.rng.choice(TOPICS))
        if "/staff/write" in verdict.text:
            self.till.write(verdict)


class OneAnswer(unittest.TestCase):
    def test_page_program_and_command_line_agree_about_everybody(self):
        people, seen = 0, {}
        for shop in range(SHOPS):
            seed = random.SystemRandom().randrange(2**32)
            with self.subTest(seed=seed):
                people += self.one_shop(random.Random(seed), seen)
        b.say(f"{people} people, {len(CHANNELS) * len(TOPICS)} questions each; answers: "
              + ", ".join(f"{codes} {count}" for codes, count in sorted(seen.items(), key=lambda i: -i[1])))
        self.assertGreater(len(seen), 8, "too few kinds of answers to mean anything")

    def one_shop(self, rng, seen):
        box = b.Box(self.enterContext(b.folder()) / "shop", board="fake")
        box.set_clock(START)
        box.make().write_config(hours.with_hours)
        with box.start():
            till, program = box.staff(), Program(box)
            addresses = b.loopback_addresses()
            numbers = [(b.swedish(n), "SE") for n in range(13, 99)] + [(f"202 555 01{n:02d}", "US") for n in range(86)]
            lives = [Life(box, till, program, rng, number, region, next(addresses)) for number, region in numbers]
            now = START
            for _ in range(5):
                for life in rng.sample(lives, len(lives) // 2):
                    rng.choice([life.opt_in, life.change, life.write] if life.tokens else [life.opt_in])()
                now += rng.choice([3600, 9 * 3600, 86400, 5 * 86400])
                box.set_clock(now)
                till = box.staff()
                for life in lives:
                    life.till = till
            for life in lives:
                self.agree(box, till, program, life, rng, seen)
            self.agree_on_lists(program, lives, rng)
            return len(lives)

    def agree_on_lists(self, program, lives, rng):
        channel, topic = rng.choice(CHANNELS), rng.choice(TOPICS)
        for region in ("SE", "US"):
            people = [life for life in lives if life.region == region]
            lines = program.scrub([life.number for life in people], channel=channel, topic=topic, region=region)
            for number, (life, line) in enumerate(zip(people, lines, strict=True)):
                decision = program.decide(life.number, region)[channel, topic]
                codes = list(dict.fromkeys(reason["code"] for reason in decision["reasons"]))
                self.assertEqual(line, {"line": number, "verdict": decision["verdict"], "reasons": codes,
                                        "next_allowed": decision["next_allowed"]})

    def agree(self, box, till, program, life, rng, seen):
        by_program = program.decide(life.number, life.region)
        page = till.check(life.number, life.region)
        self.assertEqual(page.status, 200)
        self.assertEqual(page_grid(page), {pair: in_codes(d) for pair, d in by_program.items()})
        channel, topic = rng.choice(list(by_program))
        by_hand = box.cli("decide", "-", "--region", life.region, "--channel", channel, "--topic", topic, "--json",
                          stdin=life.number)
        self.assertEqual(json.loads(by_hand.stdout), by_program[channel, topic])
        self.assertEqual(by_hand.returncode, 0 if by_program[channel, topic]["verdict"] == "allow" else 1)
        for decision in by_program.values():
            seen[in_codes(decision)] = seen.get(in_codes(decision), 0) + 1


class Readme(unittest.TestCase):
    def test_the_lines_for_programs_can_be_pasted(self):
        with b.folder() as at, b.Demo(at).start() as box:
            shop = {**os.environ, "SHOP": str(box.shop), "STAFF": f"https://127.0.0.1:{box.port + 1}",
                    "CA": str(box.ca), "PATH": f"{b.BIN}:{os.environ['PATH']}"}
            shop.pop("REQUESTS_CA_BUNDLE", None)
            (at / "pasted.sh").write_text(b.readme_blocks("Ask from your own program"))
            ended = b.run("bash", "-euo", "pipefail", "pasted.sh", cwd=at, env=shop)
            self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)
            by_program, by_hand = ended.stdout.splitlines()[:2]
            self.assertEqual(json.loads(by_program)["decisions"][0]["verdict"], "allow", ended.stdout)
            self.assertEqual(by_hand, "yes")


class Door(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.box = cls.enterClassContext(b.Box(cls.enterClassContext(b.folder()) / "shop").make().start())
        cls.program = Program(cls.box)
        cls.question = {"number": b.swedish(40), "region": "SE", "channel": "whatsapp", "topic": "offers"}

    def refused(self, answer, status, code=None):
        self.assertEqual(answer.status, status, answer.body[:300])
        self.assertEqual(answer.field("Content-Type").split(";")[0], "application/json")
        error = json.loads(answer.body)["error"]
        self.assertGreater(len(error["message"]), 10)
        if code:
            self.assertEqual(error["code"], code)

    def test_what_is_no_request_changes_nothing(self):
        post, one = self.program.post, {"questions": [self.question]}
        before = self.box.events()
        for wrong in ({}, [], 1, {"questions": {}}, {"questions": [self.question], "more": 1},
                      {"questions": [dict(self.question, topic="nothing")]},
                      {"questions": [dict(self.question, number=46701740640)]}):
            self.refused(post(wrong), 400)
        self.refused(post(json.dumps(one).encode("utf-16")), 400, "json")
        self.refused(post(json.dumps(one).encode("latin-1").replace(b"offers", b"\xe9")), 400, "json")
        self.refused(post(b'{"questions":' + b"[" * 60_000), 400, "json")
        self.refused(post(json.dumps(one).encode(), content_type="text/plain"), 415, "content_type")
        self.refused(post(gzip.compress(json.dumps(one).encode()), content_encoding="gzip"), 415)
        self.refused(post(one, authorization="Bearer x"), 401, "token")
        self.refused(post(one, origin="https://elsewhere.example"), 403)
        self.refused(self.program.client.get("/v1/decide"), 405)
        self.refused(post(one, target="/v1/nothing"), 404)
        with self.box.customer() as client:
            self.assertEqual(client.post("/v1/decide", json.dumps(one).encode()).status, 404)
        self.assertEqual(self.box.events(), before)

    def test_a_hundred_megabytes_are_refused_before_they_are_read(self):
        before, begin = self.box.events(), time.monotonic()
        with self.box.staff_client() as client:
            client.connect()
            client.socket.sendall(client.head("POST", "/v1/decide", [
                ("Authorization", f"Bearer {self.program.token}"), ("Content-Type", "application/json"),
                ("Content-Length", str(100 * 1024 * 1024))]))
            self.refused(client.answer(), 413)
        self.assertLess(time.monotonic() - begin, 5)
        self.assertEqual(self.box.events(), before)

    def test_whoever_has_no_token_is_answered_before_the_body(self):
        with self.box.staff_client() as client:
            client.connect()
            client.socket.sendall(client.head("POST", "/v1/decide", [
                ("Content-Type", "application/json"), ("Content-Length", "60000")]))
            answer = client.answer()
            self.refused(answer, 401, "token")
            self.assertEqual(answer.field("WWW-Authenticate"), "Bearer")

    def test_clients_come_and_go_on_the_command_line(self):
        added = self.box.cli("client", "add", "campaigns", "--scope", "decide")
        token = b.Box.expect(added).stdout.strip()
        self.assertRegex(token, r"^counterfoil_[A-Za-z0-9_-]{43}$")
        self.assertEqual(self.box.cli("client", "add", "campaigns", "--scope", "decide").returncode, b.EXIT["Conflict"])
        self.assertEqual(self.box.cli("client", "add", "Campaigns", "--scope", "decide").returncode, b.EXIT["BadInput"])
        self.assertEqual(self.box.cli("client", "add", "other", "--scope", "all").returncode, b.EXIT["BadInput"])
        self.assertRegex(b.Box.expect(self.box.cli("client", "list")).stdout, r"(?m)^campaigns +decide$")
        body = {"questions": [self.question]}
        self.assertEqual(self.program.post(body, authorization=f"Bearer {token}").status, 200)
        for path in self.box.data.iterdir():
            if path.is_file():
                self.assertNotIn(token.encode(), path.read_bytes(), path.name)
        b.Box.expect(self.box.cli("client", "remove", "campaigns"))
        self.refused(self.program.post(body, authorization=f"Bearer {token}"), 401, "token")
        self.assertEqual(self.box.cli("client", "remove", "campaigns").returncode, b.EXIT["NotFound"])

    def test_the_command_line_says_no_in_words(self):
        asked = self.box.cli("decide", "-", "--region", "SE", "--channel", "whatsapp", "--topic", "offers",
                             stdin=b.swedish(41))
        self.assertEqual(asked.returncode, 1)
        self.assertRegex(asked.stdout, r"^no\n  never_consented +\w+ +does not pass by waiting \(.+\)\n")
        for wrong in (["--channel", "pigeon", "--topic", "offers"], ["--channel", "whatsapp", "--topic", "nothing"],
                      ["--channel", "whatsapp", "--topic", "offers", "--useful-until", "noon"]):
            self.assertEqual(self.box.cli("decide", "-", *wrong, stdin=b.swedish(41)).returncode, b.EXIT["BadInput"], wrong)


class WroteBack(unittest.TestCase):
    """What somebody writes back: keywords at once, and what may be a stop once the till has read it."""

    def messages(self, till):
        page = till.client.get("/staff/messages?lang=en")
        return page, re.findall(r'<blockquote[^>]*>([^<]*)</blockquote>', page.text)

    def settle(self, till, page, verdict):
        form = page.form("/staff/messages")
        return till.client.post(form.action, form.fields(verdict=verdict), accept_language="en")

    def test_to_the_end(self):
        with b.Box(self.enterContext(b.folder()) / "shop").make().start() as box:
            till, program = box.staff(), Program(box)
            numbers = [b.swedish(n) for n in range(51, 55)]
            with box.customer() as client:
                for number in numbers:
                    self.assertEqual(till.confirm(b.opt_in(client, number).code).status, 200)

            def write(number, text):
                return program.done("/v1/inbound", {"number": number, "region": "SE", "channel": "whatsapp", "text": text})

            def why(number, topic="orders"):
                question = {"number": number, "region": "SE", "channel": "sms", "topic": topic}
                answer = program.done("/v1/decide", {"questions": [question]})
                return [reason["code"] for reason in answer["decisions"][0]["reasons"]]

            self.assertEqual(write(numbers[0], "baja"), {"topic": None, "wish": "stop_all"})
            self.assertEqual(why(numbers[0]), ["suppressed"])
            self.assertEqual(write(numbers[1], "STOP offers")["topic"], "offers")
            self.assertEqual((why(numbers[1], "offers"), why(numbers[1])), (["withdrawn"], []))
            self.assertEqual(write(numbers[2], "when do you stop <b>selling</b> figs?")["wish"], "human")
            self.assertEqual(write(numbers[3], "do not write any more, stop")["wish"], "human")
            self.assertIn("2 messages may be a stop", till.client.get("/staff?lang=en").text)
            page, texts = self.messages(till)
            self.assertEqual(texts, ["when do you stop &lt;b&gt;selling&lt;/b&gt; figs?", "do not write any more, stop"])
            self.assertNotIn("1740653", page.text)
            page = self.settle(till, page, "none")
            self.assertIn("Nothing has changed", page.text)
            # Held up by a power cut, it is still there to be read.
            box.kill()
            box.start()
            till = box.staff()
            program.client = box.staff_client()
            page, texts = self.messages(till)
            self.assertEqual(texts, ["do not write any more, stop"])
            page = self.settle(till, page, "stop")
            self.assertIn("gets no more messages", page.text)
            self.assertEqual(self.messages(till)[1], [])
            self.assertNotIn("may be a stop", till.client.get("/staff?lang=en").text)
            self.assertEqual((why(numbers[2]), why(numbers[3])), ([], ["suppressed"]))
            self.assertNotIn("figs", box.log.read_text())
            self.assertIn("intact", box.expect(box.cli("verify")).stdout)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--shops", type=int, default=SHOPS)
    known, rest = parser.parse_known_args()
    SHOPS = known.shops
    sys.argv[1:] = rest
    b.main()
