// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "i18n/time_zone.h"

#include <date/tz.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <map>
#include <mutex>

namespace counterfoil::i18n {
namespace {

constexpr Instant kLastInstant = 253'402'300'799;  // 9999-12-31T23:59:59Z

}  // namespace

struct TimeZone::Zone {
  const date::time_zone* zone = nullptr;
};

Result<TimeZone> TimeZone::find(std::string_view name) {
  // Zones are few and never forgotten, so that a TimeZone can be a plain pointer.
  static std::mutex mutex;
  static std::map<std::string, Zone, std::less<>> zones;
  const std::lock_guard lock(mutex);
  if (const auto known = zones.find(name); known != zones.end()) return TimeZone(&known->second);
  const date::tzdb* database = nullptr;
  try {
    database = &date::get_tzdb();
  } catch (const std::exception&) {
  }
  if (database == nullptr || database->zones.empty())
    return fail(Code::Io, "the time zone database cannot be read; install tzdata");
  try {
    const date::time_zone* zone = date::locate_zone(name);
    static_cast<void>(
        zone->get_info(date::sys_seconds{}));  // reads the zone's file now, not at a customer's request
    return TimeZone(&zones.emplace(name, Zone{zone}).first->second);
  } catch (const std::exception&) {
    return fail(Code::NotFound, "no such time zone; use a name such as Europe/Madrid");
  }
}

LocalTime TimeZone::to_local(Instant t) const {
  const date::sys_seconds instant{std::chrono::seconds{std::clamp<Instant>(t, 0, kLastInstant)}};
  const auto offset = zone_->zone->get_info(instant).offset;
  const date::local_seconds local{(instant + offset).time_since_epoch()};
  const auto midnight = date::floor<date::days>(local);
  const date::year_month_day ymd{midnight};
  const date::hh_mm_ss clock{local - midnight};
  LocalTime out;
  out.year = static_cast<int>(ymd.year());
  out.month = static_cast<unsigned>(ymd.month());
  out.day = static_cast<unsigned>(ymd.day());
  out.weekday = date::weekday{midnight}.iso_encoding();
  out.hour = static_cast<unsigned>(clock.hours().count());
  out.minute = static_cast<unsigned>(clock.minutes().count());
  out.second = static_cast<unsigned>(clock.seconds().count());
  out.offset_s = static_cast<int>(offset.count());
  return out;
}

std::string TimeZone::name() const {
  return zone_->zone->name();
}

}  // namespace counterfoil::i18n
