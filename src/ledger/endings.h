// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What is to end: a person who asked for it, or a retention cohort that is due. Each is a row of "job" in
// ledger.db, sealed under a key of its own in keys.db, from the request until the tombstone.
//
//   Asked   the request is a leaf; nothing can be read any more; keys are still there. While a legal hold
//           keeps it waiting it can be read as before: to recipients its chain says that the person asked
//   Ending  the lines are known and stand in the row; keys.db may have moved to the epoch without the keys
//   Ended   the old epoch's secret is overwritten, lines and payloads are deleted; the tombstone is due
//
// Thread rule: value types.
#pragma once

#include "counterfoil/base/clock.h"
#include "counterfoil/base/result.h"
#include "ledger/keyring.h"
#include "proof/range_set.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace counterfoil::ledger {

/// Lines [first, last], both inside, ascending and disjoint.
using Ranges = std::vector<proof::RangeSet::Range>;
std::uint64_t count_of(const Ranges& ranges);

/// Whom a recipient is to forget: the person's handle, which is this recipient's own.
struct ErasureNotice {
  consent::RecipientId recipient;
  Handle handle{};
};

struct EndingJob {
  enum class Kind { Erase, Expire };
  using State = EndingReport::State;

  std::int64_t id = 0;
  Kind kind = Kind::Erase;
  State state = State::Asked;
  Ending what;
  bool held = false;                   // when asked for; it begins once none of its subjects is held any more
  std::vector<ErasureNotice> notices;  // made while there are keys, for when there are none
  Ranges lines;                        // from Ending on; of no other job
  std::uint64_t epoch = 0;             // from Ending on: the first epoch without the keys
  Instant gone_at = 0;                 // from Ended on
};

/// An ending is where its row says, but for one whose keys were to go in an epoch that never came.
void set_back(EndingJob& job, std::uint64_t epoch);

std::string_view kind_name(EndingJob::Kind kind);
std::string_view state_name(EndingJob::State state);

EndingReport report_of(const EndingJob& job, std::optional<std::uint64_t> tombstone);

/// The row's sealed part: subjects, cohorts, lines, epoch; padded, so that its length tells little.
Result<Bytes> seal_job(const Key& key, const EndingJob& job);
/// Fails with Corrupt.
Result<EndingJob> open_job(const Key& key, std::int64_t id, std::string_view kind, std::string_view state,
                           ByteView sealed);

}  // namespace counterfoil::ledger
