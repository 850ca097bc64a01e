// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The wall clocks of a place as plain data, so that a decision about hours and days needs no database and no
// library. Thread rule: value type.
#pragma once

#include "counterfoil/base/clock.h"

#include <cstdint>
#include <string>
#include <vector>

namespace counterfoil {

/// Days since 1970-01-01 of the calendar on the wall.
using LocalDay = std::int64_t;

struct Zone {
  struct Change {
    Instant from = 0;
    int offset_s = 0;  // local time minus UTC, from then on
    bool operator==(const Change&) const = default;
  };
  std::string name;             // of the tz database, "Europe/Madrid"
  std::vector<Change> changes;  // ascending, at least one; the first also counts for what was before

  [[nodiscard]] int offset_at(Instant t) const;
  /// The first change after t, or kNever.
  [[nodiscard]] Instant next_change(Instant t) const;
  /// What the wall shows, as seconds since its own 1970-01-01.
  [[nodiscard]] Instant local(Instant t) const { return t + offset_at(t); }
  [[nodiscard]] LocalDay day_at(Instant t) const;
  bool operator==(const Zone&) const = default;

  static constexpr Instant kNever = INT64_MAX;
};

/// ISO 8601: Monday 0 to Sunday 6.
constexpr unsigned weekday_of(LocalDay day) {
  const LocalDay monday = (day + 3) % 7;  // 1970-01-01 was a Thursday
  return static_cast<unsigned>(monday < 0 ? monday + 7 : monday);
}

}  // namespace counterfoil
