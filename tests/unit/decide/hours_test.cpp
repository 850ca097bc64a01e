// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Hours, days, holidays and blocks: when they stand in the way, and to the second until when.
#include "decide/openings.h"
#include "dice.h"
#include "story.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace counterfoil::decide::testing {
namespace {

// Madrid around its changes of 2026 and 2027.
const Zone kMadrid{"Europe/Madrid",
                   {{0, 3600}, {1'774'746'000, 7200}, {1'792'890'000, 3600}, {1'806'195'600, 7200}}};
constexpr Instant kSpring = 1'774'746'000;    // 2026-03-29T01:00:00Z, a Sunday: 2:00 becomes 3:00
constexpr Instant kAutumn = 1'792'890'000;    // 2026-10-25T01:00:00Z, a Sunday: 3:00 becomes 2:00
constexpr Instant kThursday = 1'796'256'000;  // 2026-12-03T00:00:00Z

std::shared_ptr<const Zone> madrid() {
  return std::make_shared<const Zone>(kMadrid);
}

WeekHours every_day(int from_minute, int to_minute) {
  WeekHours week;
  week.fill(DayHours{from_minute, to_minute});
  return week;
}

Rule hours_rule(int from_minute, int to_minute) {
  Rule rule;
  rule.id = "test.hours";
  rule.reference = "test";
  rule.demand = HoursDemand{every_day(from_minute, to_minute)};
  return rule;
}

Rule weekend_rule() {
  Rule rule;
  rule.id = "test.weekend";
  rule.demand = WeekdaysDemand{};
  return rule;
}

Rule holiday_rule() {
  Rule rule;
  rule.id = "test.holidays";
  rule.demand = NoHolidaysDemand{};
  return rule;
}

Rules with(std::vector<Rule> rules) {
  Rules out;
  out.rules = std::move(rules);
  return out;
}

Question in_madrid(std::string country = "ES") {
  Question question = ask(kWhatsApp, "offers");
  question.where = {std::move(country), {madrid()}};
  return question;
}

Story long_yes() {
  return Story().yes(0, -200, kBoth, {"offers", "orders"}, 800);
}

Decision at(Instant t, const Rules& rules, const Question& question = in_madrid(),
            const Story& story = long_yes()) {
  return decide(story.person(), question, rules, t, ClockState::Synced);
}

Instant local(LocalDay day, int hour, int minute = 0) {
  return day * kDay_s + hour * kHour_s + minute * kMinute_s - 3600;  // Madrid's winter
}
constexpr LocalDay kThu = kThursday / kDay_s;

}  // namespace

TEST_CASE("a zone counts days and offsets over its changes") {
  CHECK(kMadrid.offset_at(0) == 3600);
  CHECK(kMadrid.offset_at(kSpring - 1) == 3600);
  CHECK(kMadrid.offset_at(kSpring) == 7200);
  CHECK(kMadrid.next_change(kSpring) == kAutumn);
  CHECK(kMadrid.next_change(1'900'000'000) == Zone::kNever);
  CHECK(kMadrid.day_at(-3601) == -1);
  CHECK(kMadrid.day_at(-3600) == 0);
  CHECK(weekday_of(kThu) == 3);
  CHECK(weekday_of(-1) == 2);
}

TEST_CASE("hours begin and end to the second, and clocks that change move them") {
  const WeekHours day = every_day(540, 1200);
  const Openings openings{day};
  CHECK(next_open(kMadrid, openings, local(kThu, 9) - 1) == local(kThu, 9));
  CHECK(next_open(kMadrid, openings, local(kThu, 9)) == local(kThu, 9));
  CHECK(next_open(kMadrid, openings, local(kThu, 20) - 1) == local(kThu, 20) - 1);
  CHECK(next_open(kMadrid, openings, local(kThu, 20)) == local(kThu + 1, 9));
  // 9:00 of the Sunday on which summer begins is 7:00 UTC, 23 hours after Saturday's.
  CHECK(next_open(kMadrid, openings, kSpring - 3600) == kSpring + 6 * kHour_s);
  CHECK(next_open(kMadrid, openings, kAutumn - 3600) == kAutumn + 7 * kHour_s);
  // What the wall skips is not open; what it shows twice is open twice.
  const WeekHours skipped = every_day(130, 170);
  CHECK(next_open(kMadrid, {skipped}, kSpring - 600) == kSpring + kDay_s - 3000);
  const WeekHours half_skipped = every_day(130, 210);
  CHECK(next_open(kMadrid, {half_skipped}, kSpring - 600) == kSpring);
  const WeekHours twice = every_day(120, 180);
  CHECK(next_open(kMadrid, {twice}, kAutumn - 3600) == kAutumn - 3600);
  CHECK(next_open(kMadrid, {twice}, kAutumn) == kAutumn);
  CHECK(next_open(kMadrid, {twice}, kAutumn + 3600) == kAutumn + 3600 + 23 * kHour_s);
}

TEST_CASE("what never opens is closed for good") {
  const WeekHours never{};
  CHECK_FALSE(next_open(kMadrid, {never}, kThursday));
}

TEST_CASE("property: between now and the next opening the wall shows no open minute") {
  Dice dice(21);
  for (int round = 0; round < 3000; ++round) {
    WeekHours week;
    for (auto& day : week) {
      if (dice.one_in(3)) continue;
      const int from = static_cast<int>(dice.below(1440));
      day = DayHours{from, from + 1 + static_cast<int>(dice.below(static_cast<std::size_t>(1440 - from)))};
    }
    // Around both changes as often as elsewhere.
    const Instant around = dice.one_in(2) ? kSpring : kAutumn;
    const Instant t = around - 3 * kDay_s + static_cast<Instant>(dice.below(6 * 86'400));
    const auto is_open = [&](Instant moment) {
      const Instant wall = kMadrid.local(moment);
      const auto& hours = week.at(weekday_of(wall / kDay_s));
      const Instant minute = wall % kDay_s / kMinute_s;
      return hours && hours->from_minute <= minute && minute < hours->to_minute;
    };
    CAPTURE(round);
    const auto opens = next_open(kMadrid, {week}, t);
    if (!opens) {
      for (const auto& day : week) REQUIRE_FALSE(day);
      continue;
    }
    REQUIRE(is_open(*opens));
    if (*opens > t) REQUIRE_FALSE(is_open(*opens - 1));
    for (Instant moment = t; moment < *opens; moment += kMinute_s - moment % kMinute_s)
      REQUIRE_FALSE(is_open(moment));
  }
}

TEST_CASE("each timed rule says until when, and the decision when it may be at last") {
  struct Row {
    const char* rule;
    Rules rules;
    Instant t;
    const char* reasons;
    std::optional<Instant> next;
  };
  Rules holidays = with({holiday_rule(), hours_rule(540, 1200)});
  holidays.holidays["ES"] = {kThu + 5};
  Rules friday_weekend = with({weekend_rule()});
  friday_weekend.weekends["ES"] = {4, 5};
  Rule later = hours_rule(540, 1200);
  later.valid_from = kThursday + kDay_s;
  Rule earlier = hours_rule(540, 600);
  earlier.valid_to = local(kThu, 12);
  const std::vector<Row> rows = {
      {"inside the hours", with({hours_rule(540, 1200)}), local(kThu, 11), "allow", local(kThu, 11)},
      {"the first second", with({hours_rule(540, 1200)}), local(kThu, 9), "allow", local(kThu, 9)},
      {"before them", with({hours_rule(540, 1200)}), local(kThu, 8, 59), "quiet_hours", local(kThu, 9)},
      {"the end is outside", with({hours_rule(540, 1200)}), local(kThu, 20), "quiet_hours",
       local(kThu + 1, 9)},
      {"Saturday morning", with({weekend_rule()}), local(kThu + 2, 10), "quiet_day", local(kThu + 4, 0)},
      {"Friday evening waits for Monday", with({hours_rule(540, 1200), weekend_rule()}), local(kThu + 1, 21),
       "quiet_hours", local(kThu + 4, 9)},
      {"Sunday night says both", with({hours_rule(540, 1200), weekend_rule()}), local(kThu + 3, 22),
       "quiet_hours quiet_day", local(kThu + 4, 9)},
      {"a weekend is each country's own", friday_weekend, local(kThu + 1, 12), "quiet_day",
       local(kThu + 3, 0)},
      {"its Sunday is a working day", friday_weekend, local(kThu + 3, 12), "allow", local(kThu + 3, 12)},
      {"a holiday", holidays, local(kThu + 5, 12), "holiday", local(kThu + 6, 9)},
      {"the evening before it", holidays, local(kThu + 4, 21), "quiet_hours", local(kThu + 6, 9)},
      {"a rule not yet in force", with({later}), local(kThu, 23), "allow", local(kThu, 23)},
      {"a rule that ends while one waits", with({earlier}), local(kThu, 11), "quiet_hours", local(kThu, 12)},
      {"hours that exclude each other", with({hours_rule(540, 600), hours_rule(600, 660)}), local(kThu, 9),
       "quiet_hours", std::nullopt},
  };
  for (const Row& row : rows) {
    CAPTURE(row.rule);
    const Decision d = at(row.t, row.rules);
    CHECK(reasons_text(d) == row.reasons);
    CHECK(d.next_allowed == row.next);
    CHECK((d.verdict == Verdict::AllowLater) == (row.next.has_value() && !d.reasons.empty()));
  }
}

TEST_CASE("a rule is about its channels, categories and countries only") {
  Rule block;
  block.id = "test.block";
  block.kind = RuleKind::Platform;
  block.reference = "platform";
  block.scope = {{consent::Channel::WhatsApp}, {consent::Category::Marketing}, {"US"}};
  block.demand = BlockDemand{ReasonCode::CountryBlocked};
  Question asked = in_madrid("US");
  const Decision blocked = at(local(kThu, 11), with({block}), asked);
  CHECK(blocked.verdict == Verdict::Deny);
  REQUIRE(blocked.reasons.size() == 1);
  CHECK(blocked.reasons.front() ==
        Reason{ReasonCode::CountryBlocked, RuleKind::Platform, "platform", {}, {}});
  CHECK(at(local(kThu, 11), with({block}), in_madrid("ES")).verdict == Verdict::Allow);
  asked.category = consent::Category::Utility;
  CHECK(at(local(kThu, 11), with({block}), asked).verdict == Verdict::Allow);
  asked.category = consent::Category::Marketing;
  asked.channel = consent::Channel::Sms;
  CHECK(at(local(kThu, 11), with({block}), asked).verdict == Verdict::Allow);
  asked.channel = consent::Channel::WhatsApp;
  block.valid_to = local(kThu, 15);
  CHECK(at(local(kThu, 11), with({block}), asked).next_allowed == local(kThu, 15));
}

TEST_CASE("a category that a rule forbids is a no, whatever else is right") {
  Rule block;
  block.id = "test.no-offers-by-whatsapp";
  block.reference = "shop";
  block.scope = {{consent::Channel::WhatsApp}, {consent::Category::Marketing}, {}};
  block.demand = BlockDemand{ReasonCode::CategoryForbidden};
  Question asked = in_madrid();
  CHECK(reasons_text(at(local(kThu, 11), with({block}), asked)) == "category_forbidden");
  CHECK(reasons_text(at(local(kThu + 2, 3), with({block, hours_rule(540, 1200)}), asked)) ==
        "category_forbidden quiet_hours");
  asked.useful_until = local(kThu, 10);
  CHECK(reasons_text(at(local(kThu, 11), with({block}), asked)) == "category_forbidden too_late");
  asked.category = consent::Category::Utility;
  asked.useful_until.reset();
  CHECK(reasons_text(at(local(kThu, 11), with({block}), asked)) == "allow");
}

TEST_CASE("whoever may be in several zones is written to when all of them are awake") {
  Question asked = ask(kWhatsApp, "offers");
  asked.where = {"US", {place(-5 * 3600, "East"), place(-10 * 3600, "Islands")}};
  const Rules rules = with({hours_rule(540, 1200)});
  CHECK(at(kThursday + 14 * kHour_s, rules, asked).next_allowed == kThursday + 19 * kHour_s);
  CHECK(at(kThursday + 19 * kHour_s, rules, asked).verdict == Verdict::Allow);
  CHECK(at(kThursday + 25 * kHour_s, rules, asked).next_allowed == kThursday + 43 * kHour_s);
  asked.where.zones.clear();
  CHECK(at(kThursday + 19 * kHour_s, rules, asked).verdict == Verdict::Deny);
}

TEST_CASE("the promise under which a yes was given binds it, whatever the rules are") {
  consent::Promise promise;  // Monday to Friday, 9:00 to 20:00, no holidays
  promise.exceptions = {consent::TopicId("orders")};
  const Story story = Story().promising(promise).yes(0, -200, kBoth, {"offers", "orders"}, 800);
  Rules rules;
  rules.holidays["ES"] = {kThu};
  const auto asked = [&](std::string topic, Instant t) {
    Question question = in_madrid();
    question.topic = consent::TopicId(std::move(topic));
    return at(t, rules, question, story);
  };
  CHECK(reasons_text(asked("offers", local(kThu + 1, 11))) == "allow");
  CHECK(reasons_text(asked("offers", local(kThu + 1, 21))) == "quiet_hours");
  CHECK(reasons_text(asked("offers", local(kThu + 2, 11))) == "quiet_day");
  CHECK(reasons_text(asked("offers", local(kThu, 11))) == "holiday");
  CHECK(asked("offers", local(kThu + 1, 21)).next_allowed == local(kThu + 4, 9));
  // What was promised for any day keeps to the hours alone.
  CHECK(reasons_text(asked("orders", local(kThu, 11))) == "allow");
  CHECK(reasons_text(asked("orders", local(kThu + 2, 11))) == "allow");
  CHECK(asked("orders", local(kThu + 2, 21)).next_allowed == local(kThu + 3, 9));
}

TEST_CASE("nobody waits in vain: an offer or a yes that ends first is a no that says so") {
  Question asked = in_madrid();
  const Rules rules = with({hours_rule(540, 1200), weekend_rule()});
  asked.useful_until = local(kThu + 3, 12);
  CHECK(at(local(kThu + 1, 12), rules, asked).verdict == Verdict::Allow);
  const Decision late = at(local(kThu + 1, 21), rules, asked);
  CHECK(late.verdict == Verdict::Deny);
  CHECK(reasons_text(late) == "quiet_hours too_late");
  CHECK_FALSE(late.next_allowed);
  CHECK(reasons_text(at(local(kThu + 3, 12), {}, asked)) == "too_late");
  CHECK(reasons_text(at(local(kThu + 3, 12) - 1, {}, asked)) == "allow");
  CHECK(reasons_text(at(local(kThu + 30, 12), {}, asked)) == "too_late");
  const double ends = static_cast<double>(local(kThu + 3, 12) - kFirstDay) / static_cast<double>(kDay_s);
  const Story short_yes = Story().yes(0, -200, kWa, {"offers"}, 200 + ends);
  CHECK(reasons_text(at(local(kThu + 1, 21), rules, in_madrid(), short_yes)) == "expired quiet_hours");
}

TEST_CASE("a no by law or person is not softened by the hours") {
  const Rules rules = with({hours_rule(540, 1200)});
  const Story nobody;
  const Decision d = at(local(kThu, 21), rules, in_madrid(), nobody);
  CHECK(d.verdict == Verdict::Deny);
  CHECK(reasons_text(d) == "never_consented quiet_hours");
  CHECK_FALSE(d.next_allowed);
  CHECK(reasons_text(at(local(kThu, 21), rules, in_madrid(), long_yes().stop(0, -100))) == "suppressed");
}

TEST_CASE(
    "property: the next allowed moment is allowed, the second before is not, and stricter rules allow less") {
  Dice dice(22);
  constexpr int kStates = 100'000;
  int later = 0;
  int never = 0;
  for (int round = 0; round < kStates; ++round) {
    CAPTURE(round);
    consent::Promise promise = consent::Promise::at_any_time();
    if (dice.one_in(2)) {
      promise.from_minute = static_cast<int>(dice.below(12)) * 60;
      promise.to_minute = promise.from_minute + 30 + static_cast<int>(dice.below(600));
      promise.weekdays = 1 + static_cast<unsigned>(dice.below(127));
      promise.holidays = dice.one_in(2);
    }
    promise.per_day = 1 + static_cast<int>(dice.below(2));
    promise.days_per_week = 1 + static_cast<int>(dice.below(4));
    Story story = Story().promising(promise).yes(0, -200, kWa, {"offers"},
                                                 200 + static_cast<double>(1 + dice.below(120)));
    Rules rules;
    rules.holidays["ES"] = {kThu + static_cast<LocalDay>(dice.below(9)), kThu + 1};
    if (dice.one_in(2)) {
      const int from = static_cast<int>(dice.below(20)) * 60;
      rules.rules.push_back(hours_rule(from, from + 60 + static_cast<int>(dice.below(180))));
    }
    if (dice.one_in(3)) rules.rules.push_back(weekend_rule());
    if (dice.one_in(3)) rules.rules.push_back(holiday_rule());
    if (dice.one_in(4) && !rules.rules.empty())
      rules.rules.back().valid_to = kThursday + static_cast<Instant>(dice.below(10 * 86'400));
    Question asked = in_madrid();
    if (dice.one_in(3)) asked.where.zones.push_back(place(-static_cast<int>(dice.below(11)) * 3600));
    const Instant t = kThursday - 45 * kDay_s + static_cast<Instant>(dice.below(60 * 86'400));
    for (std::size_t messages = dice.below(4); messages > 0; --messages)
      story.sent(0, t - static_cast<Instant>(dice.below(8 * 86'400)));
    if (dice.one_in(4)) asked.useful_until = t + static_cast<Instant>(dice.below(5 * 86'400));
    const consent::PersonState person = story.person();
    const auto decided = [&](Instant moment) {
      return decide(person, asked, rules, moment, ClockState::Synced);
    };
    const Decision d = decided(t);
    if (d.verdict == Verdict::Deny) {
      ++never;
      REQUIRE_FALSE(d.next_allowed);
      REQUIRE(std::any_of(d.reasons.begin(), d.reasons.end(), [](const Reason& r) { return !r.until; }));
      continue;
    }
    REQUIRE(d.next_allowed);
    REQUIRE(decided(*d.next_allowed).verdict == Verdict::Allow);
    if (d.verdict != Verdict::AllowLater) continue;
    ++later;
    REQUIRE(*d.next_allowed > t);
    REQUIRE(decided(*d.next_allowed - 1).verdict != Verdict::Allow);
    const Instant between =
        t + static_cast<Instant>(dice.below(static_cast<std::size_t>(*d.next_allowed - t)));
    REQUIRE(decided(between).verdict != Verdict::Allow);
    rules.rules.push_back(hours_rule(600, 900));
    const Decision stricter = decided(t);
    REQUIRE(stricter.verdict != Verdict::Allow);
    if (stricter.next_allowed) REQUIRE(*stricter.next_allowed >= *d.next_allowed);
  }
  CHECK(later > kStates / 5);
  CHECK(never > kStates / 50);
}

}  // namespace counterfoil::decide::testing
