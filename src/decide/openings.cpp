// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "decide/openings.h"

#include <algorithm>

namespace counterfoil::decide {
namespace {

constexpr std::optional<DayHours> kClosed;

}  // namespace

const std::optional<DayHours>& Openings::on(LocalDay day) const {
  return is_holiday(day) ? kClosed : week.at(weekday_of(day));
}

std::optional<Instant> next_open(const Zone& zone, const Openings& openings, Instant t) {
  const Instant last = t + kOpensWithin_s;
  while (t < last) {
    // Between two changes of the clocks the wall runs as evenly as UTC, so one day follows the other; an hour
    // that the wall shows twice, or never, needs no rule of its own.
    const Instant offset = zone.offset_at(t);
    const Instant change = std::min(zone.next_change(t), last);
    const LocalDay today = zone.day_at(t);
    const Instant midnight = today * kDay_s - offset;
    if (const auto& hours = openings.on(today)) {
      const Instant opens = std::max(t, midnight + hours->from_minute * kMinute_s);
      const Instant closes = midnight + hours->to_minute * kMinute_s;
      if (opens < std::min(closes, change)) return opens;
    }
    t = std::min(midnight + kDay_s, change);
  }
  return std::nullopt;
}

}  // namespace counterfoil::decide
