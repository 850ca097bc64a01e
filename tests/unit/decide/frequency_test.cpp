// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// How often: what counts, whose midnight and whose Monday it is, and when the next message may go.
#include "story.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace counterfoil::decide::testing {
namespace {

constexpr Instant kMonday = 1'796'598'000;  // 2026-12-07, midnight an hour east of Greenwich

Instant at(int day_of_week, int hour, int minute = 0) {
  return kMonday + day_of_week * kDay_s + hour * kHour_s + minute * kMinute_s;
}

consent::Promise promise_of(int per_day, int days_per_week) {
  consent::Promise out = consent::Promise::at_any_time();
  out.per_day = per_day;
  out.days_per_week = days_per_week;
  out.exceptions = {consent::TopicId("orders")};
  return out;
}

/// A yes of long ago under that promise; messages follow.
Story promised(int per_day = 1, int days_per_week = 3) {
  return Story().promising(promise_of(per_day, days_per_week)).yes(0, -100, kBoth, {"offers", "orders"}, 800);
}

Question asked(const std::string& topic = "offers") {
  Question out = ask(kWhatsApp, topic);
  out.where.zones = {place(3600)};
  return out;
}

Decision decided(const Story& story, Instant t, const Question& question = asked(), const Rules& rules = {}) {
  return decide(story.person(), question, rules, t, ClockState::Synced);
}

/// It is that reason alone, it ends at `until`, and the message may go at `next` and not a second before.
void check_capped(const Story& story, Instant t, std::string_view reason, Instant until, Instant next,
                  const Question& question = asked(), const Rules& rules = {}) {
  const Decision d = decided(story, t, question, rules);
  CHECK(d.verdict == Verdict::AllowLater);
  CHECK(reasons_text(d) == reason);
  REQUIRE(d.reasons.size() == 1);
  CHECK(d.reasons[0].until == until);
  CHECK(d.next_allowed == next);
  CHECK(decided(story, next, question, rules).verdict == Verdict::Allow);
  CHECK(decided(story, next - 1, question, rules).verdict != Verdict::Allow);
}

TEST_CASE("one a day: the next may go at the recipient's midnight") {
  const Story story = promised().sent(0, at(0, 10));
  check_capped(story, at(0, 10), "cap_day", at(1, 0), at(1, 0));
  check_capped(story, at(0, 23, 59), "cap_day", at(1, 0), at(1, 0));
  // Half an hour before midnight belongs to that day, whatever day it is in Greenwich.
  check_capped(promised().sent(0, at(0, 23, 30)), at(0, 23, 45), "cap_day", at(1, 0), at(1, 0));
  CHECK(decided(promised().sent(0, at(0, 23, 30)), at(1, 0, 15)).verdict == Verdict::Allow);
  CHECK(decided(promised(2).sent(0, at(0, 10)), at(0, 11)).verdict == Verdict::Allow);
  check_capped(promised(2).sent(0, at(0, 10)).sent(0, at(0, 11)), at(0, 12), "cap_day", at(1, 0), at(1, 0));
}

TEST_CASE("days of a week: the next may go on Monday, and a day that had one is no new day") {
  const Story story = promised().sent(0, at(0, 10)).sent(0, at(1, 10)).sent(0, at(2, 10));
  check_capped(story, at(3, 9), "cap_week", at(7, 0), at(7, 0));
  check_capped(story, at(6, 23), "cap_week", at(7, 0), at(7, 0));
  // On the third day itself the day is full; that the week is, too, shows at midnight.
  check_capped(story, at(2, 11), "cap_day", at(3, 0), at(7, 0));
  const Story twice = promised(2).sent(0, at(0, 10)).sent(0, at(1, 10)).sent(0, at(3, 9));
  CHECK(decided(twice, at(3, 15)).verdict == Verdict::Allow);
  check_capped(twice, at(4, 15), "cap_week", at(7, 0), at(7, 0));
  // Sunday and Monday are in two weeks.
  CHECK(decided(promised(1, 1).sent(0, at(6, 20)), at(7, 9)).verdict == Verdict::Allow);
}

TEST_CASE("what counts: whatever the business began, by any channel and sender, but no reply") {
  using consent::Category;
  CHECK(reasons_text(decided(promised().sent(0, at(0, 9), Category::Utility), at(0, 12))) == "cap_day");
  CHECK(reasons_text(decided(promised().sent(0, at(0, 9), Category::Authentication), at(0, 12))) ==
        "cap_day");
  CHECK(reasons_text(decided(promised().sent(0, at(0, 9), Category::ServiceReply), at(0, 12))) == "allow");
  CHECK(reasons_text(decided(promised().sent(0, at(0, 9), Category::Marketing, consent::Channel::Sms),
                             at(0, 12))) == "cap_day");
  // By another submission of the same number too, though nobody proved that one; not by another number's.
  Story two = promised();
  two.form(1, -50, kWa, {"offers"}).sent(1, at(0, 9));
  CHECK(reasons_text(decided(two, at(0, 12))) == "cap_day");
  Story other = promised();
  other.form(1, -50, kWa, {"offers"}, 700, {kOther}).sent(1, at(0, 9));
  CHECK(reasons_text(decided(other, at(0, 12))) == "allow");
}

TEST_CASE("a topic that may come on any day may come as often as it must") {
  const Story story = promised().sent(0, at(0, 9)).sent(0, at(0, 10));
  CHECK(decided(story, at(0, 12), asked("orders")).verdict == Verdict::Allow);
  CHECK(reasons_text(decided(story, at(0, 12))) == "cap_day");
}

TEST_CASE("a rule caps whatever was promised, and the answer names the message it rests on") {
  Rule rule;
  rule.id = "etiquette.frequency";
  rule.reference = "good manners";
  rule.demand = FrequencyDemand{.per_day = 1, .days_per_week = 2};
  Rules rules;
  rules.rules = {rule};
  const Story story = promised(9, 7).sent(0, at(0, 10)).sent(0, at(2, 10));
  check_capped(story, at(3, 9), "cap_week", at(7, 0), at(7, 0), asked(), rules);
  const Decision d = decided(story, at(3, 9), asked(), rules);
  CHECK(d.reasons[0].kind == RuleKind::Etiquette);
  CHECK(d.reasons[0].reference == "good manners");
  CHECK(d.reasons[0].evidence == consent::Seq{4});
  CHECK(std::count(d.evidence.begin(), d.evidence.end(), consent::Seq{4}) == 1);
  rules.rules[0].valid_to = at(4, 12);
  check_capped(story, at(3, 9), "cap_week", at(4, 12), at(4, 12), asked(), rules);
}

TEST_CASE("midnight is where the person is, in every place where that may be") {
  Question question = asked();
  question.where.zones.push_back(place(-5 * 3600));
  // Ten in the morning here is four at night there: the same Monday, which ends six hours later.
  check_capped(promised().sent(0, at(0, 10)), at(0, 12), "cap_day", at(1, 6), at(1, 6), question);
  // Two at night here is Sunday evening there: both days have had theirs, and the second ends at six.
  check_capped(promised().sent(0, at(0, 2)), at(0, 3), "cap_day", at(1, 0), at(1, 0), question);
  CHECK(reasons_text(decided(promised().sent(0, at(0, 2)), at(0, 23), question)) == "cap_day");
}

TEST_CASE("a day of 23 or 25 hours ends at its own midnight") {
  const auto madrid = std::make_shared<const Zone>(
      Zone{"Europe/Madrid", {{0, 7200}, {1'792'890'000, 3600}, {1'806'195'600, 7200}}});
  Question question = asked();
  question.where.zones = {madrid};
  constexpr Instant kSpringMidnight = 1'806'188'400;  // 2027-03-28T00:00+01:00
  constexpr Instant kAutumnMidnight = 1'792'879'200;  // 2026-10-25T00:00+02:00
  check_capped(promised().sent(0, kSpringMidnight + 60), kSpringMidnight + 5 * kHour_s, "cap_day",
               kSpringMidnight + 23 * kHour_s, kSpringMidnight + 23 * kHour_s, question);
  check_capped(promised().sent(0, kAutumnMidnight + 60), kAutumnMidnight + 5 * kHour_s, "cap_day",
               kAutumnMidnight + 25 * kHour_s, kAutumnMidnight + 25 * kHour_s, question);
}

TEST_CASE("a question about the past knows no message of later") {
  const Story story = promised().sent(0, at(0, 10)).sent(0, at(1, 10));
  const auto past = [&](Instant t) {
    return decide(consent::fold_until(story.subjects(), t), asked(), Rules(), t, ClockState::Synced);
  };
  CHECK(past(at(0, 9)).verdict == Verdict::Allow);
  CHECK(reasons_text(past(at(0, 11))) == "cap_day");
  CHECK(past(at(1, 9)).verdict == Verdict::Allow);
}

TEST_CASE("a message that cannot be read allows nothing") {
  const Story story = promised().fact(0, 1, consent::EventType::Sent);
  CHECK(reasons_text(decided(story, at(0, 12))) == "ledger_damaged");
}

}  // namespace
}  // namespace counterfoil::decide::testing
