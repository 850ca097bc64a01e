// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// A clock that a test moves. Thread rule: any thread.
#pragma once

#include "counterfoil/base/clock.h"
#include "counterfoil/base/result.h"

#include <memory>
#include <mutex>
#include <string>

namespace counterfoil::board {

class ManualClock final : public Clock {
 public:
  explicit ManualClock(Instant now = 1'790'000'000, ClockState state = ClockState::Synced);
  [[nodiscard]] Instant now() const override;
  [[nodiscard]] std::int64_t boot_ms() const override;
  [[nodiscard]] ClockState state() const override;
  [[nodiscard]] std::string boot_id() const override;

  void set(Instant now);
  void set_state(ClockState state);
  /// Moves the wall clock and the time since boot together.
  void advance(std::int64_t seconds);
  /// A power cycle: another boot id, time since boot from 0; the wall clock stays.
  void reboot();

 private:
  mutable std::mutex mutex_;
  Instant now_;
  ClockState state_;
  std::int64_t boot_ms_ = 0;
  unsigned boots_ = 1;
};

/// A clock driven by a file holding "INSTANT STATE\n", for example "1790000000 synced" (names as
/// clock_state_name gives them), read anew at each call, so that a test moves the time of a running daemon by
/// replacing the file. An unreadable or half-written file leaves the last good reading in force. Time since
/// boot and boot id are the machine's. Fails with NotFound, BadInput when the first reading does.
Result<std::unique_ptr<Clock>> make_file_clock(const std::string& path);

}  // namespace counterfoil::board
