// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Many callers, one sync.
#include "fixture.h"

#include <set>
#include <thread>

namespace counterfoil::ledger::test {
namespace {

TEST_CASE("64 callers share commits, and each finds what it wrote") {
  constexpr unsigned kCallers = 64;
  constexpr unsigned kEach = 4;
  const auto box = new_box();
  const auto commits = box->ledger->commits();
  std::mutex mutex;
  std::set<std::string> tokens;
  std::set<std::string> codes;
  std::set<std::uint64_t> places;
  std::atomic<unsigned> wrong{0};
  std::vector<std::thread> threads;
  for (unsigned k = 0; k < kCallers; ++k) {
    threads.emplace_back([&, k] {
      for (unsigned i = 0; i < kEach; ++i) {
        const auto number = "+346" + std::to_string(10'000'000 + k * kEach + i);
        const auto opened = box->ledger->open_subject(somebody(number), grant(), kYes, true);
        if (!opened || box->ledger->health().size <= opened->event.seq.value ||
            !box->ledger->subject_by_token(opened->token) ||
            box->ledger->person(phone(number))->subjects.size() != 1) {
          ++wrong;
          continue;
        }
        const std::lock_guard lock(mutex);
        tokens.insert(opened->token);
        codes.insert(opened->code);
        places.insert(opened->event.seq.value);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(tokens.size() == kCallers * kEach);
  CHECK(codes.size() == kCallers * kEach);
  CHECK(places.size() == kCallers * kEach);
  const auto made = box->ledger->commits() - commits;
  MESSAGE("commits for " << kCallers * kEach << " submissions: " << made);
  CHECK(made < kCallers * kEach / 2);
  CHECK(box->ledger->verify({}));
}

TEST_CASE("many callers add to one chain, and each event has its place") {
  constexpr unsigned kCallers = 16;
  const auto box = new_box();
  const auto opened = box->ledger->open_subject(somebody(kAna), grant(), kYes, true);
  REQUIRE(opened);
  std::vector<std::thread> threads;
  std::atomic<unsigned> wrong{0};
  for (unsigned k = 0; k < kCallers; ++k) {
    threads.emplace_back([&] {
      if (!box->ledger->confirm(opened->subject, confirmed_by_staff(), kYes)) ++wrong;
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(box->ledger->events(opened->subject)->size() == 1 + kCallers);
}

std::vector<Opening> openings(std::size_t count) {
  std::vector<Opening> out;
  for (std::size_t i = 0; i < count; ++i)
    out.push_back({somebody("+346" + std::to_string(20'000'000 + i)), grant(), kYes});
  return out;
}

TEST_CASE("a list is one commit, in its order, and each finds their own") {
  const auto box = new_box();
  const auto commits = box->ledger->commits();
  const auto list = openings(600);  // more than two tiles
  const auto opened = box->ledger->open_subjects(list);
  REQUIRE(opened);
  REQUIRE(opened->size() == list.size());
  CHECK(box->ledger->commits() == commits + 1);
  unsigned wrong = 0;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Opened& one = (*opened)[i];
    const auto by_link = box->ledger->subject_by_token(one.token);
    const auto person = box->ledger->person(list[i].identity.addresses.front());
    if (!by_link || by_link->id != one.subject || !person || person->subjects.size() != 1 ||
        one.event.seq.value != opened->front().event.seq.value + i || !one.code.empty())
      ++wrong;
  }
  CHECK(wrong == 0);
  CHECK(box->ledger->verify({}));
  box->reopen();
  CHECK(box->ledger->person(list.back().identity.addresses.front())->subjects.size() == 1);
}

TEST_CASE("a list is recorded whole or not at all") {
  const auto box = new_box();
  const auto size = box->ledger->health().size;
  auto list = openings(3);
  list[1].identity.addresses.clear();
  CHECK(box->ledger->open_subjects(list).error().code == Code::BadInput);
  CHECK(box->ledger->open_subjects(openings(limits::kOpenedTogetherMax + 1)).error().code == Code::Limit);
  CHECK(box->ledger->open_subjects({})->empty());
  CHECK(box->ledger->health().size == size);
  CHECK(box->ledger->person(list[0].identity.addresses.front())->subjects.empty());
}

TEST_CASE("whoever stopped before a list came stays stopped, in their chain too") {
  const auto box = new_box();
  const auto list = openings(3);
  REQUIRE(box->ledger->stop({list[1].identity.addresses.front()}, stop_of_person(), kProof));
  const auto opened = box->ledger->open_subjects(list);
  REQUIRE(opened);
  REQUIRE(box->ledger->checkpoint());
  CHECK_FALSE(box->ledger->subject((*opened)[0].subject)->state.stop);
  CHECK(box->ledger->subject((*opened)[1].subject)->state.stop);
}

TEST_CASE("the same stop from many callers is written once") {
  const auto box = new_box();
  REQUIRE(box->ledger->open_subject(somebody("+34600000001"), grant(), kYes, true));
  const auto size = box->ledger->health().size;
  std::vector<std::thread> threads;
  std::atomic<unsigned> wrong{0};
  for (unsigned k = 0; k < 16; ++k) {
    threads.emplace_back([&] {
      if (!box->ledger->stop({phone("+34600000001")}, stop_of_person(), kProof)) ++wrong;
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(box->ledger->health().size == size + 1);
}

}  // namespace
}  // namespace counterfoil::ledger::test
