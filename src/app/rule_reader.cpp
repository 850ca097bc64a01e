// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "app/rule_reader.h"

#include "app/rule_packs.h"

#include <algorithm>
#include <chrono>

namespace counterfoil::app {
namespace {

using decide::Rule;
using decide::Rules;

LocalDay day_of(const std::string& date) {
  const auto part = [&](std::size_t at, std::size_t size) { return std::stoi(date.substr(at, size)); };
  const std::chrono::year_month_day ymd{std::chrono::year(part(0, 4)),
                                        std::chrono::month(static_cast<unsigned>(part(5, 2))),
                                        std::chrono::day(static_cast<unsigned>(part(8, 2)))};
  return std::chrono::sys_days(ymd).time_since_epoch().count();
}

void read_midnight(ConfigReader& in, std::string_view key, Instant& to) {
  std::string date;
  in.date(key, date);
  if (!date.empty()) to = day_of(date) * kDay_s;
}

template <class T>
void read_names(ConfigReader& in, std::string_view key, std::optional<T> (*from_name)(std::string_view),
                std::vector<T>& to) {
  std::vector<std::string> names;
  in.texts(key, names);
  for (const std::string& name : names) {
    const auto known = from_name(name);
    if (!known) return in.mistake(key, "\"" + name + "\" is unknown");
    to.push_back(*known);
  }
}

void check_country(ConfigReader& in, std::string_view key, std::string_view code) {
  const bool good =
      code.size() == 2 && std::all_of(code.begin(), code.end(), [](char c) { return 'A' <= c && c <= 'Z'; });
  if (!good) in.mistake(key, "must name countries such as \"ES\"");
}

decide::WeekHours week_of(const decide::DayHours& hours, unsigned weekdays) {
  decide::WeekHours week;
  for (unsigned day = 0; day < week.size(); ++day)
    if ((weekdays & (1U << day)) != 0) week.at(day) = hours;
  return week;
}

constexpr unsigned kEveryDay = 127;
constexpr int kPerDayMax = 24;
constexpr int kDaysOfWeek = 7;
constexpr int kWindowHoursMax = 7 * 24;

/// "hours" with "days", or the one of them that is there; nothing where neither is.
std::optional<decide::HoursDemand> read_hours_demand(ConfigReader& in) {
  if (!in.has("hours") && !in.has("days")) return std::nullopt;
  decide::DayHours hours;
  unsigned weekdays = kEveryDay;
  in.hours("hours", hours.from_minute, hours.to_minute);
  in.weekdays("days", weekdays);
  return decide::HoursDemand{week_of(hours, weekdays)};
}

/// "per_day" with "days_per_week", or the one of them that is there; nothing where neither is.
std::optional<decide::FrequencyDemand> read_frequency_demand(ConfigReader& in) {
  if (!in.has("per_day") && !in.has("days_per_week")) return std::nullopt;
  decide::FrequencyDemand out{.per_day = kPerDayMax, .days_per_week = kDaysOfWeek};
  in.number("per_day", out.per_day, 1, kPerDayMax);
  in.number("days_per_week", out.days_per_week, 1, kDaysOfWeek);
  return out;
}

/// "quality" with how often messages may still go, or with nothing: not at all.
std::optional<decide::QualityDemand> read_quality_demand(ConfigReader& in,
                                                         const std::optional<decide::FrequencyDemand>& cap) {
  if (!in.has("quality")) return std::nullopt;
  std::string rating;
  in.text("quality", rating);
  const auto known = consent::quality_from_name(rating);
  if (!known || *known == consent::Quality::High) in.mistake("quality", "must be medium or low");
  return decide::QualityDemand{known.value_or(consent::Quality::Low), cap};
}

/// "window_hours" with "templates".
std::optional<decide::WindowDemand> read_window_demand(ConfigReader& in) {
  if (!in.has("window_hours")) return std::nullopt;
  int hours = 0;
  in.number("window_hours", hours, 1, kWindowHoursMax);
  decide::WindowDemand out{.open_s = hours * kHour_s};
  in.flag("templates", out.templates_pass);
  return out;
}

void read_demand(ConfigReader& in, Rule& to) {
  unsigned demands = 0;
  if (const auto hours = read_hours_demand(in)) {
    to.demand = *hours;
    ++demands;
  }
  bool weekends = true;
  bool holidays = true;
  in.flag("weekends", weekends);
  in.flag("holidays", holidays);
  if (!weekends) {
    to.demand = decide::WeekdaysDemand{};
    ++demands;
  }
  if (!holidays) {
    to.demand = decide::NoHolidaysDemand{};
    ++demands;
  }
  const auto frequency = read_frequency_demand(in);
  if (const auto quality = read_quality_demand(in, frequency)) {
    to.demand = *quality;
    ++demands;
  } else if (frequency) {
    to.demand = *frequency;
    ++demands;
  }
  if (const auto window = read_window_demand(in)) {
    to.demand = *window;
    ++demands;
  }
  std::string block;
  in.text("block", block);
  if (!block.empty()) {
    const auto code = decide::reason_from_name(block);
    const bool fits =
        code == decide::ReasonCode::CountryBlocked || code == decide::ReasonCode::CategoryForbidden;
    if (!fits) in.mistake("block", "must be country_blocked or category_forbidden");
    to.demand = decide::BlockDemand{fits ? *code : decide::ReasonCode::CategoryForbidden};
    ++demands;
  }
  if (demands != 1)
    in.mistake(
        "id",
        "\"" + to.id +
            "\" must demand one thing: hours (and days), per_day (and days_per_week), weekends = false, "
            "holidays = false, window_hours (and templates), quality (and per_day, days_per_week), or block");
}

void read_rule(ConfigReader& in, Rule& to) {
  in.text("id", to.id);
  in.need("id", to.id);
  std::string kind = "etiquette";
  in.text("kind", kind);
  const auto known = decide::rule_kind_from_name(kind);
  if (!known || *known == decide::RuleKind::Person) in.mistake("kind", "must be law, platform or etiquette");
  to.kind = known.value_or(decide::RuleKind::Law);
  in.text("reference", to.reference);
  in.need("reference", to.reference);
  read_midnight(in, "valid_from", to.valid_from);
  read_midnight(in, "valid_to", to.valid_to);
  if (to.valid_to <= to.valid_from) in.mistake("valid_to", "must be later than valid_from");
  read_names(in, "channels", consent::channel_from_name, to.scope.channels);
  read_names(in, "categories", consent::category_from_name, to.scope.categories);
  in.texts("countries", to.scope.countries);
  for (const std::string& code : to.scope.countries) check_country(in, "countries", code);
  read_demand(in, to);
}

Rule* find_rule(Rules& rules, std::string_view id) {
  const auto at =
      std::find_if(rules.rules.begin(), rules.rules.end(), [&](const Rule& rule) { return rule.id == id; });
  return at == rules.rules.end() ? nullptr : &*at;
}

void add_rule(ConfigReader& in, Rules& to) {
  Rule rule;
  read_rule(in, rule);
  if (find_rule(to, rule.id) != nullptr)
    return in.mistake("id",
                      "\"" + rule.id + "\" is there already; rules of law and platform can only be added to");
  to.rules.push_back(std::move(rule));
}

void read_holiday(ConfigReader& in, Rules& to) {
  std::string country;
  in.text("country", country);
  check_country(in, "country", country);
  std::vector<std::string> days;
  in.dates("days", days);
  for (const std::string& day : days) to.holidays[country].insert(day_of(day));
}

void read_decision(ConfigReader& in, Rules& to, RuleDecision& decision) {
  in.text("rule", decision.rule);
  in.text("by", decision.by);
  in.date("on", decision.on);
  in.text("reason", decision.reason);
  for (const auto& [key, value] :
       {std::pair{"by", &decision.by}, std::pair{"on", &decision.on}, std::pair{"reason", &decision.reason}})
    in.need(key, *value);
  bool off = false;
  in.flag("off", off);
  const auto hours = read_hours_demand(in);
  const auto frequency = read_frequency_demand(in);
  Rule* rule = find_rule(to, decision.rule);
  if (rule == nullptr)
    return in.mistake("rule",
                      "no rule has the id \"" + decision.rule + "\"; counterfoil rules list shows them");
  if (rule->kind != decide::RuleKind::Etiquette)
    return in.mistake("rule", "\"" + decision.rule + "\" is a rule of " +
                                  std::string(decide::rule_kind_name(rule->kind)) +
                                  ": no decision can loosen it");
  if (int{off} + int{hours.has_value()} + int{frequency.has_value()} != 1)
    return in.mistake("rule",
                      "\"" + decision.rule + "\": say off = true, or other hours, or another frequency");
  if (off) {
    to.rules.erase(to.rules.begin() + (rule - to.rules.data()));
  } else if (hours && std::holds_alternative<decide::HoursDemand>(rule->demand)) {
    rule->demand = *hours;
  } else if (frequency && std::holds_alternative<decide::FrequencyDemand>(rule->demand)) {
    rule->demand = *frequency;
  } else {
    in.mistake("rule", "\"" + decision.rule + "\" demands something else; off = true can be decided of it");
  }
}

void read_weekends(ConfigReader& in, Rules& to) {
  for (const std::string& country : in.keys()) {
    check_country(in, country, country);
    unsigned days = 0;
    in.weekdays(country, days);
    for (unsigned day = 0; day < 7; ++day)
      if ((days & (1U << day)) != 0) to.weekends[country].insert(day);
  }
}

}  // namespace

Result<Rules> built_in_rules() {
  Rules rules;
  rules.version = kRulePackVersion;
  std::vector<std::string> errors;
  for (const RulePack& pack : rule_packs()) {
    try {
      const toml::table table = toml::parse(pack.text);
      ConfigReader in(table, std::string(pack.name), errors);
      in.each("rule", [&](ConfigReader& rule) { add_rule(rule, rules); });
      in.child("weekends", [&](ConfigReader& weekends) { read_weekends(weekends, rules); });
      in.finish();
    } catch (const toml::parse_error& e) {
      errors.emplace_back(e.description());
    }
  }
  if (!errors.empty()) return fail(Code::Internal, errors.front());
  return rules;
}

void read_rules(ConfigReader& in, Rules& to, std::vector<RuleDecision>& decisions) {
  in.each("rule", [&](ConfigReader& rule) { add_rule(rule, to); });
  in.each("holiday", [&](ConfigReader& holiday) { read_holiday(holiday, to); });
  in.each("rule_decision",
          [&](ConfigReader& decision) { read_decision(decision, to, decisions.emplace_back()); });
}

}  // namespace counterfoil::app
