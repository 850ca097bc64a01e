// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Picks the board the daemon runs on. Thread rule: call once at start; the parts follow base/seams.h.
#pragma once

#include "base/seams.h"

#include <string>
#include <string_view>

namespace counterfoil::board {

enum class ClockWord {
  Measured,  // what the kernel says about synchronisation and battery clock
  Trusted,   // the operator vouches for the clock, as on a virtual machine or in a container
};

struct BoardOptions {
  std::string anchor_path{};  // file of the anchor; the fake board keeps it in memory when empty
  bool anchor_given = false;  // it is there already and keeps its length: the memory of a clock module
  ClockWord clock = ClockWord::Measured;
  std::string clock_control_path{};  // fake only: file that drives the clock, see fake/manual_clock.h
};

/// "generic" (any Linux machine) or "fake" (tests and demonstrations). Fails with NotFound (no such board),
/// BadInput (an option is missing or does not fit).
Result<Board> make(std::string_view name, const BoardOptions& options);

}  // namespace counterfoil::board
