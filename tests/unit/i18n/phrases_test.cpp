// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "i18n/i18n.h"

#include <doctest/doctest.h>

#include <vector>

namespace i18n = counterfoil::i18n;
using i18n::Language;

TEST_CASE("dates and times in words") {
  const Language en = Language::english();
  const Language es = *Language::find("es");
  i18n::LocalTime t;
  t.year = 2026;
  t.month = 11;
  t.day = 22;
  t.weekday = 7;
  t.hour = 9;
  t.minute = 41;
  CHECK(i18n::format_date_time(en, t) == "22 November 2026, 09:41");
  CHECK(i18n::format_date_time(es, t) == "22 de noviembre de 2026, 9:41");
  CHECK(i18n::weekday_name(en, t.weekday) == "Sunday");
  CHECK(i18n::weekday_name(es, 6) == "sábado");
  t.hour = 0;
  t.minute = 5;
  CHECK(i18n::format_time(en, t) == "00:05");
  CHECK(i18n::format_time(es, t) == "0:05");
  t.hour = 23;
  CHECK(i18n::format_time(es, t) == "23:05");
}

TEST_CASE("days of the week as a range, a list or all") {
  const Language en = Language::english();
  const Language es = *Language::find("es");
  const auto en_days = [&](std::vector<unsigned> d) { return i18n::format_weekdays(en, d); };
  CHECK(en_days({1, 2, 3, 4, 5}) == "Monday to Friday");
  CHECK(en_days({5, 3, 4, 2, 1, 1}) == "Monday to Friday");
  CHECK(en_days({6, 7}) == "Saturday and Sunday");
  CHECK(en_days({1, 3, 5}) == "Monday, Wednesday and Friday");
  CHECK(en_days({2}) == "Tuesday");
  CHECK(en_days({1, 2, 3, 4, 5, 6, 7}) == "any day of the week");
  CHECK(en_days({}).empty());
  CHECK(i18n::format_weekdays(es, std::vector<unsigned>{2, 3, 4}) == "de martes a jueves");
}

TEST_CASE("lists read naturally") {
  const Language en = Language::english();
  const Language es = *Language::find("es");
  const std::vector<std::string> three = {"a", "b", "c"};
  CHECK(i18n::join_and(en, three) == "a, b and c");
  CHECK(i18n::join_and(es, three) == "a, b y c");
  CHECK(i18n::join_or(en, three) == "a, b, or c");
  CHECK(i18n::join_or(es, three) == "a, b o c");
  CHECK(i18n::join_and(en, std::span(three).first(2)) == "a and b");
  CHECK(i18n::join_and(en, std::span(three).first(1)) == "a");
  CHECK(i18n::join_and(en, {}).empty());
}
