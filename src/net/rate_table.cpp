// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "net/rate_table.h"

#include "base/limits.h"

#include <algorithm>
#include <utility>

namespace counterfoil::net {

RateTable::Count RateTable::count(std::string_view address_key, std::string_view what) {
  const Who who{std::string(address_key), std::string(what)};
  const std::lock_guard lock(mutex_);
  const std::int64_t window = clock_.boot_ms() / window_ms_;
  // A full table is emptied too: too lenient for a moment is better than memory without a bound.
  if (window != window_ || counts_.size() >= limits::kRateEntriesMax) {
    before_ = std::exchange(counts_, {});
    if (window > window_ + 1) before_.clear();
  }
  window_ = window;
  const unsigned now = ++counts_[who];
  const auto before = before_.find(who);
  return {now, now + (before == before_.end() ? 0 : before->second)};
}

std::int64_t RateTable::retry_after_s() const {
  std::int64_t left_ms = window_ms_ - clock_.boot_ms() % window_ms_;
  return std::max<std::int64_t>(1, (left_ms + 999) / 1000);
}

}  // namespace counterfoil::net
