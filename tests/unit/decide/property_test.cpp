// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Properties that hold for every history, tried on many seeded random ones.
#include "dice.h"
#include "story.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace counterfoil::decide::testing {
namespace {

using consent::Event;
using Histories = std::vector<std::vector<Event>>;

constexpr int kRounds = 6000;
const std::array<std::string, 3> kTopicNames = {"offers", "orders", "care"};
const std::array<consent::Channel, 3> kAskedChannels = {consent::Channel::WhatsApp, consent::Channel::Sms,
                                                        consent::Channel::Email};

Channels some_channels(Dice& dice) {
  const std::array<Channels, 3> kinds = {kWa, kSms, kBoth};
  return kinds.at(dice.below(kinds.size()));
}

Topics some_topics(Dice& dice) {
  Topics out;
  for (const std::string& topic : {kTopicNames[2], kTopicNames[0], kTopicNames[1]}) {
    if (dice.one_in(2)) out.push_back(topic);
  }
  return out.empty() ? Topics{"offers"} : out;
}

/// 1 to 3 submissions, some of another number, interleaved; days 0 to 60 and now and then a clock set back.
Story random_story(Dice& dice, bool with_stops) {
  Story story;
  const std::size_t submissions = 1 + dice.below(3);
  double today = 0;
  for (std::size_t i = 0; i < submissions; ++i) {
    const auto addresses = dice.one_in(5)   ? std::vector{kOther}
                           : dice.one_in(4) ? std::vector{kAna, kMail}
                                            : std::vector{kAna};
    story.form(i, today, some_channels(dice), some_topics(dice), 5.0 + static_cast<double>(dice.below(60)),
               addresses);
    today += static_cast<double>(dice.below(4));
  }
  for (std::size_t events = dice.below(8); events > 0; --events) {
    const std::size_t who = dice.below(submissions);
    today = dice.one_in(10) ? std::max(0.0, today - 3) : today + static_cast<double>(dice.below(6));
    switch (dice.below(with_stops ? 9 : 8)) {
      case 0:
        story.form(who, today, some_channels(dice), some_topics(dice), 40,
                   story.subjects()[who][0].identity.addresses);
        break;
      case 1:
      case 2:
        story.untick(who, today, dice.one_in(2) ? Channels{} : some_channels(dice), some_topics(dice));
        break;
      case 3:
        story.sent(who, day(today));
        break;
      case 8:
        if (dice.one_in(2))
          story.native(who, today, dice.one_in(2));
        else
          story.stop(who, today);
        break;
      default:
        story.code(who, today, dice.one_in(3) ? consent::Evidence::Possessed : consent::Evidence::Present);
        break;
    }
  }
  return story;
}

Question random_question(Dice& dice) {
  return ask(kAskedChannels.at(dice.below(3)), kTopicNames.at(dice.below(3)), dice.one_in(8) ? kMail : kAna);
}

Rules random_rules(Dice& dice) {
  return asking_for(static_cast<consent::Evidence>(dice.below(3)));
}

Instant random_now(Dice& dice) {
  return day(static_cast<double>(dice.below(80)));
}

Decision now_decision(const consent::PersonState& person, const Question& q, const Rules& rules, Instant t) {
  return decide(person, q, rules, t, ClockState::Synced);
}

TEST_CASE("property - adding a stop never turns deny into allow") {
  Dice dice(1);
  int stopped = 0;
  for (int round = 0; round < kRounds; ++round) {
    CAPTURE(round);
    Story story = random_story(dice, true);
    const Question q = random_question(dice);
    const Rules rules = random_rules(dice);
    const Instant t = random_now(dice);
    const Decision before = now_decision(story.person(), q, rules, t);
    story.stop(dice.below(story.subjects().size()), static_cast<double>(dice.below(80)));
    const Decision after = now_decision(story.person(), q, rules, t);
    if (before.verdict != Verdict::Allow) REQUIRE(after.verdict != Verdict::Allow);
    if (before.verdict == Verdict::Allow && after.verdict != Verdict::Allow) ++stopped;
    story.tag();
    REQUIRE(reasons_text(now_decision(story.person(), q, rules, t)) == "suppressed");
  }
  CHECK(stopped > 100);
}

TEST_CASE("property - a later stop that names the address always denies") {
  Dice dice(2);
  int checked = 0;
  for (int round = 0; round < kRounds; ++round) {
    CAPTURE(round);
    Story story = random_story(dice, false);
    const std::size_t who = dice.below(story.subjects().size());
    story.stop(who, 79);
    story.yes(who, 79, kBoth, {"care", "offers", "orders"});
    const auto& addresses = story.subjects()[who][0].identity.addresses;
    const Question q = ask(consent::Channel::WhatsApp, "offers", addresses[0]);
    REQUIRE(reasons_text(now_decision(story.person(), q, random_rules(dice), day(79))) == "suppressed");
    ++checked;
  }
  CHECK(checked == kRounds);
}

/// The same events applied in another order that keeps each submission's own, to submissions in another
/// order.
consent::PersonState shuffled_person(Dice& dice, const Histories& histories) {
  std::vector<consent::SubjectState> states(histories.size());
  std::vector<std::size_t> next(histories.size(), 0);
  std::size_t left = 0;
  for (const auto& events : histories) left += events.size();
  while (left > 0) {
    const std::size_t who = dice.below(histories.size());
    if (next[who] == histories[who].size()) continue;
    consent::apply(states[who], histories[who][next[who]++]);
    --left;
  }
  for (std::size_t i = states.size(); i > 1; --i) std::swap(states[i - 1], states[dice.below(i)]);
  consent::PersonState person;
  person.subjects = std::move(states);
  return person;
}

TEST_CASE("property - shuffling independent events changes nothing") {
  Dice dice(3);
  int allowed = 0;
  for (int round = 0; round < kRounds; ++round) {
    CAPTURE(round);
    const Story story = random_story(dice, true);
    const Question q = random_question(dice);
    const Rules rules = random_rules(dice);
    const Instant t = random_now(dice);
    const Decision before = now_decision(story.person(), q, rules, t);
    REQUIRE(now_decision(shuffled_person(dice, story.subjects()), q, rules, t) == before);
    if (before.verdict == Verdict::Allow) ++allowed;
  }
  CHECK(allowed > 300);
}

TEST_CASE("property - submissions of other addresses change nothing") {
  Dice dice(4);
  int left_out = 0;
  for (int round = 0; round < kRounds; ++round) {
    CAPTURE(round);
    const Story story = random_story(dice, true);
    const Question q = random_question(dice);
    const Rules rules = random_rules(dice);
    const Instant t = random_now(dice);
    consent::PersonState whole = story.person();
    const Decision before = now_decision(whole, q, rules, t);
    const std::size_t size = whole.subjects.size();
    std::erase_if(whole.subjects, [&](const consent::SubjectState& s) {
      return std::none_of(s.addresses.begin(), s.addresses.end(),
                          [&](const consent::Address& a) { return a.same_place(q.address); });
    });
    REQUIRE(now_decision(whole, q, rules, t) == before);
    if (whole.subjects.size() < size) ++left_out;
  }
  CHECK(left_out > 300);
}

TEST_CASE("property - a decision about the past ignores all later events") {
  Dice dice(5);
  int later_events = 0;
  for (int round = 0; round < kRounds; ++round) {
    CAPTURE(round);
    const Story story = random_story(dice, true);
    const Question q = random_question(dice);
    const Rules rules = random_rules(dice);
    const Instant t = random_now(dice);
    Histories known_then;
    for (const auto& events : story.subjects()) {
      auto& kept = known_then.emplace_back();
      for (const Event& e : events) {
        if (e.t <= t) kept.push_back(e);
      }
      if (kept.size() < events.size()) ++later_events;
    }
    REQUIRE(now_decision(consent::fold_until(story.subjects(), t), q, rules, t) ==
            now_decision(consent::fold_until(known_then, day(1000)), q, rules, t));
  }
  CHECK(later_events > 300);
}

TEST_CASE("property - asking for more evidence never allows more") {
  Dice dice(6);
  int refused = 0;
  for (int round = 0; round < kRounds * 4; ++round) {
    CAPTURE(round);
    const consent::PersonState person = random_story(dice, true).person();
    const Question q = random_question(dice);
    const Instant t = random_now(dice);
    bool allowed = true;
    for (const auto minimum :
         {consent::Evidence::Claimed, consent::Evidence::Present, consent::Evidence::Possessed}) {
      const bool now = now_decision(person, q, asking_for(minimum), t).verdict == Verdict::Allow;
      if (now) REQUIRE(allowed);
      if (allowed && !now) ++refused;
      allowed = now;
    }
  }
  CHECK(refused > 300);
}

TEST_CASE("property - unticking one topic changes no other pair") {
  Dice dice(7);
  int unticked = 0;
  for (int round = 0; round < kRounds; ++round) {
    CAPTURE(round);
    Story story = random_story(dice, true);
    const std::string topic = kTopicNames.at(dice.below(3));
    const Rules rules = random_rules(dice);
    const Instant t = random_now(dice);
    std::map<std::pair<consent::Channel, std::string>, Decision> before;
    const consent::PersonState person_before = story.person();
    for (const auto channel : kAskedChannels) {
      for (const std::string& asked : kTopicNames)
        before[{channel, asked}] = now_decision(person_before, ask(channel, asked), rules, t);
    }
    story.untick(dice.below(story.subjects().size()), 79, {}, {topic});
    const consent::PersonState person_after = story.person();
    for (const auto& [pair, was] : before) {
      const Decision is = now_decision(person_after, ask(pair.first, pair.second), rules, t);
      if (pair.second == topic) {
        if (was.verdict == Verdict::Allow && is.verdict != Verdict::Allow) ++unticked;
        continue;
      }
      // Where nothing was ever granted, the wording may tell which half is left; the answer may not change.
      const bool never_granted = reasons_text(was).find("not_granted") != std::string::npos;
      if (never_granted) {
        REQUIRE(is.verdict == was.verdict);
      } else {
        REQUIRE(is == was);
      }
    }
  }
  CHECK(unticked > 300);
}

TEST_CASE("property - reasons are in order, and empty exactly on allow") {
  Dice dice(8);
  for (int round = 0; round < kRounds; ++round) {
    CAPTURE(round);
    Story story = random_story(dice, true);
    if (dice.one_in(6)) story.damage();
    const ClockState clock = dice.one_in(6) ? ClockState::Untrusted : ClockState::Rtc;
    const Decision d =
        decide(story.person(), random_question(dice), random_rules(dice), random_now(dice), clock);
    REQUIRE(d.reasons.empty() == (d.verdict == Verdict::Allow));
    REQUIRE(d.because.has_value() == (d.verdict == Verdict::Allow));
    REQUIRE(d.obligations.empty() != (d.verdict == Verdict::Allow));
    REQUIRE(std::adjacent_find(d.reasons.begin(), d.reasons.end(), [](const Reason& a, const Reason& b) {
              return a.code > b.code;
            }) == d.reasons.end());
    REQUIRE(std::is_sorted(d.evidence.begin(), d.evidence.end()));
    if (clock == ClockState::Untrusted) REQUIRE(d.verdict == Verdict::Deny);
  }
}

}  // namespace
}  // namespace counterfoil::decide::testing
