// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The table of cases beside the packs (src/app/rules/cases.txt): what each rule says of one message.
#include "app/rule_reader.h"
#include "desk/atlas.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <map>
#include <sstream>

namespace counterfoil::app {
namespace {

constexpr Instant kGiven = 1'704'067'200;  // 2024-01-01
constexpr Instant kEnds = 1'893'456'000;   // 2030-01-01
const consent::Address kPhone{consent::AddressKind::Phone, "+46701740605", consent::Evidence::Present};

Instant at_midnight(int year, unsigned month, unsigned day) {
  const std::chrono::sys_days days{std::chrono::year(year) / static_cast<int>(month) / static_cast<int>(day)};
  return days.time_since_epoch().count() * kDay_s;
}

/// "2026-12-03 17:59:59 -05:00"
Instant moment(const std::string& text) {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  char sign = 0;
  int off_hour = 0;
  int off_minute = 0;
  const int read = std::sscanf(text.c_str(), "%d-%u-%u %d:%d:%d %c%d:%d", &year, &month, &day, &hour, &minute,
                               &second, &sign, &off_hour, &off_minute);
  REQUIRE_MESSAGE(read == 9, text);
  const Instant local = at_midnight(year, month, day) + hour * kHour_s + minute * kMinute_s + second;
  const Instant offset = off_hour * kHour_s + off_minute * kMinute_s;
  return sign == '-' ? local + offset : local - offset;
}

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> out;
  std::istringstream in(line);
  for (std::string cell; std::getline(in, cell, '|');) {
    const auto from = cell.find_first_not_of(' ');
    out.push_back(from == std::string::npos ? "" : cell.substr(from, cell.find_last_not_of(' ') + 1 - from));
  }
  return out;
}

/// Somebody who said yes to every channel, under a promise that keeps nothing back, and wrote last when the
/// head of the table says.
consent::PersonState willing() {
  consent::GrantBody yes;
  yes.channels = {consent::Channel::WhatsApp, consent::Channel::Messenger, consent::Channel::Sms,
                  consent::Channel::Email, consent::Channel::Voice};
  yes.topics = {consent::TopicId("offers")};
  yes.evidence = consent::Evidence::Present;
  yes.ends = kEnds;
  yes.promise.from_minute = 0;
  yes.promise.to_minute = 24 * 60;
  yes.promise.weekdays = 127;
  yes.promise.holidays = true;
  consent::Event event;
  event.seq = consent::Seq{1};
  event.t = kGiven;
  event.clock = ClockState::Synced;
  event.type = consent::EventType::Grant;
  event.body = yes;
  event.identity = {{kPhone}, "es"};
  consent::PersonState out;
  consent::SubjectState& subject = out.subjects.emplace_back();
  consent::apply(subject, event);
  event.type = consent::EventType::Inbound;
  for (const auto channel : {consent::Channel::WhatsApp, consent::Channel::Messenger}) {
    ++event.seq.value;
    event.body =
        consent::InboundBody{moment("2026-12-10 10:00:00 +00:00"), channel, consent::SenderId("s"), "x", {}};
    consent::apply(subject, event);
  }
  return out;
}

/// The packs, with the holidays that the head of the table names; "*": all rules, else that one alone.
decide::Rules rules_of(const std::string& id) {
  auto rules = built_in_rules();
  REQUIRE(rules);
  const LocalDay eighth = at_midnight(2026, 12, 8) / kDay_s;
  const LocalDay christmas = at_midnight(2026, 12, 25) / kDay_s;
  rules->holidays["ES"] = {eighth, christmas};
  rules->holidays["FR"] = {christmas};
  if (id == "*") return *rules;
  std::erase_if(rules->rules, [&](const decide::Rule& rule) { return rule.id != id; });
  REQUIRE_MESSAGE(rules->rules.size() == 1, id);
  return *rules;
}

/// As the table writes it, but for the moment, which may be written in any offset.
std::string answer_of(const decide::Decision& decision) {
  if (decision.verdict == decide::Verdict::Allow) return "allow";
  std::string out = decision.verdict == decide::Verdict::Deny ? "no " : "later ";
  for (const auto& reason : decision.reasons)
    out += (out.back() == ' ' ? "" : "+") + std::string(decide::reason_name(reason.code));
  return out;
}

}  // namespace

TEST_CASE("each case of the table beside the rules is decided as it says") {
  std::ifstream in(CF_SOURCE_DIR "/src/app/rules/cases.txt");
  REQUIRE(in.is_open());
  consent::Business shop;
  shop.jurisdiction = "ES";
  shop.time_zone = "Europe/Madrid";
  desk::Atlas atlas(shop);
  const consent::PersonState person = willing();
  std::map<std::string, int> cases;
  int count = 0;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.front() == '#') continue;
    CAPTURE(line);
    const auto cells = cells_of(line);
    REQUIRE(cells.size() == 6);
    const auto word_end = cells[2].find(' ');
    const auto channel = consent::channel_from_name(cells[2].substr(0, word_end));
    const std::string word = word_end == std::string::npos ? "" : cells[2].substr(word_end + 1);
    const auto category = consent::category_from_name(cells[3]);
    REQUIRE(channel);
    REQUIRE(category);
    const decide::Rules rules = rules_of(cells[0]);
    const decide::Question question{
        .address = kPhone,
        .channel = *channel,
        .sender = consent::SenderId(),
        .topic = consent::TopicId("offers"),
        .category = *category,
        .useful_until = std::nullopt,
        .where = atlas.of(cells[1]),
        .quality = consent::quality_from_name(word).value_or(consent::Quality::High),
        .free_text = word == "own"};
    const auto decided = [&](Instant t) {
      return decide::decide(person, question, rules, t, ClockState::Synced);
    };
    const decide::Decision decision = decided(moment(cells[4]));
    std::string expected = cells[5];
    if (expected.starts_with("later ")) {
      const auto at = expected.find(' ', 6);
      REQUIRE(at != std::string::npos);
      CHECK(decision.next_allowed == moment(expected.substr(at + 1)));
      CHECK(decided(moment(expected.substr(at + 1)) - 1).verdict != decide::Verdict::Allow);
      expected.resize(at);
    }
    CHECK(answer_of(decision) == expected);
    ++cases[cells[0]];
    ++count;
  }
  CHECK(count >= 250);
  // How often depends on what was sent before: decide/frequency_test.cpp.
  for (const auto& rule : rules_of("*").rules)
    if (rule.id != "etiquette.frequency") CHECK_MESSAGE(cases[rule.id] >= 5, rule.id);
}

}  // namespace counterfoil::app
