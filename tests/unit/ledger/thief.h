// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Somebody who took ledger.db, and nothing else, and wants to know which lines are one person's. Thread rule:
// one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace counterfoil::ledger::test {

/// Everything that stands in clear about one leaf.
struct SeenLeaf {
  std::uint64_t seq = 0;
  bool deleted = false;
  std::string typ, rc, coh;  // empty once the line is deleted
  std::int64_t t = 0;
  std::int64_t cohort = 0;  // the number of its cohort key
  std::int64_t size = 0;    // of its ciphertext
  std::string h;
  std::string secrets;          // what should look random: hash, h, commitments, salt, ciphertext
  std::int64_t tombstone = -1;  // the line that says it is gone
  std::int64_t range = -1;      // the range of the tombstone that it is in
};

struct Loot {
  std::vector<SeenLeaf> leaves;     // about persons, in the order of the log
  std::set<std::int64_t> tag_days;  // from which a suppression tag dates
};

/// Reads every table of the file; its -wal, when there is one, must lie beside it. Throws.
Loot steal(const std::string& ledger_db);

/// What the thief says of one leaf: all leaves of a group are one person's, and when they have sides, each of
/// side 1 belongs to one of side 2. An empty group: nothing.
struct Claim {
  std::string group;
  int side = 0;
};

/// Among which leaves persons are dealt anew: what all of them have in common is no claim of the thief's.
enum class Alike { TypeClassAndCohort, Type };

struct Strategy {
  const char* name;
  std::function<std::vector<Claim>(const Loot&)> claims;
  Alike alike = Alike::TypeClassAndCohort;
};
const std::vector<Strategy>& strategies();

/// Pairs of one person among those that were claimed.
struct Score {
  std::uint64_t found = 0;
  double chance = 0;     // what the same claims find when persons are dealt anew among leaves that are alike
  double deviation = 0;  // the standard deviation of that
  /// One run in a million says so of an honest ledger.
  [[nodiscard]] bool is_better_than_chance() const {
    return static_cast<double>(found) > chance + 6 * deviation;
  }
};

/// owners: the person of each leaf of the loot, from 0.
Score score(const Loot& loot, const Strategy& strategy, const std::vector<std::size_t>& owners);

}  // namespace counterfoil::ledger::test
