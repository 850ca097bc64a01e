// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What a Decision carries beside its reasons.
#include "story.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

namespace counterfoil::decide::testing {
namespace {

Decision on_day(const Story& story, double n, const Question& question = ask(kWhatsApp, "offers"),
                ClockState clock = ClockState::Synced) {
  return decide(story.person(), question, Rules{}, day(n), clock);
}

TEST_CASE("of a moment whose records are deleted nothing is allowed, whatever else there is to say") {
  const auto answer = [](const Story& story, double n, double known_since) {
    consent::PersonState person = story.person();
    person.known_since = day(known_since);
    return reasons_text(decide(person, ask(kWhatsApp, "offers"), Rules{}, day(n), ClockState::Synced));
  };
  const Story yes = Story().yes(0, 50, kWa, {"offers"});
  CHECK(answer(yes, 99, 100) == "history_gone");
  CHECK(answer(yes, 100, 100) == "allow");
  CHECK(answer(Story(yes).untick(0, 60, {}, {"offers"}), 99, 100) == "withdrawn history_gone");
  CHECK(answer(Story(), 99, 100) == "never_consented history_gone");
  CHECK(answer(Story(yes).stop(0, 60), 99, 100) == "suppressed");
}

TEST_CASE("an allow says because of what, what to do, and on which event it rests") {
  Story story = Story().yes(0, 50, kWa, {"offers"});  // seq 1 and 2
  story.form(0, 60, kWa, {"offers"});                 // seq 3
  const Decision d = on_day(story, 100);
  CHECK(d.verdict == Verdict::Allow);
  CHECK(d.reasons.empty());
  CHECK(d.obligations == std::vector<Obligation>{Obligation::SayWhy, Obligation::OfferStop,
                                                 Obligation::NameBusiness, Obligation::NoMoney,
                                                 Obligation::NoDataRequest});
  REQUIRE(d.because.has_value());
  CHECK(d.because->given == day(60));
  CHECK(d.because->ends == day(790));
  CHECK(d.because->link == consent::LinkId("caja"));
  CHECK(d.because->place == consent::ShopId("torrevieja"));
  CHECK(d.because->evidence == consent::Evidence::Present);
  CHECK(d.because->notice.id == consent::NoticeId("N1"));
  CHECK(d.because->topic == consent::TopicId("offers"));
  CHECK(d.evidence == std::vector{consent::Seq{3}});
  CHECK(d.as_of == day(100));
  CHECK(d.next_allowed == day(100));
  CHECK(d.rules_version == "1");
}

TEST_CASE("a deny names its event, its kind and its article, and obliges to nothing") {
  const Decision d = on_day(Story().yes(0, 50, kWa, {"offers"}).untick(0, 60, {}, {"offers"}), 100);
  CHECK(d.verdict == Verdict::Deny);
  REQUIRE(d.reasons.size() == 1);
  CHECK(d.reasons[0].kind == RuleKind::Person);
  CHECK(d.reasons[0].reference == "GDPR Art. 7(3)");
  CHECK(d.reasons[0].evidence == consent::Seq{3});
  CHECK_FALSE(d.reasons[0].until.has_value());
  CHECK(d.evidence == std::vector{consent::Seq{3}});
  CHECK_FALSE(d.because.has_value());
  CHECK_FALSE(d.next_allowed.has_value());
  CHECK(d.obligations.empty());
}

TEST_CASE("not granted rests on the yes that is there") {
  const Decision d = on_day(Story().yes(0, 50, kWa, {"orders"}).yes(1, 60, kSms, {"offers"}), 100);
  CHECK(d.evidence == std::vector{consent::Seq{1}, consent::Seq{3}});
}

TEST_CASE("nobody can tell a stop from an erasure") {
  const Decision erased = on_day(Story().tag(), 100);
  CHECK(on_day(Story().yes(0, 50, kWa, {"offers"}).stop(0, 60).tag(), 100) == erased);
  CHECK(on_day(Story().yes(0, 50, kWa, {"offers"}).stop(0, 60), 100) == erased);
  CHECK(on_day(Story().yes(0, 50, kWa, {"offers"}).tag().damage(), 100) == erased);
  CHECK(on_day(Story().stop(0, 60, consent::Actor::Staff), 100) == erased);
  CHECK(erased.evidence.empty());
  CHECK_FALSE(erased.reasons[0].evidence.has_value());
}

TEST_CASE("every reason of this version has a reference") {
  const std::vector<Decision> all = {
      on_day(Story(), 100, ask(kWhatsApp, "offers"), ClockState::Untrusted),
      on_day(Story().damage(), 100),
      on_day(Story().tag(), 100),
      on_day(Story().yes(0, 50, kWa, {"offers"}).untick(0, 60, {}, {"offers"}), 100),
      on_day(Story().form(0, 99, kWa, {"offers"}), 100),
      on_day(Story().yes(0, 50, kWa, {"offers"}, 10), 100),
      on_day(Story().yes(0, 50, kSms, {"orders"}), 100)};
  std::set<ReasonCode> seen;
  for (const Decision& d : all) {
    for (const Reason& reason : d.reasons) {
      CHECK_FALSE(reason.reference.empty());
      seen.insert(reason.code);
    }
  }
  CHECK(seen.size() == 9);
}

TEST_CASE("words of the public enums") {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(ReasonCode::HistoryGone); ++i)
    names.insert(reason_name(static_cast<ReasonCode>(i)));
  CHECK(names.size() == 32);
  CHECK(reason_name(ReasonCode::ClockUntrusted) == "clock_untrusted");
  CHECK(reason_name(ReasonCode::Unconfirmed) == "unconfirmed");
  CHECK(reason_name(ReasonCode::Expired) == "expired");
  CHECK(reason_name(ReasonCode::WindowClosedTemplateRequired) == "window_closed_template_required");
  CHECK(reason_name(ReasonCode::HistoryGone) == "history_gone");
  CHECK(rule_kind_name(RuleKind::Etiquette) == "etiquette");
  CHECK(verdict_name(Verdict::AllowLater) == "allow_later");
  CHECK(obligation_name(Obligation::NameBusiness) == "name_business");
}

}  // namespace
}  // namespace counterfoil::decide::testing
