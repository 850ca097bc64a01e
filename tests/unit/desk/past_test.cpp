// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The answer of another moment: what was decided then is decided again from what is kept.
#include "tests/support/shop.h"

#include <doctest/doctest.h>

#include <random>

namespace counterfoil::desk {
namespace {

using consent::Channel;

const consent::UserId kAuditor("auditor");

std::string number(int n) {
  return "+4670174060" + std::to_string(n);
}

std::vector<decide::Decision> decided(test::Shop& shop, const std::string& of, const Moment& moment) {
  std::vector<decide::Question> questions;
  for (const Channel channel : {Channel::WhatsApp, Channel::Sms})
    for (const char* topic : {"offers", "orders"}) {
      Asked asked{of, "", channel, consent::TopicId(topic)};
      asked.free_text = channel == Channel::WhatsApp;
      const auto question = shop.desk->question(asked);
      REQUIRE(question);
      questions.push_back(*question);
    }
  auto out = shop.desk->decide(questions, moment, kAuditor);
  REQUIRE(out);
  return *std::move(out);
}

std::string reasons_of(const decide::Decision& decision) {
  std::string out;
  for (const auto& reason : decision.reasons)
    out += (out.empty() ? "" : " ") + std::string(decide::reason_name(reason.code));
  return out.empty() ? "allow" : out;
}

/// One person's life, a step at a time.
class Life {
 public:
  Life(test::Shop& shop, std::string number) : shop_(shop), number_(std::move(number)) {}

  void step(std::mt19937& rng) {
    const auto below = [&](unsigned n) { return static_cast<unsigned>(rng() % n); };
    switch (tokens_.empty() ? 0 : below(8)) {
      case 0:
      case 1: {
        auto form = shop_.request(number_);
        if (below(2) == 0) form.topics = {consent::TopicId("offers")};
        const auto given = shop_.desk->opt_in(form);
        REQUIRE(given);
        tokens_.push_back(given->token);
        if (below(4) > 0) (void)shop_.desk->confirm(given->code, shop_.cashier);
        break;
      }
      case 2:
        REQUIRE(shop_.desk->keep(tokens_[below(static_cast<unsigned>(tokens_.size()))],
                                 {consent::TopicId("orders")}));
        break;
      case 3:
        REQUIRE(
            shop_.desk->native(number_, "", {below(2) == 0, shop_.clock.now(), Channel::WhatsApp, {}, "x"}));
        break;
      case 4:
        REQUIRE(shop_.desk->hear({number_, "", Channel::WhatsApp, {}, shop_.clock.now(), "Hola", "x"}));
        break;
      case 5:
        REQUIRE(shop_.desk->restrict(tokens_.front(), below(2) == 0));
        break;
      case 6:
        REQUIRE(shop_.desk->write({number_, "", Channel::Sms, consent::TopicId("orders")}, shop_.cashier));
        break;
      default:
        if (below(3) == 0) REQUIRE(shop_.desk->stop_by_number(number_, "", stop_));
        break;
    }
  }

 private:
  test::Shop& shop_;
  std::string number_;
  std::vector<std::string> tokens_;
  const consent::StopBody stop_{consent::Actor::Person, "number", {}, std::nullopt};
};

}  // namespace

TEST_CASE("property - what was decided at a moment is decided of it later") {
  test::Shop shop;
  std::mt19937 rng(20261128);
  std::map<std::pair<int, Instant>, std::vector<decide::Decision>> then;
  std::vector<Life> lives;
  for (int n = 0; n < 8; ++n) lives.emplace_back(shop, number(n));
  std::set<std::string> seen;
  for (int day = 0; day < 30; ++day) {
    for (int n = 0; n < 8; ++n) {
      shop.clock.advance(static_cast<Instant>(rng() % (kDay_s / 8)) + 1);
      if (rng() % 3 > 0) lives[static_cast<std::size_t>(n)].step(rng);
      shop.clock.advance(1);
      const int whom = static_cast<int>(rng() % 8);
      then[{whom, shop.clock.now()}] = decided(shop, number(whom), {});
      for (const auto& decision : then[{whom, shop.clock.now()}]) seen.insert(reasons_of(decision));
    }
  }
  shop.clock.advance(10 * kDay_s);
  for (const auto& [whose, decisions] : then) {
    CAPTURE(whose.first);
    CAPTURE(whose.second);
    REQUIRE(decided(shop, number(whose.first), {whose.second, true}) == decisions);
  }
  CHECK(seen.size() > 6);
}

TEST_CASE("who has stopped everything is suppressed at any moment, but for whoever runs the box") {
  test::Shop shop;
  const auto given = shop.desk->opt_in(shop.request(number(1)));
  REQUIRE(given);
  REQUIRE(shop.desk->confirm(given->code, shop.cashier));
  shop.clock.advance(kDay_s);
  const Instant before = shop.clock.now();
  shop.clock.advance(kDay_s);
  REQUIRE(shop.desk->stop_all(given->token));
  shop.clock.advance(kDay_s);
  const auto at = [&](const Moment& moment) { return reasons_of(decided(shop, number(1), moment)[2]); };
  CHECK(at({before, false}) == "suppressed");
  CHECK(at({before, true}) == "allow");
  CHECK(at({shop.clock.now() - 1, true}) == "suppressed");
  // An erasure leaves nothing to tell.
  REQUIRE(shop.desk->erase(given->token));
  CHECK(at({before, true}) == "suppressed");
}

TEST_CASE("a sender's rating counts from the moment that the platform names, in order, and stays") {
  test::Shop shop;
  decide::Rule low;
  low.id = "low";
  low.demand = decide::QualityDemand{consent::Quality::Low, {}};
  shop.rules.rules = {low};
  shop.reopen();
  const auto given = shop.desk->opt_in(shop.request(number(4)));
  REQUIRE(given);
  REQUIRE(shop.desk->confirm(given->code, shop.cashier));
  shop.clock.advance(kDay_s);
  const Instant then = shop.clock.now();
  const auto rate = [&](consent::Quality rating, Instant t) {
    return shop.desk->rate({Channel::Sms, {}, rating, t, "client/hook"});
  };
  const auto at = [&](const Moment& moment) { return reasons_of(decided(shop, number(4), moment)[2]); };
  CHECK(rate(consent::Quality::High, then - 20).value() == false);
  CHECK(rate(consent::Quality::Low, then - 10).value() == true);
  CHECK(rate(consent::Quality::Low, then - 5).value() == false);
  CHECK(rate(consent::Quality::High, then - 10).error() == fail(Code::BadInput, "at"));
  CHECK(rate(consent::Quality::High, then + 1).error() == fail(Code::BadInput, "at"));
  CHECK(shop.desk->rate({Channel::Voice, {}, consent::Quality::Low, then, "c"}).error() ==
        fail(Code::BadInput, "channel"));
  CHECK(at({}) == "quality_low");
  // Of a sender, not of the shop.
  CHECK(decided(shop, number(4), {})[0].reasons.empty());
  shop.reopen();
  CHECK(at({}) == "quality_low");
  shop.clock.advance(kDay_s);
  CHECK(rate(consent::Quality::High, shop.clock.now()).value() == true);
  CHECK(at({}) == "allow");
  CHECK(at({then, false}) == "quality_low");
  CHECK(at({then - 11, false}) == "allow");
  CHECK(shop.desk->write({number(4), "", Channel::Sms, consent::TopicId("offers")}, shop.cashier)
            ->decision.verdict == decide::Verdict::Allow);
}

TEST_CASE("a moment of which records are deleted has no answer") {
  test::Shop shop;
  const auto given = shop.desk->opt_in(shop.request(number(2)));
  REQUIRE(given);
  REQUIRE(shop.desk->confirm(given->code, shop.cashier));
  const Instant then = shop.clock.now();
  shop.clock.advance(365 * kDay_s);
  CHECK(reasons_of(decided(shop, number(2), {then, true})[2]) == "allow");
  shop.clock.advance(40 * kDay_s);
  CHECK(reasons_of(decided(shop, number(2), {then, true})[2]) == "history_gone");
  CHECK(reasons_of(decided(shop, number(2), {})[2]) == "allow");
}

TEST_CASE("a moment to come is answered as things are, a year ahead at most") {
  test::Shop shop;
  const auto given = shop.desk->opt_in(shop.request(number(3)));
  REQUIRE(given);
  REQUIRE(shop.desk->confirm(given->code, shop.cashier));
  const Instant now = shop.clock.now();
  const auto tomorrow = decided(shop, number(3), {now + kDay_s, false})[2];
  CHECK(tomorrow.verdict == decide::Verdict::Allow);
  CHECK(tomorrow.as_of == now + kDay_s);
  const auto question = shop.desk->question({number(3), "", Channel::Sms, consent::TopicId("offers")});
  REQUIRE(question);
  const auto asked = [&](Instant t) { return shop.desk->decide({*question}, {t, true}, kAuditor).error(); };
  CHECK(asked(now + 367 * kDay_s) == fail(Code::BadInput, "as_of"));
  CHECK(asked(-1) == fail(Code::BadInput, "as_of"));
}

}  // namespace counterfoil::desk
