// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// A look-up stands in the chain of whom it was about, and keeps nobody.
#include "ending.h"

namespace counterfoil::ledger::test {
namespace {

const Retention kShortYes{"consent", "2026-10"};
const Retention kLong{"lookups", "2027-08"};
const Retention kShort{"lookups", "2026-09-30"};
constexpr Instant kNovember = 1'793'500'000;  // 2026-11-01: kShortYes is due, kLong is not

consent::LookupBody look_of(const char* user) {
  return {"deny", {"no_grant"}, consent::UserId(user)};
}

std::vector<Retention> cohorts_of(const Box& box, const std::string& retention_class) {
  const auto report = box.ledger->retention_report();
  REQUIRE(report);
  std::vector<Retention> out;
  for (const auto& next : report->next)
    if (next.retention.retention_class == retention_class) out.push_back(next.retention);
  return out;
}

TEST_CASE("a look-up is an event of each submission, in one commit, and survives a start") {
  const auto box = quick_box();
  const auto ana = box->ledger->open_subject(somebody(kAna), grant(), kYes, false);
  const auto bea = box->ledger->open_subject(somebody(kBea), grant(), kYes, false);
  REQUIRE((ana && bea));
  box->clock.advance(60);
  const auto looked = box->ledger->look_up({ana->subject, bea->subject}, look_of("caja-1"), kShort);
  REQUIRE(looked);
  box->reopen();
  for (const auto& id : {ana->subject, bea->subject}) {
    const auto state = box->ledger->subject(id)->state;
    CHECK(state.look_ups == 1);
    CHECK(state.looked_up == looked->t);
    CHECK_FALSE(state.damaged);
  }
  const auto events = box->ledger->events(ana->subject);
  REQUIRE(events);
  REQUIRE(events->size() == 2);
  CHECK(std::get<consent::LookupBody>(*events->back().body) == look_of("caja-1"));
  CHECK(box->ledger->verify({}));
  CHECK(box->ledger->look_up({}, look_of("caja-1"), kShort).error().code == Code::NotFound);
  CHECK(box->ledger->look_up({consent::SubjectId{}}, look_of("caja-1"), kShort).error().code ==
        Code::NotFound);
  CHECK(box->ledger->look_up({ana->subject}, look_of("no name"), kShort).error().code == Code::BadInput);
}

TEST_CASE("nobody is kept because somebody looked") {
  const auto box = quick_box();
  const auto ana = box->ledger->open_subject(somebody(kAna), grant(), kShortYes, false);
  REQUIRE(ana);
  for (int i = 0; i < 3; ++i) REQUIRE(box->ledger->look_up({ana->subject}, look_of("caja-1"), kLong));
  const auto cohorts = cohorts_of(*box, "lookups");
  REQUIRE(cohorts.size() == 1);
  CHECK(cohorts.front().cohort == kShortYes.cohort);
  REQUIRE(box->ledger->look_up({ana->subject}, look_of("caja-2"), kShort));
  CHECK(cohorts_of(*box, "lookups").size() == 2);

  box->clock.set(kNovember);
  const auto swept = box->ledger->sweep(true);
  REQUIRE(swept);
  wait_for(*box, *swept, State::Ended);
  CHECK(box->ledger->subject_by_token(ana->token).error().code == Code::NotFound);
  CHECK(box->ledger->health().subjects == 0);
  CHECK(box->ledger->verify({}));
}

}  // namespace
}  // namespace counterfoil::ledger::test
