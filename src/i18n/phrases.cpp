// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Dates, hours and lists in words.
#include "i18n/i18n.h"

#include <algorithm>
#include <vector>

namespace counterfoil::i18n {
namespace {

constexpr unsigned kDaysPerWeek = 7;
constexpr unsigned kMinutesPerHour = 60;

std::string two_digits(unsigned n) {
  return (n < 10 ? "0" : "") + std::to_string(n);
}

std::string time_of_day(Language language, unsigned hour, unsigned minute, bool is_padded) {
  return tr(language, "time.of_day",
            {{"hour", is_padded ? two_digits(hour) : std::to_string(hour)}, {"minute", two_digits(minute)}});
}

/// last_id and two_id: the catalogue's patterns for the end of a long list and for a pair.
std::string join_words(Language language, std::span<const std::string> items, std::string_view two_id,
                       std::string_view last_id) {
  if (items.empty()) return {};
  if (items.size() == 1) return items[0];
  if (items.size() == 2) return tr(language, two_id, {{"a", items[0]}, {"b", items[1]}});
  const std::string separator = tr(language, "list.separator");
  std::string head = items[0];
  for (const std::string& item : items.subspan(1, items.size() - 2)) head += separator + item;
  return tr(language, last_id, {{"a", head}, {"b", items.back()}});
}

}  // namespace

std::string format_date(Language language, const LocalTime& t) {
  return tr(language, "date.full",
            {{"day", std::to_string(t.day)},
             {"month", tr(language, "month." + std::to_string(t.month))},
             {"year", std::to_string(t.year)}});
}

std::string format_time(Language language, const LocalTime& t) {
  return time_of_day(language, t.hour, t.minute, tr(language, "time.hour_digits") == "2");
}

std::string format_date_time(Language language, const LocalTime& t) {
  return tr(language, "date.with_time",
            {{"date", format_date(language, t)}, {"time", format_time(language, t)}});
}

std::string weekday_name(Language language, unsigned weekday) {
  return tr(language, "weekday." + std::to_string(weekday));
}

std::string format_weekdays(Language language, std::span<const unsigned> weekdays) {
  std::vector<unsigned> days(weekdays.begin(), weekdays.end());
  std::sort(days.begin(), days.end());
  days.erase(std::unique(days.begin(), days.end()), days.end());
  if (days.size() >= kDaysPerWeek) return tr(language, "weekday.all");
  if (days.size() > 2 && days.back() - days.front() + 1 == days.size())
    return tr(language, "weekday.range",
              {{"from", weekday_name(language, days.front())}, {"to", weekday_name(language, days.back())}});
  std::vector<std::string> names;
  for (const unsigned day : days) names.push_back(weekday_name(language, day));
  return join_and(language, names);
}

std::string format_hours(Language language, unsigned from_minute, unsigned to_minute) {
  const auto words = [&](unsigned m) {
    return time_of_day(language, m / kMinutesPerHour, m % kMinutesPerHour, false);
  };
  return tr(language, "hours.range", {{"from", words(from_minute)}, {"to", words(to_minute)}});
}

std::string join_and(Language language, std::span<const std::string> items) {
  return join_words(language, items, "list.and.two", "list.and.last");
}

std::string join_or(Language language, std::span<const std::string> items) {
  return join_words(language, items, "list.or.two", "list.or.last");
}

}  // namespace counterfoil::i18n
