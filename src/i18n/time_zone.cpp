// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "i18n/time_zone.h"

#include <date/tz.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <fstream>
#include <map>
#include <mutex>

namespace counterfoil::i18n {
namespace {

constexpr Instant kLastInstant = 253'402'300'799;  // 9999-12-31T23:59:59Z
constexpr Instant kTableFrom = 1'577'836'800;      // 2020-01-01
constexpr Instant kTableTo = 4'102'444'800;        // 2100-01-01
constexpr const char* kZonesByCountry = "/usr/share/zoneinfo/zone.tab";

}  // namespace

struct TimeZone::Entry {
  const date::time_zone* zone = nullptr;
};

Result<TimeZone> TimeZone::find(std::string_view name) {
  // Zones are few and never forgotten, so that a TimeZone can be a plain pointer.
  static std::mutex mutex;
  static std::map<std::string, Entry, std::less<>> zones;
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
    return TimeZone(&zones.emplace(name, Entry{zone}).first->second);
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

Zone TimeZone::table() const {
  Zone out;
  out.name = name();
  for (Instant t = kTableFrom; t < kTableTo;) {
    const auto info = zone_->zone->get_info(date::sys_seconds{std::chrono::seconds{t}});
    out.changes.push_back({t, static_cast<int>(info.offset.count())});
    t = info.end.time_since_epoch().count();
  }
  return out;
}

Result<std::vector<std::string>> zones_of(std::string_view country) {
  std::ifstream file(kZonesByCountry);
  if (!file) return fail(Code::Io, "the time zones of countries cannot be read; install tzdata");
  std::vector<std::string> out;
  for (std::string line; std::getline(file, line);) {
    // "ES<TAB>+4024-00341<TAB>Europe/Madrid<TAB>comment"
    if (line.size() < 3 || line.compare(0, 2, country) != 0 || line[2] != '\t') continue;
    const std::size_t from = line.find('\t', 3);
    if (from == line.npos) continue;
    out.push_back(line.substr(from + 1, line.find('\t', from + 1) - from - 1));
  }
  return out;
}

}  // namespace counterfoil::i18n
