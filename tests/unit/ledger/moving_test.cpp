// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// A class that is kept for less than before: what is filed already goes sooner, and nothing goes later.
#include "ending.h"

namespace counterfoil::ledger::test {
namespace {

const Retention kLongYes{"consent", "2028-10"};
constexpr Instant kDecember2027 = 1'828'000'000;  // 2027-12-05

std::string in_october_2027(Instant) {
  return "2027-10-31";
}
std::string in_october_2029(Instant) {
  return "2029-10";
}

TEST_CASE("a class that is shortened lets what is filed already go sooner") {
  const auto box = quick_box();
  const auto ana = box->ledger->open_subject(somebody(kAna), grant(), kLongYes, false);
  const auto bea = box->ledger->open_subject(somebody(kBea), grant(), {"other", "2028-10"}, false);
  REQUIRE((ana && bea));
  REQUIRE(box->ledger->withdraw(
      ana->subject, {{}, {consent::TopicId("offers")}, consent::Actor::Person, "link"}, kLongYes));

  const auto counted = box->ledger->shorten("consent", in_october_2027, false, {});
  REQUIRE(counted);
  CHECK(counted->lines == 2);
  CHECK(counted->submissions == 1);
  CHECK(box->ledger->subject_by_token(ana->token)->state.events == 2);  // only counted

  CHECK(box->ledger->shorten("consent", in_october_2029, true, {})->lines == 0);  // never later
  CHECK(box->ledger->shorten("nobody's", in_october_2027, true, {})->lines == 0);
  const auto never = [](std::uint64_t, std::uint64_t) { return false; };
  CHECK(box->ledger->shorten("consent", in_october_2027, true, never).error().code == Code::Timeout);

  REQUIRE(box->ledger->shorten("consent", in_october_2027, true, {})->lines == 2);
  CHECK(box->ledger->shorten("consent", in_october_2027, true, {})->lines == 0);  // once
  const auto moved = box->ledger->events(ana->subject);
  REQUIRE(moved);
  const auto* body =
      moved->back().body ? std::get_if<consent::RetentionChangeBody>(&*moved->back().body) : nullptr;
  REQUIRE(body != nullptr);
  CHECK(body->reason == "shortened");
  CHECK(body->from == consent::Cohort{"consent", "2028-10"});
  CHECK(body->to == consent::Cohort{"consent", "2027-10-31"});
  CHECK(body->lines.size() == 2);
  CHECK(box->ledger->verify({}));
  box->reopen();

  box->clock.set(kDecember2027);
  REQUIRE(box->ledger->due(kDecember2027).size() == 1);
  const auto swept = box->ledger->sweep(true);
  REQUIRE(swept);
  CHECK(wait_for(*box, *swept, State::Ended).lines == 3);
  CHECK(box->ledger->subject_by_token(ana->token).error().code == Code::NotFound);
  CHECK(box->ledger->subject_by_token(bea->token));
  CHECK(findings(*box, {.recipient = {}, .identity = true, .consent = true}).empty());
  CHECK(box->ledger->verify({}));
}

}  // namespace
}  // namespace counterfoil::ledger::test
