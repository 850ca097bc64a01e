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
