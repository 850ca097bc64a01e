// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The kernel's clock and what vouches for it. Thread rule: any thread.
#pragma once

#include "counterfoil/base/clock.h"

#include <memory>

namespace counterfoil::board {

/// Before this a clock certainly shows a dead battery or no setting at all (2025-01-01).
constexpr Instant kEarliestPlausible = 1'735'689'600;

struct ClockEvidence {
  Instant now = 0;
  bool kernel_synchronised = false;  // adjtimex(2), or the mark that systemd-timesyncd leaves
  bool battery_clock = false;
  bool operator_vouches = false;
};
/// Synced, Rtc or Untrusted; Signed is the ledger's to say.
ClockState judge_clock(const ClockEvidence& evidence);

std::unique_ptr<Clock> make_system_clock(bool operator_vouches);

/// Milliseconds of CLOCK_BOOTTIME.
std::int64_t system_boot_ms();
/// The kernel's boot id, or 32 random digits drawn once per process where /proc is hidden.
const std::string& system_boot_id();

}  // namespace counterfoil::board
