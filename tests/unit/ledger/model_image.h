// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What the model test's files share. Thread rule: one thread.
#pragma once

#include "model_world.h"

#include <set>
#include <utility>

namespace counterfoil::ledger::test {

inline constexpr int kNever_ms = 3'600'000;
inline constexpr std::array kTimings = {Timing{0, 0}, Timing{0, kNever_ms}, Timing{kNever_ms, 0}};
inline constexpr std::array kTopics = {"offers", "orders"};

inline void must(bool holds, const std::string& otherwise) {
  if (!holds) throw Broken(otherwise);
}
template <class T>
T must(Result<T> result, const std::string& what) {
  if (!result) throw Broken(what + ": " + result.error().message());
  return *std::move(result);
}
inline void must(const Status& status, const std::string& what) {
  if (!status) throw Broken(what + ": " + status.error().message());
}

struct World::Image {
  support::TempFolder folder;
  SecretBytes anchor;
  std::uint64_t erasures = 0;  // as many had been begun when it was taken
};
void copy_database(const std::string& from, const std::string& to, const std::string& name);

struct World::Seen {
  std::set<std::uint64_t> deleted;
  std::set<std::uint64_t> dark;                 // lines about somebody that show nothing
  std::map<std::string, std::uint64_t> places;  // of each line, by the name it was first written under
};

/// Read while nobody has keys.db open.
struct KeyNames {
  std::set<consent::SubjectId> subjects;
  std::set<std::pair<std::string, std::string>> cohorts;  // class, month
  std::set<std::int64_t> jobs;
};
KeyNames keys_in(const std::string& folder);

}  // namespace counterfoil::ledger::test
