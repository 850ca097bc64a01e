// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "crypto/crypto.h"
#include "tests/support/shop.h"

#include <doctest/doctest.h>

namespace counterfoil::desk {
namespace {

using consent::Channel;
using consent::State;
using consent::TopicId;
using decide::ReasonCode;
using decide::Verdict;

constexpr const char* kAna = "070 174 06 21";
constexpr const char* kNobody = "070 174 06 98";

std::vector<ReasonCode> codes(const decide::Decision& decision) {
  std::vector<ReasonCode> out;
  for (const auto& reason : decision.reasons) out.push_back(reason.code);
  return out;
}

}  // namespace

TEST_CASE("a yes is shown as given only while it is proven, running and not taken back") {
  using consent::State;
  consent::PairState pair;
  pair.state = State::RenewedConsentGiven;
  pair.ends = 100;
  CHECK(consent::shown_state(pair, true, false, 99) == State::ConsentGiven);
  CHECK(consent::shown_state(pair, false, false, 99) == State::ConsentRequested);
  CHECK(consent::shown_state(pair, true, false, 100) == State::ConsentExpired);
  CHECK(consent::shown_state(pair, true, true, 99) == State::ConsentWithdrawn);
  pair.state = State::ConsentWithdrawn;
  CHECK(consent::shown_state(pair, true, false, 101) == State::ConsentWithdrawn);
}

TEST_CASE("a form becomes a yes only after its code was confirmed at the till") {
  test::Shop shop;
  const auto given = shop.desk->opt_in(shop.request(kAna));
  REQUIRE(given);
  CHECK(given->state == State::ConsentRequested);
  CHECK(given->code.size() == 6);
  CHECK(given->masked_number.find("174") == std::string::npos);
  CHECK(codes(shop.at_till(kAna, Channel::WhatsApp, "offers")) == std::vector{ReasonCode::Unconfirmed});

  CHECK(shop.desk->confirm("000000", shop.cashier).error().code == Code::NotFound);
  const auto confirmed = shop.desk->confirm(given->code, shop.cashier);
  REQUIRE(confirmed);
  CHECK(confirmed->state == State::ConsentGiven);
  const auto yes = shop.at_till(kAna, Channel::WhatsApp, "offers");
  CHECK(yes.verdict == Verdict::Allow);
  REQUIRE(yes.because);
  CHECK(yes.because->evidence == consent::Evidence::Present);
  CHECK(shop.desk->confirm(given->code, shop.cashier).error().code == Code::NotFound);  // a code is used once
}

TEST_CASE("guessing codes gets slower and slower, for the one who guesses") {
  test::Shop shop;
  const auto given = shop.desk->opt_in(shop.request(kAna));
  REQUIRE(given);
  const std::string wrong = given->code == "000000" ? "000001" : "000000";
  for (int i = 0; i < 5; ++i)
    CHECK(shop.desk->submission_by_code(wrong, shop.cashier).error().code == Code::NotFound);
  CHECK(shop.desk->confirm(given->code, shop.cashier).error() == fail(Code::Limit, "1"));
  const User other{consent::UserId("caja-2"), Role::Staff};
  CHECK(shop.desk->submission_by_code(given->code, other));
  shop.clock.advance(1);
  CHECK(shop.desk->confirm(given->code, shop.cashier));
}

TEST_CASE("unticking a topic withdraws that topic and nothing else") {
  test::Shop shop;
  const auto given = shop.desk->opt_in(shop.request(kAna));
  REQUIRE(given);
  REQUIRE(shop.desk->confirm(given->code, shop.cashier));
  const auto kept = shop.desk->keep(given->token, {TopicId("orders"), TopicId("care"), TopicId("tastings")});
  REQUIRE(kept);
  CHECK(codes(shop.at_till(kAna, Channel::Sms, "offers")) == std::vector{ReasonCode::Withdrawn});
  CHECK(shop.at_till(kAna, Channel::Sms, "care").verdict == Verdict::Allow);

  const auto before = shop.ledger->health().size;
  REQUIRE(shop.desk->keep(given->token,
                          {TopicId("orders"), TopicId("care"), TopicId("tastings"), TopicId("offers")}));
  CHECK(shop.ledger->health().size == before);  // nothing to withdraw, and ticking again is no new yes
  CHECK(codes(shop.at_till(kAna, Channel::Sms, "offers")) == std::vector{ReasonCode::Withdrawn});
}

TEST_CASE("stop all suppresses the number, whatever was said before or is said later") {
  test::Shop shop;
  const auto given = shop.desk->opt_in(shop.request(kAna));
  REQUIRE(given);
  REQUIRE(shop.desk->confirm(given->code, shop.cashier));
  const auto stopped = shop.desk->stop_all(given->token);
  REQUIRE(stopped);
  CHECK(stopped->stopped);
  CHECK(codes(shop.at_till(kAna, Channel::WhatsApp, "orders")) == std::vector{ReasonCode::Suppressed});

  const auto again = shop.desk->opt_in(shop.request(kAna));
  REQUIRE(again);
  CHECK(shop.desk->confirm(again->code, shop.cashier).error() == fail(Code::Conflict, "stopped"));
  CHECK(codes(shop.at_till(kAna, Channel::WhatsApp, "orders")) == std::vector{ReasonCode::Suppressed});
  shop.reopen();
  CHECK(codes(shop.at_till(kAna, Channel::WhatsApp, "orders")) == std::vector{ReasonCode::Suppressed});
}

TEST_CASE("whoever corrects a mistyped number ends what they wrote, not what its owner said") {
  test::Shop shop;
  const auto owner = shop.desk->opt_in(shop.request(kAna));
  REQUIRE(owner);
  REQUIRE(shop.desk->confirm(owner->code, shop.cashier));
  const auto mistyped = shop.desk->opt_in(shop.request(kAna));
  REQUIRE(mistyped);
  auto request = shop.request(kNobody);
  request.corrects = mistyped->token;
  const auto corrected = shop.desk->opt_in(request);
  REQUIRE(corrected);
  CHECK(corrected->token != mistyped->token);
  CHECK(corrected->state == State::ConsentRequested);
  CHECK(codes(shop.at_till(kNobody, Channel::WhatsApp, "offers")) == std::vector{ReasonCode::Unconfirmed});
  CHECK(shop.at_till(kAna, Channel::WhatsApp, "offers").verdict == Verdict::Allow);
  const auto ended = shop.desk->submission(mistyped->token);
  REQUIRE(ended);
  CHECK_FALSE(ended->stopped);
  for (const auto& choice : ended->choices) CHECK(choice.state == State::ConsentWithdrawn);
}

TEST_CASE("whoever gives up a number that they proved stops it, and has to prove the new one") {
  test::Shop shop;
  const auto old = shop.desk->opt_in(shop.request(kAna));
  REQUIRE(old);
  REQUIRE(shop.desk->confirm(old->code, shop.cashier));
  auto request = shop.request(kNobody);
  request.corrects = old->token;
  request.number = "12";
  CHECK(shop.desk->opt_in(request).error() == fail(Code::BadInput, "number"));
  CHECK(shop.at_till(kAna, Channel::WhatsApp, "offers").verdict == Verdict::Allow);
  request.number = kNobody;
  REQUIRE(shop.desk->opt_in(request));
  CHECK(codes(shop.at_till(kAna, Channel::WhatsApp, "offers")) == std::vector{ReasonCode::Suppressed});
  CHECK(codes(shop.at_till(kNobody, Channel::WhatsApp, "offers")) == std::vector{ReasonCode::Unconfirmed});
  request.corrects = "0123456789abcdefghjkmnpqrs";
  CHECK(shop.desk->opt_in(request).error().code == Code::NotFound);
}

TEST_CASE("a number corrected to itself is taken back and asked for anew, but not stopped") {
  test::Shop shop;
  const auto old = shop.desk->opt_in(shop.request(kAna));
  REQUIRE(old);
  REQUIRE(shop.desk->confirm(old->code, shop.cashier));
  auto request = shop.request(kAna);
  request.corrects = old->token;
  const auto again = shop.desk->opt_in(request);
  REQUIRE(again);
  CHECK(codes(shop.at_till(kAna, Channel::WhatsApp, "offers")) == std::vector{ReasonCode::Withdrawn});
  REQUIRE(shop.desk->confirm(again->code, shop.cashier));
  CHECK(shop.at_till(kAna, Channel::WhatsApp, "offers").verdict == Verdict::Allow);
}

TEST_CASE(
    "a second form for the same number sees and changes nothing of the first; a stop by number stops both") {
  test::Shop shop;
  auto first_request = shop.request(kAna);
  first_request.topics = {TopicId("offers"), TopicId("care")};
  const auto first = shop.desk->opt_in(first_request);
  REQUIRE(first);
  REQUIRE(shop.desk->confirm(first->code, shop.cashier));
  auto second_request = shop.request(kAna);
  second_request.topics = {TopicId("tastings")};
  const auto second = shop.desk->opt_in(second_request);
  REQUIRE(second);

  REQUIRE(second->choices.size() == second_request.channels.size());
  for (const auto& choice : second->choices) CHECK(choice.topic == TopicId("tastings"));
  REQUIRE(shop.desk->keep(second->token, {}));
  CHECK(shop.at_till(kAna, Channel::WhatsApp, "offers").verdict == Verdict::Allow);

  const auto third = shop.desk->opt_in(second_request);
  REQUIRE(third);
  consent::StopBody by;
  by.by = consent::Actor::Person;
  by.via = "number";
  REQUIRE(shop.desk->stop_by_number(kAna, "SE", by));
  CHECK(shop.desk->submission(first->token)->stopped);
  // The others were never proved: their links must not tell that the number's owner stopped.
  CHECK_FALSE(shop.desk->submission(second->token)->stopped);
  const auto unmoved = shop.desk->submission(third->token);
  REQUIRE(unmoved);
  CHECK_FALSE(unmoved->stopped);
  CHECK(unmoved->state == State::ConsentRequested);
  CHECK(unmoved->code == third->code);
  // What they do themselves shows on their pages all the same.
  REQUIRE(shop.desk->keep(third->token, {}));
  CHECK(shop.desk->submission(third->token)->state == State::ConsentWithdrawn);
  CHECK_FALSE(shop.desk->submission(third->token)->stopped);
  REQUIRE(shop.desk->stop_all(third->token));
  CHECK(shop.desk->submission(third->token)->stopped);
  CHECK_FALSE(shop.desk->submission(second->token)->stopped);
  CHECK(codes(shop.at_till(kAna, Channel::WhatsApp, "tastings")) == std::vector{ReasonCode::Suppressed});
}

TEST_CASE("a stop by number works for a number that never came, and keeps lists from adding it") {
  test::Shop shop;
  consent::StopBody by;
  by.by = consent::Actor::Person;
  by.via = "number";
  CHECK(codes(shop.at_till(kNobody, Channel::Sms, "care")) == std::vector{ReasonCode::NeverConsented});
  REQUIRE(shop.desk->stop_by_number(kNobody, "SE", by));
  CHECK(codes(shop.at_till(kNobody, Channel::Sms, "care")) == std::vector{ReasonCode::Suppressed});
  const auto size = shop.ledger->health().size;
  REQUIRE(shop.desk->stop_by_number(kNobody, "SE", by));
  CHECK(shop.ledger->health().size == size);  // a repeat writes nothing
  CHECK(shop.desk->stop_by_number("12", "SE", by).error() == fail(Code::BadInput, "number"));
}

TEST_CASE("a form that lacks something names everything it lacks and records nothing") {
  test::Shop shop;
  const auto size = shop.ledger->health().size;
  auto request = shop.request("12");
  request.channels.clear();
  request.topics.clear();
  request.age_affirmed = false;
  CHECK(shop.desk->opt_in(request).error() == fail(Code::BadInput, "no_channel no_topic number age"));
  request = shop.request(kAna);
  request.topics = {TopicId("weather")};
  CHECK(shop.desk->opt_in(request).error() == fail(Code::BadInput, "no_topic"));
  request = shop.request(kAna);
  request.notice[0] ^= 1U;
  CHECK(shop.desk->opt_in(request).error() == fail(Code::Conflict, "notice"));
  request = shop.request(kAna);
  request.link = consent::LinkId("gone");
  CHECK(shop.desk->opt_in(request).error().code == Code::NotFound);
  CHECK(shop.ledger->health().size == size);
  CHECK(shop.desk->submission("AAAAAAAAAAAAAAAAAAAAAA").error().code == Code::NotFound);
}

TEST_CASE("the receipt's undo takes the whole submission back") {
  test::Shop shop;
  const auto given = shop.desk->opt_in(shop.request(kAna));
  REQUIRE(given);
  REQUIRE(shop.desk->confirm(given->code, shop.cashier));
  const auto undone = shop.desk->undo(given->token);
  REQUIRE(undone);
  CHECK(undone->state == State::ConsentWithdrawn);
  CHECK_FALSE(undone->stopped);
  CHECK(codes(shop.at_till(kAna, Channel::Sms, "care")) == std::vector{ReasonCode::Withdrawn});
}

TEST_CASE("a confirmation is filed by its own time, so that its cohort does not tell whose it is") {
  test::Shop shop;
  shop.clock.set(1'801'396'800 + 27 * kDay_s);  // 2027-02-27: thirty days after its end are in March
  const auto given = shop.desk->opt_in(shop.request(kAna));
  REQUIRE(given);
  const auto yes = shop.ledger->retention_report();
  REQUIRE((yes && yes->next.size() == 1));
  shop.clock.set(shop.clock.now() + 4 * kDay_s);
  REQUIRE(shop.desk->confirm(given->code, shop.cashier));
  const auto both = shop.ledger->retention_report();
  REQUIRE((both && both->next.size() == 2));
  CHECK(both->next[0].retention.cohort == yes->next[0].retention.cohort);
  CHECK(both->next[1].retention.retention_class == yes->next[0].retention.retention_class);
  CHECK(both->next[1].retention.cohort > both->next[0].retention.cohort);
}

TEST_CASE("a yes ends when its promise ends") {
  test::Shop shop;
  const auto given = shop.desk->opt_in(shop.request(kAna));
  REQUIRE(given);
  REQUIRE(shop.desk->confirm(given->code, shop.cashier));
  shop.clock.set(given->ends - 1);
  CHECK(shop.at_till(kAna, Channel::Sms, "care").verdict == Verdict::Allow);
  shop.clock.set(given->ends);
  CHECK(codes(shop.at_till(kAna, Channel::Sms, "care")) == std::vector{ReasonCode::Expired});
}

TEST_CASE("an untrusted clock denies every decision and refuses no stop") {
  test::Shop shop;
  const auto given = shop.desk->opt_in(shop.request(kAna));
  REQUIRE(given);
  REQUIRE(shop.desk->confirm(given->code, shop.cashier));
  shop.clock.set(shop.clock.now() - 400 * kDay_s);
  const auto decision = shop.at_till(kAna, Channel::Sms, "care");
  CHECK(decision.verdict == Verdict::Deny);
  REQUIRE_FALSE(decision.reasons.empty());
  CHECK(decision.reasons.front().code == ReasonCode::ClockUntrusted);
  CHECK(shop.desk->stop_all(given->token));
}

TEST_CASE("the notice is hashed as its joined lines and is in the log before anybody agrees to it") {
  test::Shop shop;
  for (const char* language : {"es", "en"}) {
    const auto form = shop.desk->opt_in_form(consent::LinkId("caja"), language);
    REQUIRE(form);
    CHECK(form->notice.ref.language == language);
    CHECK(form->notice.ref.sha256 == crypto::sha256(as_bytes(form->notice.joined())));
    CHECK(shop.ledger->item("notice", hex(form->notice.ref.sha256)));
    CHECK(form->notice.lines.front().role == "title");
  }
  const auto size = shop.ledger->health().size;
  shop.reopen();
  CHECK(shop.ledger->health().size == size + 2);  // sys.boot and sys.meta: a notice is published once
}

TEST_CASE("opt-in stays closed while the notice cannot be complete, and a stop works all the same") {
  test::Shop shop;
  shop.close();
  shop.business.stop_ways.clear();
  shop.open();
  CHECK_FALSE(shop.desk->closed_because().empty());
  CHECK(shop.desk->opt_in_form(consent::LinkId("caja"), "es").error() == fail(Code::NotReady, "closed"));
  consent::StopBody by;
  by.via = "number";
  CHECK(shop.desk->stop_by_number(kAna, "SE", by));
}

}  // namespace counterfoil::desk
