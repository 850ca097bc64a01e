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
  struct Count {
    unsigned now = 0;     // in the current window
    unsigned lately = 0;  // and in the one before, so that nobody is new at the beginning of each
  };
  /// With one more.
  Count count(std::string_view address_key, std::string_view what);
  /// Seconds until the current window ends, at least 1.
  [[nodiscard]] std::int64_t retry_after_s() const;

 private:
  using Who = std::pair<std::string, std::string>;  // address and what
  using Counts = std::map<Who, unsigned>;

  Clock& clock_;
  const std::int64_t window_ms_;
  std::mutex mutex_;
  // State below is protected by mutex_.
  std::int64_t window_ = -1;
  Counts counts_;
  Counts before_;  // of the window before
};

}  // namespace counterfoil::net
