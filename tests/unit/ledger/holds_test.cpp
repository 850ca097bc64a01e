// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What is held neither an erasure nor a schedule ends, and what is no longer held ends by itself.
#include "ending.h"

#include <algorithm>

namespace counterfoil::ledger::test {
namespace {

const Retention kShortYes{"consent", "2026-10"};
constexpr Instant kNovember = 1'793'500'000;  // 2026-11-01: kShortYes is due

consent::HoldBody hold_for(std::string case_id, std::optional<Instant> until = std::nullopt) {
  return {consent::CaseId(std::move(case_id)), until, consent::UserId("maria")};
}

consent::HoldClearBody clear_of(std::string case_id) {
  return {consent::CaseId(std::move(case_id)), consent::UserId("maria")};
}

/// Rows of ledger.db, beside the running ledger.
std::int64_t count(const Box& box, const std::string& sql) {
  auto files = open_files(box.folder.path(), Access::Read);
  REQUIRE(files);
  const auto rows = files->ledger.query_integer(sql);
  REQUIRE(rows);
  return *rows;
}

/// What the schedule does on that day.
void sweep_on(Box& box, Instant day) {
  box.clock.set(day);
  const auto id = box.ledger->sweep(true);
  if (id) {
    wait_for(box, *id, State::Ended);
  } else {
    CHECK(id.error().code == Code::NotFound);
  }
}

TEST_CASE("an erasure of what is held waits, and goes on when the case is cleared") {
  const auto box = quick_box();
  const auto ana = box->ledger->open_subject(somebody(kAna), grant(), kYes, false);
  const auto bea = box->ledger->open_subject(somebody(kBea), grant(), kYes, false);
  REQUIRE((ana && bea));
  REQUIRE(box->ledger->hold({ana->subject}, hold_for("k-7"), kProof));
  CHECK(box->ledger->kept()->size() == 1);
  const auto asked = erase(*box, ana->subject);
  const auto other = erase(*box, bea->subject);  // the writer is not held up by the one that waits
  wait_for(*box, other, State::Ended);

  const auto waits = [&] {
    const auto report = box->ledger->erasure(asked);
    return report && report->state == State::Asked && report->held;
  };
  CHECK(waits());
  CHECK(box->ledger->subject_by_token(ana->token)->state.erase_asked.has_value());
  CHECK(box->ledger->submissions(phone(kAna))->size() == 1);
  CHECK(box->ledger->person(phone(kAna))->suppressed);
  SUBCASE("at once") {}
  SUBCASE("also after a start, and a hold of another case keeps it as well") {
    box->reopen();
    CHECK(waits());
    const auto held = box->ledger->kept();
    REQUIRE(held->size() == 1);
    CHECK(held->front().state.holds.contains(consent::CaseId("k-7")));
    REQUIRE(box->ledger->hold({ana->subject}, hold_for("k-8"), kProof));
    REQUIRE(box->ledger->clear_hold({ana->subject}, clear_of("k-8"), kProof));
    CHECK(waits());
  }
  REQUIRE(box->ledger->clear_hold({ana->subject}, clear_of("k-7"), kProof));
  CHECK_FALSE(wait_for(*box, asked, State::Ended).held);
  CHECK(box->ledger->submissions(phone(kAna))->empty());
  CHECK(box->ledger->subject_by_token(ana->token).error().code == Code::NotFound);
  CHECK(box->ledger->kept()->empty());
  CHECK(findings(*box, {.recipient = {}, .identity = true, .consent = true}).empty());
  CHECK(box->ledger->verify({}));
  box->reopen();
  CHECK(box->ledger->verify({}));
  CHECK(box->ledger->health().trouble.empty());
}

TEST_CASE("a hold with an end is over then, but not by a clock that nobody trusts") {
  const auto box = quick_box();
  const auto ana = box->ledger->open_subject(somebody(kAna), grant(), kYes, false);
  REQUIRE(ana);
  REQUIRE(box->ledger->hold({ana->subject}, hold_for("k-7", kStart + kDay_s), kProof));
  box->clock.set(kStart + kDay_s - 1);
  const auto asked = erase(*box, ana->subject);
  box->clock.set(kStart + kDay_s);
  box->clock.set_state(ClockState::Untrusted);
  box->reopen();
  REQUIRE(box->ledger->wait_ready(60'000));
  CHECK(box->ledger->erasure(asked)->held);
  const auto late = erase(*box, ana->subject);
  REQUIRE(box->ledger->checkpoint());  // by the time of its answer the writer has looked at both
  CHECK(box->ledger->erasure(asked)->held);
  CHECK(box->ledger->erasure(late)->held);
  box->clock.set_state(ClockState::Synced);
  REQUIRE(box->ledger->checkpoint());  // any work, or an hour, and the writer looks again
  wait_for(*box, asked, State::Ended);
  wait_for(*box, late, State::Ended);
  CHECK(box->ledger->verify({}));
}

TEST_CASE("what is due of a held person moves on among others' lines, and ends once the hold is over") {
  const auto box = quick_box();
  const auto ana = box->ledger->open_subject(somebody(kAna), grant(), kShortYes, false);
  const auto bea = box->ledger->open_subject(somebody(kBea), grant(), kShortYes, false);
  const Retention later{"consent", "2027-02"};
  const auto others = box->ledger->open_subject(somebody("+34600000003"), grant(), later, false);
  REQUIRE((ana && bea && others));
  bool restricted = false;
  SUBCASE("held") {
    REQUIRE(box->ledger->hold({ana->subject}, hold_for("k-7"), kProof));
  }
  SUBCASE("restricted") {
    restricted = true;
    const consent::RestrictBody body{consent::Actor::Person, true, "claim", consent::UserId()};
    REQUIRE(box->ledger->restrict({ana->subject}, body, kProof));
  }
  SUBCASE("held, as a start finds it") {
    REQUIRE(box->ledger->hold({ana->subject}, hold_for("k-7"), kProof));
    box->reopen();
  }
  sweep_on(*box, kNovember);
  CHECK(box->ledger->due(kNovember).empty());
  CHECK(box->ledger->subject_by_token(bea->token).error().code == Code::NotFound);
  const auto held = box->ledger->subject_by_token(ana->token);
  REQUIRE(held);
  CHECK_FALSE(held->state.damaged);
  CHECK(held->state.events == 3);  // the yes, what keeps it, the change of retention
  // One cohort for all: the lines tell nobody whose they are.
  CHECK(count(*box,
              "SELECT count(DISTINCT cohort) FROM payload WHERE seq IN (SELECT seq FROM leaf WHERE bytes "
              "LIKE '%consent.grant%')") == 1);
  CHECK(findings(*box, {.recipient = {}, .identity = true, .consent = true}).empty());
  CHECK(box->ledger->verify({}));
  box->reopen();
  CHECK(box->ledger->verify({}));
  CHECK(box->ledger->subject_by_token(ana->token)->state.events == 3);

  const auto report = box->ledger->retention_report();
  REQUIRE(report);
  REQUIRE(report->gone.size() == 1);
  CHECK(report->gone.front().by_schedule);
  CHECK(report->gone.front().lines == 1);
  CHECK(report->gone.front().t == kNovember);
  REQUIRE(report->next.size() == 2);
  CHECK(report->next.front().retention.cohort == "2027-02");
  CHECK(report->next.front().lines == 3);  // two yeses and what says that one of them moved
  CHECK(report->next.back().retention.retention_class == "proof");

  const Instant march = kNovember + 122 * kDay_s;
  if (restricted) {
    const auto asked = erase(*box, ana->subject);  // a person's own erasure is not held up
    CHECK(wait_for(*box, asked, State::Ended).lines == 4);
  } else {
    REQUIRE(box->ledger->clear_hold({ana->subject}, clear_of("k-7"), kProof));
    sweep_on(*box, march);
    CHECK(box->ledger->subject_by_token(ana->token)->state.events ==
          2);  // hold.set and hold.clear are proofs
    CHECK(box->ledger->subject_by_token(others->token).error().code == Code::NotFound);
  }
  CHECK(findings(*box, {.recipient = {}, .identity = true, .consent = true}).empty());
  CHECK(box->ledger->verify({}));
  CHECK(box->ledger->health().trouble.empty());
}

TEST_CASE("a cohort that a hold came to after the sweep waits for the next one") {
  const auto box = quick_box();
  const auto bea = box->ledger->open_subject(somebody(kBea), grant(), kYes, false);
  const auto ana = box->ledger->open_subject(somebody(kAna), grant(), kShortYes, false);
  REQUIRE((ana && bea));
  box->timing = {.overwrite_after_ms = 0, .rotate_every_ms = 3'600'000};
  box->reopen();
  wait_for(*box, erase(*box, bea->subject), State::Ended);  // the one rotation of this hour
  box->clock.set(kNovember);
  const auto swept = box->ledger->sweep(true);
  REQUIRE(swept);
  REQUIRE(box->ledger->hold({ana->subject}, hold_for("k-7"), kProof));
  box->timing = {.overwrite_after_ms = 0, .rotate_every_ms = 0};
  box->reopen();
  CHECK(wait_for(*box, *swept, State::Ended).lines == 0);
  CHECK_FALSE(box->ledger->subject_by_token(ana->token)->state.damaged);
  sweep_on(*box, kNovember);
  const auto held = box->ledger->subject_by_token(ana->token);
  REQUIRE(held);
  CHECK_FALSE(held->state.damaged);
  CHECK(held->state.pairs.size() == 2);
  CHECK(box->ledger->due(kNovember).empty());
  CHECK(box->ledger->verify({}));
}

TEST_CASE("holds are for those who are here") {
  const auto box = quick_box();
  CHECK(box->ledger->hold({}, hold_for("k-7"), kProof).error().code == Code::NotFound);
  CHECK(box->ledger->hold({consent::SubjectId{}}, hold_for("k-7"), kProof).error().code == Code::NotFound);
  const auto ana = box->ledger->open_subject(somebody(kAna), grant(), kYes, false);
  REQUIRE(ana);
  CHECK(box->ledger->hold({ana->subject}, hold_for("no name"), kProof).error().code == Code::BadInput);
  wait_for(*box, erase(*box, ana->subject), State::Ended);
  CHECK(box->ledger->hold({ana->subject}, hold_for("k-7"), kProof).error().code == Code::NotFound);
}

}  // namespace
}  // namespace counterfoil::ledger::test
