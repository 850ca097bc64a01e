// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// How often an address did something lately: fixed windows by boot time, in bounded memory.
// Thread rule: any thread.
#pragma once

#include "counterfoil/base/clock.h"

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace counterfoil::net {

class RateTable {
 public:
  /// The clock must outlive the table.
  RateTable(Clock& clock, std::int64_t window_ms) : clock_(clock), window_ms_(window_ms) {}
  /// Counts one more and returns the count in the current window.
  unsigned count(std::string_view address_key, std::string_view what);
  /// Seconds until the current window ends, at least 1.
  [[nodiscard]] std::int64_t retry_after_s() const;

 private:
  Clock& clock_;
  const std::int64_t window_ms_;
  std::mutex mutex_;
  // State below is protected by mutex_.
  std::int64_t window_ = -1;
  std::map<std::pair<std::string, std::string>, unsigned> counts_;
};

}  // namespace counterfoil::net
