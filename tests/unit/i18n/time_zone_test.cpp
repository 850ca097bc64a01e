// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "i18n/time_zone.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <thread>
#include <vector>

using counterfoil::Instant;
using counterfoil::Zone;
using counterfoil::i18n::LocalTime;
using counterfoil::i18n::TimeZone;
using counterfoil::i18n::zones_of;

TEST_CASE("Madrid keeps summer and winter time") {
  const auto madrid = TimeZone::find("Europe/Madrid");
  REQUIRE(madrid);
  CHECK(madrid->name() == "Europe/Madrid");
  CHECK(madrid->to_local(1'795'336'860) == LocalTime{2026, 11, 22, 7, 9, 41, 0, 3600});
  // 2026-10-25T00:59:59Z and the second after it: the clock goes from 02:59:59 back to 02:00:00.
  CHECK(madrid->to_local(1'792'889'999) == LocalTime{2026, 10, 25, 7, 2, 59, 59, 7200});
  CHECK(madrid->to_local(1'792'890'000) == LocalTime{2026, 10, 25, 7, 2, 0, 0, 3600});
  CHECK(madrid->to_local(1'774'745'999) == LocalTime{2026, 3, 29, 7, 1, 59, 59, 3600});
  CHECK(madrid->to_local(1'774'746'000) == LocalTime{2026, 3, 29, 7, 3, 0, 0, 7200});
}

TEST_CASE("odd offsets and the far ends") {
  const auto kathmandu = TimeZone::find("Asia/Kathmandu");
  REQUIRE(kathmandu);
  CHECK(kathmandu->to_local(1'795'336'860).offset_s == 20'700);
  const auto utc = TimeZone::find("Etc/UTC");
  REQUIRE(utc);
  CHECK(utc->to_local(0) == LocalTime{});
  CHECK(utc->to_local(-5) == LocalTime{});
  CHECK(utc->to_local(Instant{1} << 53) == LocalTime{9999, 12, 31, 5, 23, 59, 59, 0});
}

TEST_CASE("a zone as data says what the database says, at every change and an hour beside it") {
  for (const char* name :
       {"Europe/Madrid", "America/New_York", "Australia/Lord_Howe", "Asia/Dubai", "Africa/Casablanca"}) {
    CAPTURE(name);
    const auto zone = TimeZone::find(name);
    REQUIRE(zone);
    const Zone table = zone->table();
    CHECK(table.name == name);
    REQUIRE_FALSE(table.changes.empty());
    for (const Zone::Change& change : table.changes)
      for (const Instant beside : {-3601, -1, 0, 3600}) {
        const Instant t = std::max(change.from + beside, table.changes.front().from);
        REQUIRE(table.offset_at(t) == zone->to_local(t).offset_s);
      }
  }
  const Zone madrid = TimeZone::find("Europe/Madrid")->table();
  CHECK(madrid.next_change(1'795'340'400) == 1'806'195'600);  // 2027-03-28T01:00:00Z
  CHECK(TimeZone::find("Asia/Dubai")->table().changes.size() == 1);
}

TEST_CASE("a country's zones are all of them") {
  CHECK(zones_of("SE") == std::vector<std::string>{"Europe/Stockholm"});
  const auto spain = zones_of("ES");
  REQUIRE(spain);
  CHECK(spain->size() == 3);
  const auto states = zones_of("US");
  REQUIRE(states);
  CHECK(std::find(states->begin(), states->end(), "Pacific/Honolulu") != states->end());
  CHECK(zones_of("XX")->empty());
  CHECK(zones_of("")->empty());
}

TEST_CASE("what is no zone is refused") {
  for (const char* name : {"", "Europe", "Europe/", "europe/madrid", "Mars/Olympus", "../../etc/passwd",
                           "/etc/localtime", "Europe/Madrid\n"}) {
    const auto found = TimeZone::find(name);
    REQUIRE_FALSE(found);
    CHECK(found.error().code == counterfoil::Code::NotFound);
  }
}

TEST_CASE("many threads may ask at once") {
  std::vector<std::thread> threads;
  std::vector<int> right(4, 0);
  for (std::size_t t = 0; t < right.size(); ++t)
    threads.emplace_back([&right, t] {
      for (const char* name : {"Asia/Manila", "Europe/Riga", "Asia/Yerevan", "Asia/Dubai"}) {
        const auto zone = TimeZone::find(name);
        if (zone && zone->to_local(1'795'336'860).year == 2026) ++right[t];
      }
    });
  for (auto& t : threads) t.join();
  for (const int r : right) CHECK(r == 4);
}
