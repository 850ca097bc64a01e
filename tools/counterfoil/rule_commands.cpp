// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// rules list, explain, check: what decides beside people's own words, and who made it.
#include "app/rule_reader.h"
#include "commands.h"

#include <algorithm>
#include <cstdio>

namespace counterfoil::tool {
namespace {

using decide::Rule;

struct Book {
  decide::Rules rules;
  std::vector<app::RuleDecision> decisions;
  bool is_shop = false;  // with a configuration
};

/// Those in force at the shop; without a configuration, those that come with the program.
Result<Book> book_of(const Where& where) {
  auto config = app::read_config(where.paths.config);
  if (config) return Book{std::move(config->rules), std::move(config->rule_decisions), true};
  if (config.error().code != Code::NotFound) return config.error();
  CF_TRY(auto rules, app::built_in_rules());
  return Book{std::move(rules), {}, false};
}

template <class T, class Name>
std::string joined(const std::vector<T>& items, std::string_view all, Name name) {
  if (items.empty()) return std::string(all);
  std::string out;
  for (const T& item : items) out += (out.empty() ? "" : ", ") + std::string(name(item));
  return out;
}

std::string clock_words(int minute) {
  const int hour = minute / 60;
  const int rest = minute % 60;
  return (hour < 10 ? "0" : "") + std::to_string(hour) + (rest < 10 ? ":0" : ":") + std::to_string(rest);
}

std::string hours_words(const decide::HoursDemand& demand) {
  constexpr std::array<std::string_view, 7> kDays = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
  std::string out;
  std::string open;
  for (std::size_t day = 0; day < kDays.size(); ++day) {
    const auto& hours = demand.week.at(day);
    if (!hours) continue;
    open += (open.empty() ? "" : " ") + std::string(kDays.at(day));
    out = clock_words(hours->from_minute) + " to " + clock_words(hours->to_minute);
  }
  const bool always =
      std::all_of(demand.week.begin(), demand.week.end(), [](const auto& h) { return h.has_value(); });
  return out + ", " + (always ? "every day" : open);
}

std::string frequency_words(const decide::FrequencyDemand& cap) {
  return "at most " + std::to_string(cap.per_day) + " a day, on at most " +
         std::to_string(cap.days_per_week) + " days a week";
}

std::string demand_words(const Rule& rule) {
  if (const auto* hours = std::get_if<decide::HoursDemand>(&rule.demand)) return hours_words(*hours);
  if (std::holds_alternative<decide::WeekdaysDemand>(rule.demand)) return "not on the country's weekend";
  if (std::holds_alternative<decide::NoHolidaysDemand>(rule.demand)) return "not on its public holidays";
  if (const auto* cap = std::get_if<decide::FrequencyDemand>(&rule.demand)) return frequency_words(*cap);
  if (const auto* quality = std::get_if<decide::QualityDemand>(&rule.demand))
    return (quality->cap ? frequency_words(*quality->cap) : "not at all") +
           " while the sender's quality is " + std::string(consent::quality_name(quality->from)) +
           " or worse";
  if (const auto* window = std::get_if<decide::WindowDemand>(&rule.demand))
    return "only within " + std::to_string(window->open_s / kHour_s) + " hours of the person's last message" +
           (window->templates_pass ? ", but for templates that the platform approved" : "");
  return "not at all (" +
         std::string(decide::reason_name(std::get<decide::BlockDemand>(rule.demand).reason)) + ")";
}

std::string scope_words(const Rule& rule) {
  const auto same = [](const std::string& text) { return text; };
  return joined(rule.scope.categories, "every message", consent::category_name) + " on " +
         joined(rule.scope.channels, "every channel", consent::channel_name) + " to " +
         joined(rule.scope.countries, "every country", same);
}

std::string validity_words(const Rule& rule) {
  const auto day = [](Instant t) { return rfc3339(t).substr(0, 10); };
  std::string out = rule.valid_from > 0 ? "since " + day(rule.valid_from) : "";
  if (rule.valid_to < Zone::kNever) out += (out.empty() ? "" : ", ") + ("before " + day(rule.valid_to));
  return out.empty() ? "always" : out;
}

json::Value as_json(const Rule& rule) {
  return json::Object{{"demand", demand_words(rule)},
                      {"id", rule.id},
                      {"kind", std::string(decide::rule_kind_name(rule.kind))},
                      {"reference", rule.reference},
                      {"scope", scope_words(rule)},
                      {"valid", validity_words(rule)}};
}

void print(const Rule& rule) {
  std::printf("%s (%s)\n  %s\n  %s\n  %s; %s\n", rule.id.c_str(),
              std::string(decide::rule_kind_name(rule.kind)).c_str(), demand_words(rule).c_str(),
              scope_words(rule).c_str(), rule.reference.c_str(), validity_words(rule).c_str());
}

int list_rules(const Where& where, const std::string& country, bool json) {
  const auto book = book_of(where);
  if (!book) return complain(book.error());
  json::Array all;
  for (const Rule& rule : book->rules.rules) {
    const auto& countries = rule.scope.countries;
    if (!country.empty() && !countries.empty() &&
        std::find(countries.begin(), countries.end(), country) == countries.end())
      continue;
    if (json)
      all.push_back(as_json(rule));
    else
      print(rule);
  }
  if (json)
    std::printf(
        "%s\n",
        json::write(json::Object{{"rules", all}, {"version", book->rules.version}}).value_or("").c_str());
  else
    std::printf("\nVersion %s%s. The promise beside the button binds as well, whatever these say.\n",
                book->rules.version.c_str(),
                book->is_shop ? ", with what the configuration adds or loosens"
                              : ", as the program brings it: no configuration was found");
  return 0;
}

int explain_rule(const Where& where, const std::string& id) {
  const auto book = book_of(where);
  if (!book) return complain(book.error());
  const auto& rules = book->rules.rules;
  const auto at = std::find_if(rules.begin(), rules.end(), [&](const Rule& rule) { return rule.id == id; });
  if (at != rules.end()) print(*at);
  for (const app::RuleDecision& decision : book->decisions)
    if (decision.rule == id)
      std::printf("%s: %s decided on %s: %s\n", at == rules.end() ? "Not kept to" : "Loosened",
                  decision.by.c_str(), decision.on.c_str(), decision.reason.c_str());
  const bool is_known = at != rules.end() || std::any_of(book->decisions.begin(), book->decisions.end(),
                                                         [&](const auto& d) { return d.rule == id; });
  if (is_known) return 0;
  return complain(
      fail(Code::NotFound, "no rule has the id \"" + id + "\"; counterfoil rules list shows them"));
}

int check_rules(const Where& where) {
  const auto config = app::read_config(where.paths.config);
  if (!config) return complain(config.error());
  std::array<int, 3> counts{};
  for (const Rule& rule : config->rules.rules) ++counts.at(static_cast<std::size_t>(rule.kind));
  std::printf("%d of law, %d of platforms, %d of etiquette; version %s\n", counts[0], counts[1], counts[2],
              config->rules.version.c_str());
  for (const app::RuleDecision& decision : config->rule_decisions)
    std::printf("loosened: %s, by %s on %s: %s\n", decision.rule.c_str(), decision.by.c_str(),
                decision.on.c_str(), decision.reason.c_str());
  if (!config->rules.holidays.contains(config->business.jurisdiction))
    std::printf("no holidays are listed for %s: [[holiday]] country = \"%s\", days = [...] adds them\n",
                config->business.jurisdiction.c_str(), config->business.jurisdiction.c_str());
  return 0;
}

}  // namespace

void add_rule_commands(CLI::App& app, Where& where, Action& action) {
  auto* rules = app.add_subcommand(
      "rules", "What law, platforms and good manners say about when to write, beside people's own words.");
  rules->require_subcommand(1);

  auto* list = rules->add_subcommand("list", "Every rule with its source, as the shop has them.");
  static std::string country;
  static bool json = false;
  list->add_option("--country", country, "only those for numbers of this country, for example ES");
  list->add_flag("--json", json, "for programs");
  list->callback([&] { action = [&] { return list_rules(where, country, json); }; });

  auto* explain = rules->add_subcommand("explain", "One rule, and who decided to loosen it.");
  static std::string id;
  explain->add_option("id", id, "as rules list prints it")->required();
  explain->callback([&] { action = [&] { return explain_rule(where, id); }; });

  auto* check = rules->add_subcommand(
      "check", "Reads the configuration and says what is in force, or which rule is wrong.");
  check->callback([&] { action = [&] { return check_rules(where); }; });
}

}  // namespace counterfoil::tool
