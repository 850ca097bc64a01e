// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "counterfoil/consent/fold.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace counterfoil::consent {
namespace {

const TopicId kOffers{"offers"};
const TopicId kOrders{"orders"};
const Address kPhone{AddressKind::Phone, "+46701740605", Evidence::Claimed};
const Address kMail{AddressKind::Email, "ana@ejemplo.example", Evidence::Claimed};

Event event(std::uint64_t seq, Instant t, EventType type, std::optional<EventBody> body = std::nullopt,
            std::vector<Address> addresses = {kPhone}) {
  return {.seq = Seq{seq},
          .t = t,
          .clock = ClockState::Synced,
          .type = type,
          .body = std::move(body),
          .identity = {.addresses = std::move(addresses), .language = "es"}};
}

Event grant(std::uint64_t seq, Instant t, std::vector<Channel> channels, std::vector<TopicId> topics,
            Instant ends = 10'000) {
  GrantBody b;
  b.channels = std::move(channels);
  b.topics = std::move(topics);
  b.notice = {NoticeId("N1"), "es", {}};
  b.method = "form";
  b.link = LinkId("caja");
  b.place = ShopId("torrevieja");
  b.ends = ends;
  return event(seq, t, EventType::Grant, b);
}
Event withdraw(std::uint64_t seq, Instant t, std::vector<Channel> channels, std::vector<TopicId> topics,
               Actor by = Actor::Person) {
  return event(
      seq, t, EventType::Withdraw,
      WithdrawBody{.channels = std::move(channels), .topics = std::move(topics), .by = by, .via = "link"});
}
Event stop(std::uint64_t seq, Instant t, Actor by = Actor::Person, std::string via = "link") {
  return event(seq, t, EventType::Stop,
               StopBody{.by = by, .via = std::move(via), .user = UserId(), .told_at = std::nullopt});
}
Event confirm(std::uint64_t seq, Instant t, Evidence evidence, std::vector<Address> addresses = {kPhone}) {
  return event(seq, t, EventType::Confirm,
               ConfirmBody{.evidence = evidence, .by = Actor::Staff, .user = UserId("caja-1")},
               std::move(addresses));
}

SubjectState folded(const std::vector<Event>& events) {
  SubjectState state;
  for (const Event& e : events) apply(state, e);
  return state;
}

const std::vector<Channel> kWa = {Channel::WhatsApp};
const std::vector<Channel> kBoth = {Channel::WhatsApp, Channel::Sms};

TEST_CASE("a grant gives every ticked channel with every ticked topic, and remembers how") {
  const SubjectState s = folded({grant(3, 100, kBoth, {kOffers, kOrders})});
  REQUIRE(s.pairs.size() == 4);
  const PairState& p = s.pairs.at({Channel::Sms, kOrders});
  CHECK(p.state == State::ConsentGiven);
  CHECK(p.given == 100);
  CHECK(p.ends == 10'000);
  CHECK(p.grant == Seq{3});
  CHECK(p.last == Seq{3});
  CHECK(p.by == Actor::Person);
  CHECK(p.notice.id == NoticeId("N1"));
  CHECK(p.link == LinkId("caja"));
  CHECK(p.place == ShopId("torrevieja"));
  CHECK(s.first == Seq{3});
  CHECK(s.first_t == 100);
  CHECK(s.events == 1);
  CHECK(s.language == "es");
  CHECK_FALSE(s.damaged);
  CHECK_FALSE(s.untrusted_clock);
}

TEST_CASE("a second form renews its pairs, adds new ones and removes none") {
  const SubjectState s =
      folded({grant(1, 100, kWa, {kOffers, kOrders}, 500), grant(2, 200, kBoth, {kOffers}, 900)});
  CHECK(s.pairs.size() == 3);
  CHECK(s.pairs.at({Channel::WhatsApp, kOffers}).state == State::RenewedConsentGiven);
  CHECK(s.pairs.at({Channel::WhatsApp, kOffers}).ends == 900);
  CHECK(s.pairs.at({Channel::WhatsApp, kOffers}).grant == Seq{2});
  CHECK(s.pairs.at({Channel::WhatsApp, kOrders}).state == State::ConsentGiven);
  CHECK(s.pairs.at({Channel::WhatsApp, kOrders}).ends == 500);
  CHECK(s.pairs.at({Channel::Sms, kOffers}).state == State::ConsentGiven);
}

TEST_CASE("a withdrawal touches the listed pairs only") {
  const SubjectState before = folded({grant(1, 100, kBoth, {kOffers, kOrders})});
  SubjectState s = before;
  apply(s, withdraw(2, 200, kWa, {kOffers}));
  const PairState& gone = s.pairs.at({Channel::WhatsApp, kOffers});
  CHECK(gone.state == State::ConsentWithdrawn);
  CHECK(gone.last == Seq{2});
  CHECK(gone.changed == 200);
  CHECK(gone.grant == Seq{1});
  for (const auto& [pair, state] : before.pairs) {
    if (pair != Pair{Channel::WhatsApp, kOffers}) CHECK(s.pairs.at(pair) == state);
  }
  CHECK_FALSE(s.stop.has_value());
}

TEST_CASE("a withdrawal without channels means all of them") {
  const SubjectState s = folded({grant(1, 100, kBoth, {kOffers, kOrders}), withdraw(2, 200, {}, {kOffers})});
  CHECK(s.pairs.at({Channel::WhatsApp, kOffers}).state == State::ConsentWithdrawn);
  CHECK(s.pairs.at({Channel::Sms, kOffers}).state == State::ConsentWithdrawn);
  CHECK(s.pairs.at({Channel::Sms, kOrders}).state == State::ConsentGiven);
}

TEST_CASE("withdrawing what was never given invents nothing") {
  const SubjectState s = folded({grant(1, 100, kWa, {kOffers}), withdraw(2, 200, {}, {kOrders})});
  CHECK(s.pairs.size() == 1);
  CHECK(s.pairs.at({Channel::WhatsApp, kOffers}).state == State::ConsentGiven);
}

TEST_CASE("withdrawing twice keeps the first date, unless a stronger actor says it") {
  const SubjectState same = folded(
      {grant(1, 100, kWa, {kOffers}), withdraw(2, 200, {}, {kOffers}), withdraw(3, 300, {}, {kOffers})});
  CHECK(same.pairs.at({Channel::WhatsApp, kOffers}).last == Seq{2});
  const SubjectState stronger =
      folded({grant(1, 100, kWa, {kOffers}), withdraw(2, 200, {}, {kOffers}, Actor::Staff),
              withdraw(3, 300, {}, {kOffers})});
  CHECK(stronger.pairs.at({Channel::WhatsApp, kOffers}).last == Seq{3});
  CHECK(stronger.pairs.at({Channel::WhatsApp, kOffers}).by == Actor::Person);
}

TEST_CASE("a withdrawn pair may be given again") {
  const SubjectState s =
      folded({grant(1, 100, kWa, {kOffers}), withdraw(2, 200, {}, {kOffers}), grant(3, 300, kWa, {kOffers})});
  CHECK(s.pairs.at({Channel::WhatsApp, kOffers}).state == State::ConsentGiven);
  CHECK(s.pairs.at({Channel::WhatsApp, kOffers}).grant == Seq{3});
}

TEST_CASE("a stop ends every pair and says who and how") {
  const SubjectState s = folded({grant(1, 100, kBoth, {kOffers}), stop(2, 200, Actor::Staff, "till")});
  REQUIRE(s.stop.has_value());
  CHECK(*s.stop == StopState{.at = 200, .seq = Seq{2}, .by = Actor::Staff, .via = "till"});
  for (const auto& [pair, state] : s.pairs) CHECK(state.state == State::ConsentWithdrawn);
}

TEST_CASE("a grant after a stop does not lift it") {
  const SubjectState s = folded({grant(1, 100, kWa, {kOffers}), stop(2, 200), grant(3, 300, kWa, {kOffers}),
                                 event(4, 400, EventType::Lift)});
  REQUIRE(s.stop.has_value());
  CHECK(s.stop->seq == Seq{2});
}

TEST_CASE("a stronger stop takes over a weaker one, never the other way") {
  CHECK(folded({stop(1, 100, Actor::Machine), stop(2, 200)}).stop->by == Actor::Person);
  CHECK(folded({stop(1, 100), stop(2, 200, Actor::Manager)}).stop->seq == Seq{1});
}

TEST_CASE("a confirmation raises proof and never lowers it") {
  SubjectState s = folded({grant(1, 100, kWa, {kOffers})});
  CHECK(s.proof_of(kPhone) == Evidence::Claimed);
  apply(s, confirm(2, 200, Evidence::Possessed));
  CHECK(s.proof_of(kPhone) == Evidence::Possessed);
  apply(s, confirm(3, 300, Evidence::Present));
  CHECK(s.proof_of(kPhone) == Evidence::Possessed);
  CHECK(s.proof_of(kMail) == Evidence::Claimed);
  CHECK(s.addresses.size() == 1);
}

TEST_CASE("a confirmation proves the addresses it names, or all when it names none") {
  Event first = grant(1, 100, kWa, {kOffers});
  first.identity.addresses = {kPhone, kMail};
  const SubjectState named = folded({first, confirm(2, 200, Evidence::Present, {kPhone})});
  CHECK(named.proof_of(kPhone) == Evidence::Present);
  CHECK(named.proof_of(kMail) == Evidence::Claimed);
  const SubjectState unnamed = folded({first, confirm(2, 200, Evidence::Present, {})});
  CHECK(unnamed.proof_of(kPhone) == Evidence::Present);
  CHECK(unnamed.proof_of(kMail) == Evidence::Present);
}

TEST_CASE("addresses are the union over events with their strongest proof") {
  Event second = event(2, 200, EventType::Lookup);
  second.identity.addresses = {kMail, {AddressKind::Phone, kPhone.value, Evidence::Present}};
  Event third = event(3, 300, EventType::Lookup);
  const SubjectState s = folded({grant(1, 100, kWa, {kOffers}), second, third});
  REQUIRE(s.addresses.size() == 2);
  CHECK(s.proof_of(kPhone) == Evidence::Present);
  CHECK(s.proof_of(kMail) == Evidence::Claimed);
}

TEST_CASE("a grant's evidence backs the single address it names, not several") {
  Event one = grant(1, 100, kWa, {kOffers});
  std::get<GrantBody>(*one.body).evidence = Evidence::Present;
  CHECK(folded({one}).proof_of(kPhone) == Evidence::Present);
  one.identity.addresses = {kPhone, kMail};
  CHECK(folded({one}).proof_of(kPhone) == Evidence::Claimed);
}

TEST_CASE("the clock may go backwards, the order is seq") {
  const SubjectState s = folded({grant(5, 500, kWa, {kOffers}), withdraw(6, 100, {}, {kOffers})});
  CHECK(s.pairs.at({Channel::WhatsApp, kOffers}).state == State::ConsentWithdrawn);
  CHECK(s.pairs.at({Channel::WhatsApp, kOffers}).changed == 100);
  CHECK_FALSE(s.damaged);
}

TEST_CASE("an untrusted clock is remembered") {
  Event e = event(2, 200, EventType::Inbound);
  e.clock = ClockState::Untrusted;
  const SubjectState s = folded({grant(1, 100, kWa, {kOffers}), e});
  CHECK(s.untrusted_clock);
  CHECK_FALSE(s.damaged);
}

TEST_CASE("facts that say nothing about consent are counted only") {
  const SubjectState before = folded({grant(1, 100, kWa, {kOffers})});
  for (const EventType type : {EventType::RetentionChange, EventType::Renew}) {
    SubjectState after = before;
    apply(after, event(2, 200, type));
    CHECK(after.events == 2);
    after.events = before.events;
    after.last = before.last;
    CHECK(after == before);
  }
}

TEST_CASE(
    "messages are remembered in order, and one that cannot be read is damage: it may have been the last") {
  const SentBody first{150, Category::Marketing, Channel::WhatsApp, true, SenderId("wa"), kOffers};
  SentBody second = first;
  second.at = 120;
  Event one = event(2, 200, EventType::Sent);
  one.body = first;
  Event two = event(3, 300, EventType::Sent);
  two.body = second;
  const SubjectState s = folded({grant(1, 100, kWa, {kOffers}), one, two});
  CHECK(s.sent == std::vector{SentMessage{Seq{2}, first}, SentMessage{Seq{3}, second}});
  CHECK_FALSE(s.damaged);
  CHECK(s.pairs == folded({grant(1, 100, kWa, {kOffers})}).pairs);
  CHECK(folded({grant(1, 100, kWa, {kOffers}), event(2, 200, EventType::Sent)}).damaged);
}

TEST_CASE("the latest message that somebody wrote counts, in whatever order they are reported") {
  const auto inbound = [](std::uint64_t seq, Instant at, const std::string& sender) {
    Event e = event(seq, static_cast<Instant>(seq * 100), EventType::Inbound);
    e.body = InboundBody{at, Channel::WhatsApp, SenderId(sender), "client/hook", {}};
    return e;
  };
  SubjectState s = folded({grant(1, 100, kWa, {kOffers}), inbound(2, 150, "wa"), inbound(3, 120, "wa")});
  const std::pair key(Channel::WhatsApp, SenderId("wa"));
  CHECK(s.inbound.at(key) == LastInbound{150, Seq{2}});
  apply(s, inbound(4, 151, "wa"));
  apply(s, inbound(5, 400, "wa-2"));
  CHECK(s.inbound.at(key) == LastInbound{151, Seq{4}});
  CHECK(s.inbound.size() == 2);
  // One that cannot be read opens nothing, and is no damage either.
  apply(s, event(6, 600, EventType::Inbound));
  CHECK(s.inbound.at(key) == LastInbound{151, Seq{4}});
  CHECK_FALSE(s.damaged);
}

TEST_CASE("a native stop lasts until the platform takes it back, for the sender it names") {
  const auto native = [](std::uint64_t seq, bool stop, const std::string& sender) {
    const NativeBody body{stop, static_cast<Instant>(seq * 100 - 7), Channel::WhatsApp, SenderId(sender),
                          "hook"};
    Event e = event(seq, static_cast<Instant>(seq * 100), event_type(body));
    e.body = body;
    return e;
  };
  SubjectState s = folded({grant(1, 100, kWa, {kOffers}), native(2, true, "wa"), native(3, true, "wa")});
  const std::pair key(Channel::WhatsApp, SenderId("wa"));
  CHECK(s.native_stops == std::map<std::pair<Channel, SenderId>, NativeStop>{{key, {193, Seq{2}}}});
  CHECK(s.pairs == folded({grant(1, 100, kWa, {kOffers})}).pairs);
  apply(s, native(4, false, "wa-2"));
  CHECK(s.native_stops.size() == 1);
  apply(s, native(5, false, "wa"));
  CHECK(s.native_stops.empty());
  CHECK_FALSE(s.damaged);
}

TEST_CASE("a look-up changes nothing but what is known of look-ups, even without its text") {
  const SubjectState before = folded({grant(1, 100, kWa, {kOffers})});
  SubjectState after = before;
  apply(after, event(2, 200, EventType::Lookup));
  apply(after, event(3, 300, EventType::Lookup));
  CHECK(after.look_ups == 2);
  CHECK(after.looked_up == 300);
  CHECK_FALSE(after.damaged);
  CHECK(after.pairs == before.pairs);
}

TEST_CASE("what cannot be applied marks the subject damaged") {
  const Event first = grant(1, 100, kWa, {kOffers});
  CHECK(folded({first, event(2, 200, EventType::Grant)}).damaged);  // no body
  Event wrong = stop(2, 200);
  wrong.type = EventType::Withdraw;
  CHECK(folded({first, wrong}).damaged);                                 // the body of another type
  CHECK(folded({first, stop(1, 200)}).damaged);                          // the same seq again
  CHECK(folded({grant(7, 100, kWa, {kOffers}), stop(6, 200)}).damaged);  // an earlier seq
  for (const EventType type :
       {EventType::Object, EventType::Restrict, EventType::HoldClear, EventType::NativeStop,
        EventType::NativeResume, EventType::Correct, EventType::EraseRequest, EventType::SysBoot})
    CHECK(folded({first, event(2, 200, type)}).damaged);
}

TEST_CASE("a hold is open until its case is cleared, and the longest one counts") {
  const auto with_body = [](std::uint64_t seq, EventBody body) {
    Event e = event(seq, static_cast<Instant>(seq * 100), event_type(body));
    e.body = std::move(body);
    return e;
  };
  SubjectState s = folded({grant(1, 100, kWa, {kOffers})});
  CHECK(s.held_until() == 0);
  apply(s, with_body(2, HoldBody{CaseId("k-1"), 5'000, UserId()}));
  CHECK(s.held_until() == 5'000);
  apply(s, with_body(3, HoldBody{CaseId("k-2"), std::nullopt, UserId()}));
  CHECK(s.held_until() == kForever);
  apply(s, with_body(4, HoldClearBody{CaseId("k-2"), UserId()}));
  CHECK(s.held_until() == 5'000);
  apply(s, with_body(5, HoldBody{CaseId("k-1"), 7'000, UserId()}));
  CHECK(s.held_until() == 7'000);
  apply(s, with_body(6, HoldClearBody{CaseId("nobody-knows"), UserId()}));
  apply(s, with_body(7, EraseBody{Actor::Person, "subject", "link"}));
  CHECK(s.erase_asked == 700);
  CHECK(s.holds.size() == 1);
  apply(s, with_body(8, HoldClearBody{CaseId("k-1"), UserId()}));
  CHECK(s.held_until() == 0);
  CHECK_FALSE(s.damaged);
  apply(s, event(9, 900, EventType::HoldSet));  // no body: nobody knows what must be kept
  CHECK(s.damaged);
}

TEST_CASE("a restriction is lifted by an equal or stronger hand") {
  const auto restrict = [](std::uint64_t seq, Actor by, bool on) {
    Event e = event(seq, static_cast<Instant>(seq * 100), EventType::Restrict);
    e.body = RestrictBody{by, on, "claim", UserId()};
    return e;
  };
  const Event yes = grant(1, 100, kWa, {kOffers});
  const SubjectState s = folded({yes, restrict(2, Actor::Manager, true), restrict(3, Actor::Person, true)});
  REQUIRE(s.restricted);
  CHECK(s.restricted->by == Actor::Person);
  CHECK(s.restricted->seq == Seq{3});
  CHECK(s.pairs.at({Channel::WhatsApp, kOffers}).state == State::ConsentGiven);
  CHECK(folded({yes, restrict(2, Actor::Person, true), restrict(3, Actor::Manager, false)}).restricted);
  CHECK_FALSE(folded({yes, restrict(2, Actor::Manager, true), restrict(3, Actor::Person, false)}).restricted);
}

TEST_CASE("a stop out of order still stops") {
  CHECK(folded({grant(7, 100, kWa, {kOffers}), stop(6, 200)}).stop.has_value());
}

TEST_CASE("the fold until an instant leaves later events and empty subjects out") {
  const std::vector<std::vector<Event>> subjects = {
      {grant(1, 100, kWa, {kOffers}), withdraw(3, 300, {}, {kOffers})}, {grant(2, 250, kWa, {kOrders})}};
  const PersonState early = fold_until(subjects, 249);
  REQUIRE(early.subjects.size() == 1);
  CHECK(early.subjects[0].pairs.at({Channel::WhatsApp, kOffers}).state == State::ConsentGiven);
  CHECK(fold_until(subjects, 250).subjects.size() == 2);
  CHECK(fold_until(subjects, 300).subjects[0].pairs.at({Channel::WhatsApp, kOffers}).state ==
        State::ConsentWithdrawn);
  CHECK(fold_until(subjects, 99).subjects.empty());
  CHECK_FALSE(early.suppressed);
}

}  // namespace
}  // namespace counterfoil::consent
