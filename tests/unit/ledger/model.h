// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What a ledger must remember, in the fewest words: the reference that a real one is compared with after
// every step. Thread rule: one thread.
#pragma once

#include "counterfoil/consent/event.h"
#include "counterfoil/consent/ids.h"
#include "ledger/ledger.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace counterfoil::ledger::test {

struct ModelLine {
  std::string name;       // log and number under which it was first written
  std::uint64_t seq = 0;  // in the log of today
  Retention kept;
};

struct ModelPerson {
  consent::SubjectId id;
  std::string token;
  std::string number;
  std::vector<ModelLine> lines;                        // acknowledged ones that are to stay
  std::vector<ModelLine> ending;                       // those that must go
  std::set<std::string> withdrawn;                     // topics
  std::map<std::string, std::optional<Instant>> held;  // cases, and when each is over by itself
  bool confirmed = false;
  bool chain_says_stop = false;
  bool partly_gone = false;
  bool erasure_waits = false;   // for a hold
  bool erasure_begins = false;  // the hold is over: at the next rotation it has ended
  bool erased = false;
  [[nodiscard]] bool is_gone() const { return lines.empty(); }
  [[nodiscard]] bool is_held(Instant now) const {
    return std::any_of(held.begin(), held.end(),
                       [&](const auto& hold) { return !hold.second || *hold.second > now; });
  }
};

struct Model {
  std::vector<ModelPerson> people;
  std::map<std::string, consent::Actor> stopped;  // number to the strongest hand
  /// Jobs that were asked for, an erasure with the place of its person.
  std::map<std::int64_t, std::optional<std::size_t>> endings;

  /// Nobody may be contacted at the number any more.
  void stop(const std::string& number, consent::Actor by) {
    const auto [at, fresh] = stopped.emplace(number, by);
    if (!fresh && at->second >= by) return;
    at->second = by;
    for (ModelPerson& person : people) {
      if (person.number == number) person.chain_says_stop = true;
    }
  }
  [[nodiscard]] bool waits(const std::optional<std::size_t>& person) const {
    return person && people[*person].erasure_waits;
  }
  void erase(ModelPerson& person, Instant now) {
    stopped[person.number] = consent::Actor::Person;
    person.erasure_waits = person.is_held(now);
    if (!person.erasure_waits) end(person);
  }
  /// Erasures whose hold is over go on.
  void release(Instant now) {
    for (ModelPerson& person : people) {
      if (!person.erasure_waits || person.is_held(now)) continue;
      person.erasure_waits = false;
      person.erasure_begins = true;
      end(person);
    }
  }
  /// What was kept until a month before this one goes, but for those who are held.
  void expire(const std::string& month, Instant now) {
    for (ModelPerson& person : people) {
      if (person.is_held(now)) continue;
      const auto due =
          std::stable_partition(person.lines.begin(), person.lines.end(),
                                [&](const ModelLine& line) { return line.kept.cohort >= month; });
      if (due == person.lines.end()) continue;
      person.ending.insert(person.ending.end(), due, person.lines.end());
      person.lines.erase(due, person.lines.end());
      person.partly_gone = true;
    }
  }

 private:
  static void end(ModelPerson& person) {
    person.ending.insert(person.ending.end(), person.lines.begin(), person.lines.end());
    person.lines.clear();
    person.erased = true;
  }
};

}  // namespace counterfoil::ledger::test
