// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Hours of days, and when they come round: found by going from day to day and from one change of the clocks
// to the next, exact to the second. Thread rule: pure.
#pragma once

#include "counterfoil/base/zone.h"
#include "counterfoil/decide/rules.h"

#include <optional>
#include <set>

namespace counterfoil::decide {

/// What a rule lets pass on each day of one place.
struct Openings {
  const WeekHours& week;
  const std::set<LocalDay>* closed = nullptr;  // holidays; none: it knows no holidays

  [[nodiscard]] bool is_holiday(LocalDay day) const { return closed != nullptr && closed->contains(day); }
  [[nodiscard]] const std::optional<DayHours>& on(LocalDay day) const;
};

/// No place is closed for longer; whatever is, is closed for good.
inline constexpr Instant kOpensWithin_s = 400 * kDay_s;

/// The first instant not before t that is open there, or nothing.
std::optional<Instant> next_open(const Zone& zone, const Openings& openings, Instant t);

}  // namespace counterfoil::decide
