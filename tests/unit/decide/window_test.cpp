// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The window that a person's own message opens, and what it is good for.
#include "dice.h"
#include "story.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace counterfoil::decide::testing {
namespace {

constexpr auto kMessenger = consent::Channel::Messenger;
const Channels kAll = {kWhatsApp, kMessenger, consent::Channel::Sms};

Rule window_on(consent::Channel channel, bool templates_pass) {
  Rule rule;
  rule.id = "window";
  rule.kind = RuleKind::Platform;
  rule.reference = "customer service window";
  rule.scope.channels = {channel};
  rule.demand = WindowDemand{kDay_s, templates_pass};
  return rule;
}

Rules windows() {
  Rules rules;
  rules.rules = {window_on(kWhatsApp, true), window_on(kMessenger, false)};
  return rules;
}

Question asked(bool free_text, consent::Channel channel = kWhatsApp) {
  Question out = ask(channel, "offers");
  out.free_text = free_text;
  return out;
}

Decision decided(const Story& story, Instant t, const Question& question, const Rules& rules = windows()) {
  return decide(story.person(), question, rules, t, ClockState::Synced);
}

std::string answer(const Story& story, Instant t, const Question& question) {
  const Decision d = decided(story, t, question);
  return d.verdict == Verdict::Allow ? "allow" : reasons_text(d);
}

Story agreed() {
  return Story().yes(0, 50, kAll, {"offers"});
}

constexpr std::string_view kClosed = "window_closed_template_required";

}  // namespace

TEST_CASE("words of one's own go while the window is open, to the second, and templates always") {
  const Story story = agreed().inbound(0, day(100));
  CHECK(answer(story, day(100) - 1, asked(true)) == kClosed);
  CHECK(answer(story, day(100), asked(true)) == "allow");
  CHECK(answer(story, day(101) - 1, asked(true)) == "allow");
  CHECK(answer(story, day(101), asked(true)) == kClosed);
  CHECK(answer(story, day(101), asked(false)) == "allow");
  CHECK(answer(agreed(), day(101), asked(true)) == kClosed);
  const Decision d = decided(story, day(101), asked(true));
  CHECK(d.verdict == Verdict::Deny);  // no waiting opens it
  CHECK_FALSE(d.next_allowed);
  REQUIRE(d.reasons.size() == 1);
  CHECK(d.reasons[0].kind == RuleKind::Platform);
  CHECK(d.reasons[0].evidence == consent::Seq{3});
  CHECK(d.evidence == std::vector{consent::Seq{1}, consent::Seq{3}});
}

TEST_CASE("a platform without templates asks it of every message") {
  const Story story = agreed().inbound(0, day(100), kMessenger, "page");
  for (const bool free_text : {false, true}) {
    CHECK(answer(story, day(100.5), asked(free_text, kMessenger)) == "allow");
    CHECK(answer(story, day(101), asked(free_text, kMessenger)) == kClosed);
    CHECK(answer(story, day(101), asked(free_text, consent::Channel::Sms)) == "allow");
  }
}

TEST_CASE("a window is the channel's and the sender's, and the latest message counts") {
  const Story story = agreed().inbound(0, day(100)).inbound(0, day(99), kMessenger, "page");
  CHECK(answer(story, day(100.5), asked(true, kMessenger)) == kClosed);
  Question other = asked(true);
  other.sender = consent::SenderId("wa-2");
  CHECK(answer(story, day(100.5), other) == kClosed);
  other.sender = consent::SenderId("wa");
  CHECK(answer(story, day(100.5), other) == "allow");
  // Reported in whatever order, in whatever submission of the number.
  const Story late = agreed().form(1, 60, kAll, {"offers"}).inbound(1, day(100)).inbound(0, day(98));
  CHECK(answer(late, day(100.5), asked(true)) == "allow");
}

TEST_CASE("it is no yes, and lifts no stop") {
  CHECK(answer(Story().form(0, 99, kAll, {"offers"}).inbound(0, day(100)), day(100.5), asked(true)) ==
        "unconfirmed");
  CHECK(answer(agreed().untick(0, 99, {}, {"offers"}).inbound(0, day(100)), day(100.5), asked(true)) ==
        "withdrawn");
  CHECK(answer(agreed().stop(0, 99).inbound(0, day(100)), day(100.5), asked(true)) == "suppressed");
  CHECK(answer(agreed().native(0, 99).inbound(0, day(100)), day(100.5), asked(true)) == "native_stop");
}

TEST_CASE("what waits for the morning waits in vain when the window closes before") {
  Rules rules = windows();
  Rule hours;
  hours.id = "hours";
  hours.demand = HoursDemand{};
  std::get<HoursDemand>(hours.demand).week.fill(DayHours{9 * 60, 20 * 60});
  rules.rules.push_back(hours);
  const Instant midnight = day(100) / kDay_s * kDay_s;
  const auto written = [&](int hour) { return agreed().inbound(0, midnight + hour * kHour_s); };
  const Instant evening = midnight + 21 * kHour_s;
  const Instant morning = midnight + kDay_s + 9 * kHour_s;
  const Decision in_time = decided(written(10), evening, asked(true), rules);
  CHECK(in_time.verdict == Verdict::AllowLater);
  CHECK(in_time.next_allowed == morning);
  const Decision in_vain = decided(written(9), evening, asked(true), rules);
  CHECK(in_vain.verdict == Verdict::Deny);
  CHECK(reasons_text(in_vain) == "window_closed_template_required quiet_hours");
  CHECK(decided(written(9), evening, asked(false), rules).next_allowed == morning);
}

TEST_CASE("property - own words never go where a template may not, and only within a day of a message") {
  Dice dice(21);
  int open = 0;
  int closed = 0;
  for (int round = 0; round < 20'000; ++round) {
    CAPTURE(round);
    Story story = agreed();
    std::vector<Instant> written;
    for (std::size_t n = dice.below(4); n > 0; --n) {
      const bool to_other = dice.one_in(4);
      const Instant at = day(100) + static_cast<Instant>(dice.below(5 * kDay_s));
      if (!to_other) written.push_back(at);
      story.inbound(0, at, kWhatsApp, to_other ? "wa-2" : "wa");
    }
    if (dice.one_in(5)) story.stop(0, 99);
    Question question = asked(true);
    question.sender = consent::SenderId("wa");
    // The moments at which a window opens or closes as often as any other.
    Instant t = day(100) + static_cast<Instant>(dice.below(6 * kDay_s));
    if (!written.empty() && dice.one_in(2)) t = written.back() + (dice.one_in(2) ? kDay_s : 0);
    // Reports say when; what is still to come is not there yet, so only what was written by then may be
    // asked.
    const auto last = std::max_element(written.begin(), written.end());
    if (last != written.end() && *last > t) continue;
    const bool is_open = last != written.end() && t - *last < kDay_s;
    const Decision own = decided(story, t, question);
    question.free_text = false;
    const Decision fixed = decided(story, t, question);
    REQUIRE((own.verdict == Verdict::Allow) == (is_open && fixed.verdict == Verdict::Allow));
    ++(own.verdict == Verdict::Allow ? open : closed);
    const bool towards_stranger =
        std::count(own.obligations.begin(), own.obligations.end(), Obligation::NoMoney) > 0;
    REQUIRE_FALSE(towards_stranger);
  }
  CHECK(open > 1000);
  CHECK(closed > 1000);
}

TEST_CASE("while the rating is low nothing goes, and while it is medium less, whoever is asked about") {
  Rules rules;
  Rule medium;
  medium.id = "medium";
  medium.demand = QualityDemand{consent::Quality::Medium, FrequencyDemand{1, 1}};
  Rule low;
  low.id = "low";
  low.demand = QualityDemand{consent::Quality::Low, {}};
  rules.rules = {medium, low};
  const Story quiet = agreed();
  const Story messaged = agreed().sent(0, day(100));
  const auto at = [&](const Story& story, consent::Quality quality) {
    Question question = asked(false);
    question.quality = quality;
    return decided(story, day(101), question, rules);  // the promise would allow it
  };
  CHECK(at(messaged, consent::Quality::High).verdict == Verdict::Allow);
  CHECK(at(quiet, consent::Quality::Medium).verdict == Verdict::Allow);
  const Decision slowed = at(messaged, consent::Quality::Medium);
  CHECK(reasons_text(slowed) == "quality_low");
  CHECK(slowed.verdict == Verdict::AllowLater);
  REQUIRE(slowed.next_allowed);
  CHECK(weekday_of(place(0)->day_at(*slowed.next_allowed)) == 0);  // next Monday
  for (const Story* story : {&quiet, &messaged}) {
    const Decision none = at(*story, consent::Quality::Low);
    CHECK(none.verdict == Verdict::Deny);
    CHECK(none.reasons.back().code == ReasonCode::QualityLow);
  }
  CHECK(reasons_text(at(quiet, consent::Quality::Low)) == "quality_low");
  CHECK(reasons_text(at(messaged, consent::Quality::Low)) == "quality_low quality_low");
}

TEST_CASE("until somebody has written, a message asks for neither money nor data") {
  const std::vector<Obligation> known = {Obligation::SayWhy, Obligation::OfferStop, Obligation::NameBusiness};
  std::vector<Obligation> first = known;
  first.insert(first.end(), {Obligation::NoMoney, Obligation::NoDataRequest});
  CHECK(decided(agreed(), day(100), asked(false)).obligations == first);
  // On any channel, to any sender, however long ago.
  const Story story = agreed().inbound(0, day(60), kMessenger, "page");
  CHECK(decided(story, day(100), asked(false)).obligations == known);
}

}  // namespace counterfoil::decide::testing
