// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What a ledger must remember, in the fewest words: the reference that a real one is compared with after
// every step. Thread rule: one thread.
#pragma once

#include "counterfoil/consent/event.h"
#include "counterfoil/consent/ids.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace counterfoil::ledger::test {

struct ModelLine {
  std::uint64_t seq = 0;
  std::string until;  // month of its cohort
};

struct ModelPerson {
  consent::SubjectId id;
  std::string token;
  std::string number;
  std::vector<ModelLine> lines;       // acknowledged ones that are to stay
  std::vector<std::uint64_t> ending;  // those that must go
  std::set<std::string> withdrawn;    // topics
  bool confirmed = false;
  bool chain_says_stop = false;
  bool erased = false;
  [[nodiscard]] bool is_gone() const { return lines.empty(); }
};

struct Model {
  std::vector<ModelPerson> people;
  std::map<std::string, consent::Actor> stopped;  // number to the strongest hand
  std::vector<std::int64_t> endings;              // numbers of the jobs that were asked for

  /// Nobody may be contacted at the number any more.
  void stop(const std::string& number, consent::Actor by) {
    const auto [at, fresh] = stopped.emplace(number, by);
    if (!fresh && at->second >= by) return;
    at->second = by;
    for (ModelPerson& person : people) {
      if (person.number == number) person.chain_says_stop = true;
    }
  }
  void erase(ModelPerson& person) {
    const auto by = consent::Actor::Person;
    const auto [at, fresh] = stopped.emplace(person.number, by);
    at->second = by;
    for (const ModelLine& line : person.lines) person.ending.push_back(line.seq);
    person.lines.clear();
    person.erased = true;
  }
  /// What was kept until a month before this one goes; true when there was something.
  void expire(const std::string& month) {
    for (ModelPerson& person : people) {
      const auto due = std::stable_partition(person.lines.begin(), person.lines.end(),
                                             [&](const ModelLine& line) { return line.until >= month; });
      for (auto line = due; line != person.lines.end(); ++line) person.ending.push_back(line->seq);
      person.lines.erase(due, person.lines.end());
    }
  }
};

}  // namespace counterfoil::ledger::test
