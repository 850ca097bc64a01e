// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Where a telephone may be, as far as its number tells. Thread rule: any thread.
#pragma once

#include "counterfoil/consent/business.h"
#include "counterfoil/decide/decide.h"

#include <map>
#include <mutex>

namespace counterfoil::desk {

class Atlas {
 public:
  /// The business outlives it.
  explicit Atlas(const consent::Business& business) : business_(business) {}
  /// A number of the shop's own country is in the shop's time zone; others may be in each zone of theirs.
  decide::Whereabouts of(const std::string& region) const;

 private:
  [[nodiscard]] decide::Whereabouts look_up(const std::string& region) const;

  const consent::Business& business_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, decide::Whereabouts> known_;  // guarded by mutex_; by region, never forgotten
};

}  // namespace counterfoil::desk
