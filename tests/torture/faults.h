// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// One op of a workload fails, or all from it on: no call says ok and has not done what it says. Every op is
// tried in turn. Thread rule: one thread.
#pragma once

#include "tests/torture/torture.h"

#include <string>

namespace counterfoil::torture {

struct FaultCampaign {
  std::uint64_t seed = 1;
  /// Every tenth op is 10, each with the next kind of fault; 1 is every op with every kind.
  std::size_t every = 1;
  std::optional<std::size_t> only{};  // of the ops
  std::function<void(const Tally&)> progress{};
};

/// Each image of the tally is what a fault left, once as a restarted process finds it, once after a power
/// cut.
Tally run_faults(const FaultCampaign& campaign, const std::string& folder);

}  // namespace counterfoil::torture
