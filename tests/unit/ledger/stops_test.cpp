// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Stops: the tag at once, the event in every chain by the next checkpoint.
#include "base/limits.h"
#include "ending.h"

#include <algorithm>
#include <map>

namespace counterfoil::ledger::test {
namespace {

consent::StopBody stop_by(consent::Actor by, const std::string& via) {
  return {.by = by, .via = via, .user = {}, .told_at = {}};
}

std::size_t stopped_chains(const Box& box, const std::string& number) {
  const auto person = box.ledger->person(phone(number));
  REQUIRE(person);
  CHECK_FALSE(person->damaged);
  return static_cast<std::size_t>(std::count_if(person->subjects.begin(), person->subjects.end(),
                                                [](const auto& state) { return state.stop.has_value(); }));
}

TEST_CASE("a stop by number stops every submission that names it, once") {
  const auto box = new_box();
  const auto first = box->ledger->open_subject(somebody(kAna), grant(), kYes, true);
  const auto second = box->ledger->open_subject(somebody(kAna), grant(), kYes, true);
  const auto other = box->ledger->open_subject(somebody(kBea), grant(), kYes, true);
  REQUIRE((first && second && other));
  const auto stopped = box->ledger->stop({phone(kAna)}, stop_of_person(), kProof);
  REQUIRE(stopped);
  const auto size = box->ledger->health().size;
  CHECK(size == 8);
  REQUIRE(box->ledger->stop({phone(kAna)}, stop_of_person(), kProof));
  CHECK(box->ledger->health().size == size);
  for (int round = 0; round < 2; ++round) {
    CHECK(box->ledger->suppressed(phone(kAna)));
    CHECK_FALSE(box->ledger->suppressed(phone(kBea)));
    const auto person = box->ledger->person(phone(kAna));
    REQUIRE(person);
    CHECK(person->suppressed);
    REQUIRE(person->subjects.size() == 2);
    for (const auto& state : person->subjects) CHECK(state.stop);
    CHECK_FALSE(box->ledger->subject(other->subject)->state.stop);
    box->reopen();
  }
}

TEST_CASE("a stop by a number that nobody knows is kept, without the number") {
  const auto box = new_box();
  const auto before = box->ledger->health().subjects;
  const auto stopped = box->ledger->stop({phone(kAna)}, stop_of_person(), kProof);
  REQUIRE(stopped);
  CHECK(stopped->seq.value == 3);
  CHECK(box->ledger->health().subjects == before + 1);
  REQUIRE(box->ledger->stop({phone(kAna)}, stop_of_person(), kProof));
  CHECK(box->ledger->health().size == 4);
  box->reopen();
  CHECK(box->ledger->suppressed(phone(kAna)));
  CHECK(box->ledger->person(phone(kAna))->subjects.empty());
  CHECK(box->ledger->verify({}));
  // Who comes later with that number is suppressed from the start.
  REQUIRE(box->ledger->open_subject(somebody(kAna), grant(), kYes, true));
  CHECK(box->ledger->person(phone(kAna))->suppressed);
}

TEST_CASE(
    "a stranger's many submissions do not hold a stop up, and each chain says it by the next checkpoint") {
  const auto box = new_box();
  constexpr std::size_t kMany = limits::kStopFoldsMax + 6;
  for (std::size_t i = 0; i < kMany; ++i)
    REQUIRE(box->ledger->open_subject(somebody(kAna), grant(), kYes, false));
  REQUIRE(box->ledger->stop({phone(kAna)}, stop_of_person(), kProof));
  CHECK(box->ledger->suppressed(phone(kAna)));
  CHECK(stopped_chains(*box, kAna) == limits::kStopFoldsMax);
  SUBCASE("because somebody pulls") {
    REQUIRE(box->ledger->checkpoint());
  }
  SUBCASE("because the box started anew") {
    box->reopen();
    REQUIRE(box->ledger->checkpoint());
  }
  CHECK(stopped_chains(*box, kAna) == kMany);
  const auto size = box->ledger->health().size;
  REQUIRE(box->ledger->checkpoint());
  CHECK(box->ledger->health().size == size);
  CHECK(box->ledger->verify({}));
}

TEST_CASE("a yes after a stop says so in its chain, but not in its own commit") {
  const auto box = new_box();
  REQUIRE(box->ledger->stop({phone(kAna)}, stop_of_person(), kProof));
  const auto before = box->ledger->health().size;
  const auto opened = box->ledger->open_subject(somebody(kAna), grant(), kYes, true);
  REQUIRE(opened);
  CHECK(box->ledger->health().size == before + 1);
  CHECK_FALSE(box->ledger->subject(opened->subject)->state.stop);
  REQUIRE(box->ledger->checkpoint());
  const auto state = box->ledger->subject(opened->subject)->state;
  REQUIRE(state.stop);
  CHECK(state.stop->by == consent::Actor::Person);
  CHECK_FALSE(state.link_stop);
  CHECK(box->ledger->verify({}));
}

TEST_CASE(
    "a stop that follows a yes is filed as any stop of its time is, unless it would go before the yes") {
  const auto box = new_box();
  REQUIRE(box->ledger->stop({phone(kAna)}, stop_of_person(), kProof));
  REQUIRE(box->ledger->open_subject(somebody(kAna), grant(), kYes, true));
  const Retention longer{"lease", "2031-02"};
  REQUIRE(box->ledger->open_subject(somebody(kAna), grant(), longer, true));
  REQUIRE(box->ledger->checkpoint());
  std::map<std::pair<std::string, std::string>, std::uint64_t> lines;
  const auto report = box->ledger->retention_report();
  REQUIRE(report);
  for (const auto& next : report->next)
    lines[{next.retention.retention_class, next.retention.cohort}] = next.lines;
  CHECK(lines[{kYes.retention_class, kYes.cohort}] == 1);
  CHECK(lines[{kProof.retention_class, kProof.cohort}] == 2);
  CHECK(lines[{longer.retention_class, longer.cohort}] == 2);
}

TEST_CASE("a stop follows into a chain whose yes went by schedule") {
  const auto box = quick_box();
  for (std::size_t i = 0; i < limits::kStopFoldsMax; ++i)
    REQUIRE(box->ledger->open_subject(somebody(kAna), grant(), kYes, false));
  const auto last = box->ledger->open_subject(somebody(kAna), grant(), {"consent", "2026-10"}, false);
  REQUIRE(last);
  REQUIRE(box->ledger->confirm(last->subject, confirmed_by_staff(), kProof));
  box->clock.set(kStart + 50 * kDay_s);
  const auto swept = box->ledger->sweep(true);
  REQUIRE(swept);
  wait_for(*box, *swept, State::Ended);
  REQUIRE(box->ledger->stop({phone(kAna)}, stop_of_person(), kProof));
  CHECK(stopped_chains(*box, kAna) == limits::kStopFoldsMax);
  box->reopen();  // what should follow is found by its tag
  REQUIRE(box->ledger->checkpoint());
  CHECK(stopped_chains(*box, kAna) == limits::kStopFoldsMax + 1);
}

TEST_CASE("a stronger hand stops what a weaker one stopped, never the other way round") {
  const auto box = new_box();
  const auto opened = box->ledger->open_subject(somebody(kAna), grant(), kYes, true);
  REQUIRE(opened);
  REQUIRE(box->ledger->stop({phone(kAna)}, stop_by(consent::Actor::Staff, "till"), kProof));
  CHECK(box->ledger->subject(opened->subject)->state.stop->by == consent::Actor::Staff);
  box->reopen();
  REQUIRE(box->ledger->stop({phone(kAna)}, stop_of_person(), kProof));
  CHECK(box->ledger->subject(opened->subject)->state.stop->by == consent::Actor::Person);
  const auto size = box->ledger->health().size;
  REQUIRE(box->ledger->stop({phone(kAna)}, stop_by(consent::Actor::Manager, "till"), kProof));
  CHECK(box->ledger->health().size == size);
}

TEST_CASE("a link's own stop stands in its chain although the number was stopped before") {
  const auto box = new_box();
  const auto opened = box->ledger->open_subject(somebody(kAna), grant(), kYes, true);
  const auto other = box->ledger->open_subject(somebody(kAna), grant(), kYes, true);
  REQUIRE((opened && other));
  REQUIRE(box->ledger->stop({phone(kAna)}, stop_of_person(), kProof));
  CHECK_FALSE(box->ledger->subject(opened->subject)->state.link_stop);
  const auto by_link = stop_by(consent::Actor::Person, "link");
  REQUIRE(box->ledger->stop_subject(opened->subject, by_link, kProof));
  CHECK(box->ledger->subject(opened->subject)->state.link_stop);
  CHECK_FALSE(box->ledger->subject(other->subject)->state.link_stop);
  const auto size = box->ledger->health().size;
  const auto again = box->ledger->stop_subject(opened->subject, by_link, kProof);
  REQUIRE(again);
  CHECK(again->seq.value == 0);
  CHECK(box->ledger->health().size == size);
}

TEST_CASE("a submission's link stops its number for everybody") {
  const auto box = new_box();
  const auto opened = box->ledger->open_subject(somebody(kAna), grant(), kYes, true);
  const auto other = box->ledger->open_subject(somebody(kAna), grant(), kYes, true);
  REQUIRE((opened && other));
  REQUIRE(box->ledger->stop_subject(opened->subject, stop_by(consent::Actor::Person, "link"), kProof));
  CHECK(box->ledger->suppressed(phone(kAna)));
  CHECK(stopped_chains(*box, kAna) == 2);
}

}  // namespace
}  // namespace counterfoil::ledger::test
