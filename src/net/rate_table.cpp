// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "net/rate_table.h"

#include "base/limits.h"

#include <algorithm>

namespace counterfoil::net {

unsigned RateTable::count(std::string_view address_key, std::string_view what) {
  std::lock_guard lock(mutex_);
  std::int64_t window = clock_.boot_ms() / window_ms_;
  // A full table is emptied too: too lenient for a moment is better than memory without a bound.
  if (window != window_ || counts_.size() >= limits::kRateEntriesMax) counts_.clear();
  window_ = window;
  return ++counts_[{std::string(address_key), std::string(what)}];
}

std::int64_t RateTable::retry_after_s() const {
  std::int64_t left_ms = window_ms_ - clock_.boot_ms() % window_ms_;
  return std::max<std::int64_t>(1, (left_ms + 999) / 1000);
}

}  // namespace counterfoil::net
