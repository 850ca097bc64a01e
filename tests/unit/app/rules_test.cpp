// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Rules as data: the packs that come with the program, and what an operator may change about them.
#include "app/config.h"
#include "app/rule_reader.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

namespace counterfoil::app {
namespace {

constexpr std::string_view kSmallest = R"(
[box]
origin = "shop.example/box/1"
host = "box.shop.example"
certificate = "chain.pem"
key = "key.pem"
[business]
id = "shop"
name = "Shop"
jurisdiction = "ES"
time_zone = "Europe/Madrid"
languages = ["es"]
)";

Result<Config> with(std::string_view rules) {
  return parse_config(std::string(kSmallest) + std::string(rules), "");
}

std::string mistake_in(std::string_view rules) {
  const auto config = with(rules);
  return config ? "" : config.error().message();
}

const decide::Rule* find(const decide::Rules& rules, std::string_view id) {
  const auto at =
      std::find_if(rules.rules.begin(), rules.rules.end(), [&](const auto& r) { return r.id == id; });
  return at == rules.rules.end() ? nullptr : &*at;
}

constexpr std::string_view kDecision = "by = \"maria\"\non = 2026-11-20\nreason = \"Saturday market\"\n";

}  // namespace

TEST_CASE("the packs are whole: every rule has its own id, a source and somebody who made it") {
  const auto rules = built_in_rules();
  if (!rules) FAIL(rules.error().message());
  std::set<std::string> ids;
  for (const auto& rule : rules->rules) {
    CHECK(ids.insert(rule.id).second);
    CHECK(rule.reference.size() > 10);
    CHECK(rule.kind != decide::RuleKind::Person);
    // A law that names no country would bind the world.
    if (rule.kind == decide::RuleKind::Law) CHECK_FALSE(rule.scope.countries.empty());
  }
  for (const char* id : {"etiquette.hours", "etiquette.weekends", "etiquette.holidays", "etiquette.frequency",
                         "whatsapp.us-marketing", "ae.telemarketing-hours"})
    CHECK_MESSAGE(find(*rules, id) != nullptr, id);
  CHECK(rules->weekends.at("SA") == std::set<unsigned>{4, 5});
  const auto* emirates = find(*rules, "ae.telemarketing-hours");
  CHECK(emirates->valid_from == 1'724'716'800);  // 2024-08-27
  const auto& week = std::get<decide::HoursDemand>(emirates->demand).week;
  CHECK(week[6] == decide::DayHours{540, 1080});
}

TEST_CASE("an operator adds rules and holidays") {
  const auto config = with(R"(
[[rule]]
id = "our.no-fridays"
reference = "decided by the shop"
channels = ["sms"]
hours = "10:00-19:00"
days = "mon-thu,sat"
[[holiday]]
country = "ES"
days = [2026-12-08, 2026-12-25]
)");
  if (!config) FAIL(config.error().message());
  const auto* ours = find(config->rules, "our.no-fridays");
  REQUIRE(ours != nullptr);
  CHECK(ours->kind == decide::RuleKind::Etiquette);
  CHECK(ours->scope.channels == std::vector{consent::Channel::Sms});
  const auto& week = std::get<decide::HoursDemand>(ours->demand).week;
  CHECK_FALSE(week[4]);
  CHECK(week[5] == decide::DayHours{600, 1140});
  CHECK(config->rules.holidays.at("ES") == std::set<LocalDay>{20'795, 20'812});
}

TEST_CASE("etiquette is loosened by a decision that names who took it, law and platform by nobody") {
  const auto off =
      with("[[rule_decision]]\nrule = \"etiquette.weekends\"\noff = true\n" + std::string(kDecision));
  if (!off) FAIL(off.error().message());
  CHECK(find(off->rules, "etiquette.weekends") == nullptr);
  CHECK(off->rule_decisions ==
        std::vector{RuleDecision{"etiquette.weekends", "maria", "2026-11-20", "Saturday market"}});
  const auto hours = with("[[rule_decision]]\nrule = \"etiquette.hours\"\nhours = \"08:00-21:00\"\n" +
                          std::string(kDecision));
  REQUIRE(hours);
  CHECK(std::get<decide::HoursDemand>(find(hours->rules, "etiquette.hours")->demand).week[0] ==
        decide::DayHours{480, 1260});
  const auto often =
      with("[[rule_decision]]\nrule = \"etiquette.frequency\"\nper_day = 2\n" + std::string(kDecision));
  REQUIRE(often);
  CHECK(std::get<decide::FrequencyDemand>(find(often->rules, "etiquette.frequency")->demand) ==
        decide::FrequencyDemand{2, 7});

  const auto refused = [](const std::string& text) { return mistake_in("[[rule_decision]]\n" + text); };
  CHECK(refused("rule = \"ae.telemarketing-hours\"\noff = true\n" + std::string(kDecision))
            .find("\"ae.telemarketing-hours\" is a rule of law: no decision can loosen it") !=
        std::string::npos);
  CHECK(refused("rule = \"whatsapp.us-marketing\"\noff = true\n" + std::string(kDecision))
            .find("\"whatsapp.us-marketing\" is a rule of platform") != std::string::npos);
  CHECK(refused("rule = \"nobody\"\noff = true\n" + std::string(kDecision)).find("no rule has the id") !=
        std::string::npos);
  CHECK(refused("rule = \"etiquette.hours\"\noff = true\n").find("by: is missing") != std::string::npos);
  CHECK(refused("rule = \"etiquette.hours\"\n" + std::string(kDecision))
            .find("say off = true, or other hours") != std::string::npos);
  CHECK(refused("rule = \"etiquette.weekends\"\nhours = \"08:00-21:00\"\n" + std::string(kDecision))
            .find("demands something else") != std::string::npos);
  CHECK(refused("rule = \"etiquette.frequency\"\nhours = \"08:00-21:00\"\n" + std::string(kDecision))
            .find("demands something else") != std::string::npos);
}

TEST_CASE("a rule that cannot be meant is named with its line") {
  const auto refused = [](const std::string& text) {
    return mistake_in("[[rule]]\nid = \"ours\"\nreference = \"the shop\"\n" + text);
  };
  CHECK(mistake_in("[[rule]]\nid = \"etiquette.hours\"\nreference = \"x\"\nhours = \"00:00-24:00\"\n")
            .find("\"etiquette.hours\" is there already") != std::string::npos);
  CHECK(refused("").find("must demand one thing") != std::string::npos);
  CHECK(refused("hours = \"09:00-20:00\"\nholidays = false\n").find("must demand one thing") !=
        std::string::npos);
  CHECK(refused("hours = \"20:00-09:00\"\n").find("must be hours such as") != std::string::npos);
  CHECK(refused("block = \"quiet_hours\"\n").find("must be country_blocked or category_forbidden") !=
        std::string::npos);
  CHECK(refused("kind = \"person\"\nholidays = false\n").find("must be law, platform or etiquette") !=
        std::string::npos);
  CHECK(refused("channels = [\"fax\"]\nholidays = false\n").find("\"fax\" is unknown") != std::string::npos);
  CHECK(refused("countries = [\"Spain\"]\nholidays = false\n").find("must name countries such as") !=
        std::string::npos);
  CHECK(refused("valid_from = 2026-02-01\nvalid_to = 2026-01-01\nholidays = false\n").find("must be later") !=
        std::string::npos);
  CHECK(refused("holidays = 5\n").find("line 16: [[rule]] holidays: must be true or false") !=
        std::string::npos);
}

}  // namespace counterfoil::app
