// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Hand-written cases, each with the rule it stands for. Asked on WhatsApp about "offers" on day 100 with the
// minimum evidence "present" and a good clock, unless the row says otherwise.
#include "story.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace counterfoil::decide::testing {
namespace {

constexpr auto kText = consent::Channel::Sms;
constexpr auto kMailChannel = consent::Channel::Email;
constexpr auto kClaimed = consent::Evidence::Claimed;
constexpr auto kPresent = consent::Evidence::Present;
constexpr auto kPossessed = consent::Evidence::Possessed;

struct How {
  Question question = ask(kWhatsApp, "offers");
  double on_day = 100;
  consent::Evidence minimum = kPresent;
  ClockState clock = ClockState::Synced;
};

struct Case {
  const char* rule;
  Story story;
  How how;
  const char* expected;
};

void run(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    const std::string rule = c.rule;  // of a pointer only the address is told
    CAPTURE(rule);
    const Rules rules = asking_for(c.how.minimum);
    const Decision d = decide(c.story.person(), c.how.question, rules, day(c.how.on_day), c.how.clock);
    CHECK(reasons_text(d) == c.expected);
    CHECK((d.verdict == Verdict::Allow) == (std::string(c.expected) == "allow"));
    CHECK(d.because.has_value() == (d.verdict == Verdict::Allow));
    CHECK(d.next_allowed.has_value() == (d.verdict == Verdict::Allow));
  }
}

How on(double d) {
  return {.on_day = d};
}
How about(consent::Channel channel, std::string topic) {
  return {.question = ask(channel, std::move(topic))};
}
How asking(consent::Evidence minimum) {
  return {.minimum = minimum};
}
How asking(consent::Evidence minimum, double d) {
  return {.on_day = d, .minimum = minimum};
}
How from(consent::Address address) {
  return {.question = ask(kWhatsApp, "offers", std::move(address))};
}
How untrusted() {
  return {.clock = ClockState::Untrusted};
}

TEST_CASE("table - a living, proven yes") {
  run({
      {"a proven yes to the pair allows", Story().yes(0, 50, kWa, {"offers"}), {}, "allow"},
      {"valid from the second it was given", Story().yes(0, 100, kWa, {"offers"}), {}, "allow"},
      {"possessed is more than present",
       Story().form(0, 50, kWa, {"offers"}).code(0, 51, kPossessed),
       {},
       "allow"},
      {"confirmed late is confirmed", Story().form(0, 50, kWa, {"offers"}).code(0, 99), {}, "allow"},
      {"one of several topics", Story().yes(0, 50, kWa, {"offers", "orders"}), {}, "allow"},
      {"one of several channels", Story().yes(0, 50, kBoth, {"offers"}), about(kText, "offers"), "allow"},
      {"the yes of another submission of the number",
       Story().yes(0, 50, kWa, {"orders"}).yes(1, 60, kWa, {"offers"}),
       {},
       "allow"},
      {"a look-up changes nothing",
       Story().yes(0, 50, kWa, {"offers"}).fact(0, 60, consent::EventType::Lookup),
       {},
       "allow"},
      {"a sent message changes nothing", Story().yes(0, 50, kWa, {"offers"}).sent(0, day(60)), {}, "allow"},
      {"claimed is enough where a manager said so", Story().form(0, 50, kWa, {"offers"}), asking(kClaimed),
       "allow"},
      {"an old claim is enough where a manager said so", Story().form(0, 1, kWa, {"offers"}),
       asking(kClaimed), "allow"},
      {"a battery clock can be believed",
       Story().yes(0, 50, kWa, {"offers"}),
       {.clock = ClockState::Rtc},
       "allow"},
      {"a second form renews",
       Story().yes(0, 1, kWa, {"offers"}, 30).form(0, 20, kWa, {"offers"}),
       {},
       "allow"},
      {"a stranger's form changes nothing",
       Story().yes(0, 50, kWa, {"offers"}).form(1, 60, kSms, {"orders"}),
       {},
       "allow"},
      {"a stranger's unticking changes nothing",
       Story().yes(0, 50, kWa, {"offers"}).form(1, 60, kWa, {"offers"}).untick(1, 61, {}, {"offers"}),
       {},
       "allow"},
      {"another number's stop changes nothing",
       Story().yes(0, 50, kWa, {"offers"}).form(1, 60, kWa, {"offers"}, 730, {kOther}).stop(1, 61),
       {},
       "allow"},
      {"a stop is not read out of a withdrawal",
       Story().yes(0, 50, kBoth, {"offers"}).untick(0, 60, kSms, {"offers"}),
       {},
       "allow"},
  });
}

TEST_CASE("table - never consented") {
  run({
      {"nobody came", Story(), {}, "never_consented"},
      {"another number's yes",
       Story().form(0, 50, kWa, {"offers"}, 730, {kOther}).code(0, 50),
       {},
       "never_consented"},
      {"an address of another kind with the same text", Story().yes(0, 50, kWa, {"offers"}),
       from({consent::AddressKind::WhatsAppId, kAna.value, kClaimed}), "never_consented"},
      {"an unproven form about another topic", Story().form(0, 99, kWa, {"orders"}), {}, "never_consented"},
      {"an unproven form older than 7 days is forgotten",
       Story().form(0, 92, kWa, {"offers"}),
       {},
       "never_consented"},
      {"an unproven form is forgotten on the very second",
       Story().form(0, 93, kWa, {"offers"}),
       {},
       "never_consented"},
      {"a yes from the future is not there yet", Story().yes(0, 101, kWa, {"offers"}), {}, "never_consented"},
      {"unticked before it was ever proven",
       Story().form(0, 98, kWa, {"offers"}).untick(0, 99, {}, {"offers"}),
       {},
       "never_consented"},
      {"below a raised minimum and old", Story().yes(0, 50, kWa, {"offers"}), asking(kPossessed),
       "never_consented"},
      {"an address the submission never named", Story().yes(0, 50, kWa, {"offers"}), from(kMail),
       "never_consented"},
  });
}

TEST_CASE("table - unconfirmed") {
  run({
      {"a form yesterday", Story().form(0, 99, kWa, {"offers"}), {}, "unconfirmed"},
      {"a form six days ago", Story().form(0, 93.01, kWa, {"offers"}), {}, "unconfirmed"},
      {"a form this second", Story().form(0, 100, kWa, {"offers"}), {}, "unconfirmed"},
      {"present where the shop asks for possession", Story().yes(0, 99, kWa, {"offers"}), asking(kPossessed),
       "unconfirmed"},
      {"an unproven yes beside a proven one to another topic",
       Story().yes(0, 50, kWa, {"orders"}).form(1, 99, kWa, {"offers"}),
       {},
       "unconfirmed"},
      {"an unproven yes after a proven one ran out",
       Story().yes(0, 1, kWa, {"offers"}, 30).form(1, 99, kWa, {"offers"}),
       {},
       "unconfirmed"},
      {"an unproven yes to this channel of two", Story().form(0, 99, kBoth, {"offers"}),
       about(kText, "offers"), "unconfirmed"},
      {"an unproven yes that ends before 7 days are over",
       Story().form(0, 96, kWa, {"offers"}, 2),
       {},
       "never_consented"},
      {"the other address of the submission was confirmed",
       Story().form(0, 99, kWa, {"offers"}, 730, {kMail}).code(0, 99).form(1, 99, kWa, {"offers"}),
       {},
       "unconfirmed"},
  });
}

TEST_CASE("table - withdrawn") {
  run({
      {"the person unticked it",
       Story().yes(0, 50, kWa, {"offers"}).untick(0, 60, kWa, {"offers"}),
       {},
       "withdrawn"},
      {"unticked on all channels", Story().yes(0, 50, kBoth, {"offers"}).untick(0, 60, {}, {"offers"}),
       about(kText, "offers"), "withdrawn"},
      {"unticked offers, orders stay",
       Story().yes(0, 50, kWa, {"offers", "orders"}).untick(0, 60, {}, {"offers"}),
       about(kWhatsApp, "orders"), "allow"},
      {"unticked on WhatsApp, SMS stays",
       Story().yes(0, 50, kBoth, {"offers"}).untick(0, 60, kWa, {"offers"}), about(kText, "offers"), "allow"},
      {"told to the staff",
       Story().yes(0, 50, kWa, {"offers"}).untick(0, 60, {}, {"offers"}, consent::Actor::Staff),
       {},
       "withdrawn"},
      {"a later withdrawal outweighs an older yes of another submission",
       Story().yes(0, 50, kWa, {"offers"}).yes(1, 60, kWa, {"offers"}).untick(1, 70, {}, {"offers"}),
       {},
       "withdrawn"},
      {"a later yes of another submission outweighs a withdrawal",
       Story().yes(0, 50, kWa, {"offers"}).untick(0, 60, {}, {"offers"}).yes(1, 70, kWa, {"offers"}),
       {},
       "allow"},
      {"the same submission may say yes again",
       Story().yes(0, 50, kWa, {"offers"}).untick(0, 60, {}, {"offers"}).form(0, 70, kWa, {"offers"}),
       {},
       "allow"},
      {"an unproven yes does not undo a withdrawal",
       Story().yes(0, 50, kWa, {"offers"}).untick(0, 60, {}, {"offers"}).form(1, 99, kWa, {"offers"}),
       {},
       "withdrawn"},
      {"a withdrawal of a yes that had run out",
       Story().yes(0, 1, kWa, {"offers"}, 30).untick(0, 60, {}, {"offers"}),
       {},
       "withdrawn"},
      {"a yes since then that ran out is what counts",
       Story().yes(0, 1, kWa, {"offers"}).untick(0, 10, {}, {"offers"}).yes(1, 20, kWa, {"offers"}, 30),
       {},
       "expired"},
      {"order is seq, not what the clock said",
       Story().yes(0, 50, kWa, {"offers"}).untick(0, 40, {}, {"offers"}),
       {},
       "withdrawn"},
      {"a withdrawal by a present number binds where possession is asked",
       Story()
           .form(0, 50, kWa, {"offers"})
           .code(0, 50, kPossessed)
           .yes(1, 60, kWa, {"offers"})
           .untick(1, 70, {}, {"offers"}),
       asking(kPossessed), "withdrawn"},
      {"claimed counts and was unticked", Story().form(0, 50, kWa, {"offers"}).untick(0, 60, {}, {"offers"}),
       asking(kClaimed), "withdrawn"},
      {"where claims count, a claim's unticking is its own",
       Story().form(0, 50, kWa, {"offers"}).form(1, 60, kWa, {"offers"}).untick(1, 70, {}, {"offers"}),
       asking(kClaimed), "allow"},
  });
}

TEST_CASE("table - suppressed") {
  const Story yes = Story().yes(0, 50, kWa, {"offers"});
  run({
      {"the person stopped everything", Story(yes).stop(0, 60), {}, "suppressed"},
      {"a stop without a tag is the same answer", Story(yes).stop(0, 60), about(kWhatsApp, "orders"),
       "suppressed"},
      {"a tag alone, of an erased number", Story().tag(), {}, "suppressed"},
      {"a tag outweighs a living yes", Story(yes).tag(), {}, "suppressed"},
      {"a tag and a stop are one reason", Story(yes).stop(0, 60).tag(), {}, "suppressed"},
      {"a stop by an unproven submission stops the number",
       Story(yes).form(1, 60, kWa, {"orders"}).stop(1, 61),
       {},
       "suppressed"},
      {"a stop stops every channel", Story(yes).stop(0, 60), about(kText, "offers"), "suppressed"},
      {"a stop stops every address of the submission",
       Story().form(0, 50, kWa, {"offers"}, 730, {kAna, kMail}).code(0, 50).stop(0, 60), from(kMail),
       "suppressed"},
      {"a later form does not lift it", Story(yes).stop(0, 60).yes(0, 70, kWa, {"offers"}), {}, "suppressed"},
      {"a later form of another submission does not lift it",
       Story(yes).stop(0, 60).yes(1, 70, kWa, {"offers"}),
       {},
       "suppressed"},
      {"recorded by staff", Story(yes).stop(0, 60, consent::Actor::Staff), {}, "suppressed"},
      {"recorded by the backend", Story(yes).stop(0, 60, consent::Actor::Machine), {}, "suppressed"},
      {"a stop on a clock that was ahead", Story(yes).stop(0, 160), {}, "suppressed"},
      {"a stop by somebody who never said yes", Story().stop(0, 60), {}, "suppressed"},
      {"damage does not show beside a suppression", Story(yes).tag().damage(), {}, "suppressed"},
      {"damage does not show beside a stop",
       Story(yes).stop(0, 60).fact(0, 61, consent::EventType::Object),
       {},
       "suppressed"},
      {"only the clock may stand before it", Story(yes).tag(), untrusted(), "clock_untrusted suppressed"},
      {"a raised minimum does not weaken a stop", Story(yes).stop(0, 60), asking(kPossessed), "suppressed"},
  });
}

TEST_CASE("table - restricted") {
  const Story yes = Story().yes(0, 50, kWa, {"offers"});
  run({
      {"kept, but not used", Story(yes).restrict(0, 60), {}, "restricted"},
      {"at every channel and topic, beside what else is missing", Story(yes).restrict(0, 60),
       about(kText, "offers"), "restricted channel_not_granted"},
      {"until it is lifted", Story(yes).restrict(0, 60).restrict(0, 70, false), {}, "allow"},
      {"a manager does not lift the person's",
       Story(yes).restrict(0, 60).restrict(0, 70, false, consent::Actor::Manager),
       {},
       "restricted"},
      {"the person lifts a manager's",
       Story(yes).restrict(0, 60, true, consent::Actor::Manager).restrict(0, 70, false),
       {},
       "allow"},
      {"a later yes does not lift it",
       Story(yes).restrict(0, 60).form(0, 70, kWa, {"offers"}),
       {},
       "restricted"},
      {"another proven submission of the number is bound as well",
       Story(yes).yes(1, 60, kWa, {"orders"}).restrict(1, 61),
       {},
       "restricted"},
      {"a stranger's own form restricts nobody else",
       Story(yes).form(1, 60, kWa, {"offers"}).restrict(1, 61),
       {},
       "allow"},
      {"a manager restricts whatever names the number",
       Story(yes).form(1, 60, kWa, {"offers"}).restrict(1, 61, true, consent::Actor::Manager),
       {},
       "restricted"},
      {"a stop comes alone, whatever else there is",
       Story(yes).restrict(0, 60).stop(0, 61),
       {},
       "suppressed"},
  });
}

TEST_CASE("table - native stop") {
  const Story yes = Story().yes(0, 50, kBoth, {"offers", "orders"});
  How order = about(kWhatsApp, "orders");
  order.question.category = consent::Category::Utility;
  How of_other_sender;
  of_other_sender.question.sender = consent::SenderId("wa-2");
  How of_this_sender;
  of_this_sender.question.sender = consent::SenderId("wa");
  run({
      {"adverts switched off on the platform", Story(yes).native(0, 60), {}, "native_stop"},
      {"news of an order may go", Story(yes).native(0, 60), order, "allow"},
      {"other channels have switches of their own", Story(yes).native(0, 60), about(kText, "offers"),
       "allow"},
      {"of this sender", Story(yes).native(0, 60), of_this_sender, "native_stop"},
      {"not of another", Story(yes).native(0, 60), of_other_sender, "allow"},
      {"the platform takes it back", Story(yes).native(0, 60).native(0, 70, false), {}, "allow"},
      {"for the sender that it names",
       Story(yes).native(0, 60).native(0, 70, false, "wa-2"),
       {},
       "native_stop"},
      {"a later yes to the shop does not",
       Story(yes).native(0, 60).yes(0, 70, kWa, {"offers"}),
       {},
       "native_stop"},
      {"it stands where only a stranger's form names the number",
       Story(yes).form(1, 55, kWa, {"orders"}).native(1, 60),
       {},
       "native_stop"},
      {"beside a no of their own",
       Story(yes).native(0, 60).untick(0, 70, {}, {"offers"}),
       {},
       "withdrawn native_stop"},
      {"beside what was never said", Story(yes).native(0, 60), about(kWhatsApp, "tastings"),
       "native_stop topic_not_granted"},
      {"its end ends no stop", Story(yes).native(0, 60).stop(0, 65).native(0, 70, false), {}, "suppressed"},
  });
}

TEST_CASE("table - one-time") {
  const Story yes = Story().yes(0, 50, kBoth, {"offers", "orders"}, 100);
  How once;
  once.question.one_time = true;
  How of_other = about(kWhatsApp, "orders");
  of_other.question.one_time = true;
  How late = once;
  late.on_day = 150;
  run({
      {"it has not gone", yes, once, "allow"},
      {"it has gone", Story(yes).sent(0, day(60)), once, "one_time_spent"},
      {"on another channel", Story(yes).sent(0, day(60), consent::Category::Marketing, kText), once,
       "one_time_spent"},
      {"in the second of the yes", Story(yes).sent(0, day(50)), once, "one_time_spent"},
      {"a message about something else", Story(yes).sent(0, day(60)), of_other, "allow"},
      {"a reply is none", Story(yes).sent(0, day(60), consent::Category::ServiceReply), once, "allow"},
      {"asked for once more", Story(yes).sent(0, day(60)).form(0, 70, kWa, {"offers"}), once, "allow"},
      {"and gone once more", Story(yes).sent(0, day(60)).form(0, 70, kWa, {"offers"}).sent(0, day(80)), once,
       "one_time_spent"},
      {"in another submission of the number", Story(yes).form(1, 55, kWa, {"orders"}).sent(1, day(60)), once,
       "one_time_spent"},
      {"a topic that is not one-time", Story(yes).sent(0, day(60)), {}, "allow"},
      {"its time is over", yes, late, "one_time_expired"},
      {"over, whether it went or not", Story(yes).sent(0, day(60)), late, "one_time_expired"},
      {"taken back", Story(yes).untick(0, 60, {}, {"offers"}), once, "withdrawn"},
      {"taken back when it was over", Story(yes).untick(0, 60, {}, {"offers"}), late, "withdrawn"},
      {"below the minimum it is none yet", Story().form(0, 99, kWa, {"offers"}), once, "unconfirmed"},
      {"over on both", Story().yes(0, 1, kBoth, {"offers"}, 20), once, "one_time_expired"},
  });
}

TEST_CASE("table - expired") {
  const Story month = Story().yes(0, 50, kWa, {"offers"}, 30);
  run({
      {"ran out", month, {}, "expired"},
      {"the last second is still a yes", month, on(80 - 1.0 / 86400), "allow"},
      {"the end itself is not", month, on(80), "expired"},
      {"renewed by another submission", Story(month).yes(1, 75, kWa, {"offers"}), {}, "allow"},
      {"the longer of two, given later", Story(month).yes(1, 60, kWa, {"offers"}, 100), {}, "allow"},
      {"the longer of two, given earlier",
       Story().yes(0, 10, kWa, {"offers"}, 200).yes(1, 20, kWa, {"offers"}, 30),
       {},
       "allow"},
      {"two that both ran out", Story(month).yes(1, 60, kWa, {"offers"}, 30), {}, "expired"},
      {"this pair ran out, another lives", Story(month).yes(0, 60, kWa, {"orders"}), {}, "expired"},
      {"the other pair lives", Story(month).yes(0, 60, kWa, {"orders"}), about(kWhatsApp, "orders"), "allow"},
      {"confirmed after it ran out", Story().form(0, 50, kWa, {"offers"}, 30).code(0, 90), {}, "expired"},
  });
}

TEST_CASE("table - topic and channel not granted") {
  const Story orders = Story().yes(0, 50, kWa, {"orders"});
  run({
      {"only orders, on this channel", orders, {}, "topic_not_granted"},
      {"only SMS, about this", Story().yes(0, 50, kSms, {"offers"}), {}, "channel_not_granted"},
      {"only orders, only SMS",
       Story().yes(0, 50, kSms, {"orders"}),
       {},
       "topic_not_granted channel_not_granted"},
      {"both halves, not together",
       Story().yes(0, 50, kWa, {"orders"}).yes(1, 60, kSms, {"offers"}),
       {},
       "topic_not_granted"},
      {"both halves in one submission",
       Story().yes(0, 50, kWa, {"orders"}).yes(0, 60, kSms, {"offers"}),
       {},
       "topic_not_granted"},
      {"the only yes on the channel ran out",
       Story().yes(0, 50, kWa, {"orders"}, 30).yes(0, 50, kSms, {"offers"}),
       {},
       "channel_not_granted"},
      {"everything ran out, and not this pair",
       Story().yes(0, 50, kWa, {"orders"}, 30),
       {},
       "topic_not_granted channel_not_granted"},
      {"everything was unticked, and not this pair",
       Story(orders).untick(0, 60, {}, {"orders"}),
       {},
       "topic_not_granted channel_not_granted"},
      {"an unknown topic", orders, about(kWhatsApp, "nothing"), "topic_not_granted"},
      {"a channel nobody offers", orders, about(kMailChannel, "orders"), "channel_not_granted"},
      {"an unproven yes to the other half does not count",
       Story().yes(0, 50, kSms, {"orders"}).form(1, 99, kWa, {"orders"}),
       {},
       "topic_not_granted channel_not_granted"},
      {"an old unproven yes to this pair does not count",
       Story(orders).form(1, 80, kWa, {"offers"}),
       {},
       "topic_not_granted"},
  });
}

TEST_CASE("table - clock and ledger") {
  const Story yes = Story().yes(0, 50, kWa, {"offers"});
  run({
      {"nobody vouches for the time", yes, untrusted(), "clock_untrusted"},
      {"an untrusted clock hides no other reason", Story(), untrusted(), "clock_untrusted never_consented"},
      {"a missing payload is never an allow", Story(yes).damage(), {}, "ledger_damaged"},
      {"damage in any submission of the number",
       Story(yes).form(1, 60, kWa, {"orders"}).fact(1, 61, consent::EventType::Object),
       {},
       "ledger_damaged"},
      {"a damaged submission that names no address any more",
       Story(yes).form(1, 60, kWa, {"orders"}, 730, {kOther}).fact(1, 61, consent::EventType::Grant),
       {},
       "ledger_damaged"},
      {"damage hides no other reason",
       Story(yes).untick(0, 60, {}, {"offers"}).damage(),
       {},
       "ledger_damaged withdrawn"},
      {"all of it, in order", Story().yes(0, 50, kSms, {"orders"}).damage(), untrusted(),
       "clock_untrusted ledger_damaged topic_not_granted channel_not_granted"},
      {"an event of a later version that takes something away",
       Story(yes).fact(0, 60, consent::EventType::Object),
       {},
       "ledger_damaged"},
      {"a lowered minimum does not mend damage", Story(yes).damage(), asking(kClaimed, 100),
       "ledger_damaged"},
  });
}

}  // namespace
}  // namespace counterfoil::decide::testing
