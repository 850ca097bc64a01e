// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Wall-clock time of a place, from the tz database of the system (loaded once, on first use).
// Thread rule: any thread; a TimeZone is a small value, valid as long as the process.
#pragma once

#include "counterfoil/base/clock.h"
#include "counterfoil/base/result.h"
#include "counterfoil/base/zone.h"

#include <string>
#include <string_view>
#include <vector>

namespace counterfoil::i18n {

/// An instant as the clock on a wall shows it.
struct LocalTime {
  int year = 1970;
  unsigned month = 1;    // 1 to 12
  unsigned day = 1;      // 1 to 31
  unsigned weekday = 4;  // ISO 8601: Monday 1 to Sunday 7
  unsigned hour = 0;     // 0 to 23
  unsigned minute = 0;
  unsigned second = 0;
  int offset_s = 0;  // local time minus UTC
  bool operator==(const LocalTime&) const = default;
};

class TimeZone {
 public:
  /// By its name in the tz database, for example "Europe/Madrid". Fails with NotFound (no such zone) or Io
  /// (the database itself is missing: install tzdata).
  static Result<TimeZone> find(std::string_view name);

  /// Instants before 1970 or after the year 9999 are taken as the nearest one inside.
  [[nodiscard]] LocalTime to_local(Instant t) const;
  [[nodiscard]] std::string name() const;
  /// As data, from 2020 until the database ends.
  [[nodiscard]] Zone table() const;

 private:
  struct Entry;
  explicit TimeZone(const Entry* zone) : zone_(zone) {}
  const Entry* zone_;  // lives as long as the process
};

/// Every zone of a country (ISO 3166-1 alpha-2) by the database's zone.tab; empty for a code that it does not
/// know. Fails with Io when that file cannot be read: install tzdata.
Result<std::vector<std::string>> zones_of(std::string_view country);

}  // namespace counterfoil::i18n
