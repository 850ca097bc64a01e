// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What people write back: keywords act at once, doubtful messages wait for a person, and nothing of a text is
// kept that need not be.
#include "base/limits.h"
#include "counterfoil/proof/leaf.h"
#include "tests/support/shop.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

namespace counterfoil::desk {
namespace {

using consent::Channel;
using i18n::WishKind;

constexpr const char* kEva = "+46701740641";
constexpr const char* kIda = "+46701740642";
constexpr const char* kDoubt = "Can I stop by at five?";
const consent::Address kEvasPhone{consent::AddressKind::Phone, kEva, consent::Evidence::Claimed};

std::string proven_yes(test::Shop& shop, const std::string& number) {
  const auto given = shop.desk->opt_in(shop.request(number));
  REQUIRE(given);
  REQUIRE(shop.desk->confirm(given->code, shop.cashier));
  return given->token;
}

Result<Heard> say(test::Shop& shop, const std::string& text, const std::string& number = kEva) {
  return shop.desk->hear({number, "", Channel::WhatsApp, {}, shop.clock.now(), text, "client/hook"});
}

std::string reason_of(const decide::Decision& decision) {
  return decision.reasons.empty() ? "allow" : std::string(decide::reason_name(decision.reasons[0].code));
}

std::vector<DoubtfulMessage> waiting(const test::Shop& shop) {
  auto out = shop.desk->doubtful();
  REQUIRE(out);
  return *std::move(out);
}

std::uint64_t size_of(const test::Shop& shop) {
  return shop.ledger->health().size;
}

}  // namespace

TEST_CASE("a keyword stops everything at once, by the person's own hand") {
  test::Shop shop;
  proven_yes(shop, kEva);
  CHECK(reason_of(shop.at_till(kEva, Channel::Sms, "offers")) == "allow");
  const auto heard = say(shop, " ¡Baja!  ");
  REQUIRE(heard);
  CHECK(heard->wish == WishKind::StopAll);
  CHECK(reason_of(shop.at_till(kEva, Channel::Sms, "offers")) == "suppressed");
  const auto subjects = shop.ledger->submissions(kEvasPhone);
  REQUIRE(subjects);
  REQUIRE(subjects->front().state.stop);
  CHECK(subjects->front().state.stop->by == consent::Actor::Person);
  CHECK(subjects->front().state.stop->via == "keyword");
  CHECK(waiting(shop).empty());
}

TEST_CASE("a stop is kept for a number that nothing here names, and answered alike") {
  test::Shop shop;
  const auto heard = say(shop, "STOP", kIda);
  REQUIRE(heard);
  CHECK(heard->wish == WishKind::StopAll);
  proven_yes(shop, kEva);
  const auto given = shop.desk->opt_in(shop.request(kIda));
  REQUIRE(given);
  CHECK(reason_of(shop.at_till(kIda, Channel::WhatsApp, "offers")) == "suppressed");
  // Whatever else somebody says of whom nothing is known leaves nothing.
  const auto size = size_of(shop);
  for (const char* text : {kDoubt, "hola", "STOP offers", ""}) {
    const auto stranger = say(shop, text, "+46701740643");
    const auto known = say(shop, text, kEva);
    REQUIRE(stranger);
    REQUIRE(known);
    CHECK(stranger->wish == known->wish);
  }
  CHECK(size_of(shop) > size);
  CHECK(waiting(shop).size() == 1);
}

TEST_CASE("a topic is taken back by its name, in whatever names the number") {
  test::Shop shop;
  const std::string proven = proven_yes(shop, kEva);
  const auto unproven = shop.desk->opt_in(shop.request(kEva));
  REQUIRE(unproven);
  const auto heard = say(shop, "STOP offers");
  REQUIRE(heard);
  CHECK(heard->wish == WishKind::StopTopic);
  CHECK(heard->topic.text() == "offers");
  CHECK(reason_of(shop.at_till(kEva, Channel::Sms, "offers")) == "withdrawn");
  CHECK(reason_of(shop.at_till(kEva, Channel::Sms, "orders")) == "allow");
  // Whoever typed the number cannot read from their link what its owner wrote.
  const auto states = [&](const std::string& token) {
    std::set<consent::State> out;
    const auto seen = shop.desk->submission(token);
    REQUIRE(seen);
    for (const auto& choice : seen->choices)
      if (choice.topic.text() == "offers") out.insert(choice.state);
    return out;
  };
  const auto record = [&](const std::string& token) {
    const auto receipt = shop.desk->receipt(token);
    REQUIRE(receipt);
    return json::write(receipt->record).value_or("").find("ConsentWithdrawn") != std::string::npos;
  };
  CHECK(states(proven) == std::set{consent::State::ConsentWithdrawn});
  CHECK(record(proven));
  CHECK(states(unproven->token) == std::set{consent::State::ConsentRequested});
  CHECK_FALSE(record(unproven->token));
  REQUIRE(shop.desk->keep(unproven->token, {consent::TopicId("orders")}));
  CHECK(states(unproven->token) == std::set{consent::State::ConsentWithdrawn});
  REQUIRE(shop.desk->confirm(unproven->code, shop.cashier));
  CHECK(reason_of(shop.at_till(kEva, Channel::Sms, "offers")) == "withdrawn");
  const auto size = size_of(shop);
  REQUIRE(say(shop, "STOP offers"));
  CHECK(size_of(shop) == size);
}

TEST_CASE("what may be a stop waits for a person, who settles it once") {
  test::Shop shop;
  proven_yes(shop, kEva);
  proven_yes(shop, kIda);
  const auto heard = say(shop, kDoubt);
  REQUIRE(heard);
  CHECK(heard->wish == WishKind::Human);
  shop.clock.advance(5);
  REQUIRE(say(shop, "please stop, I have had enough\n😀", kIda));
  shop.reopen();
  CHECK(reason_of(shop.at_till(kEva, Channel::WhatsApp, "offers")) == "allow");

  const auto both = waiting(shop);
  REQUIRE(both.size() == 2);
  CHECK(both[0].text == kDoubt);
  CHECK(both[0].channel == Channel::WhatsApp);
  CHECK(both[0].at == shop.clock.now() - 5);
  CHECK(both[0].masked_number.find("40641") == std::string::npos);
  CHECK(both[1].text == "please stop, I have had enough\n😀");

  CHECK(shop.desk->settle(both[0].id, true, {consent::UserId("a"), Role::Auditor}).error().code ==
        Code::Refused);
  REQUIRE(shop.desk->settle(both[0].id, false, shop.cashier));
  REQUIRE(shop.desk->settle(both[1].id, true, shop.cashier));
  CHECK(shop.desk->settle(both[1].id, false, shop.cashier).error().code == Code::NotFound);
  CHECK(shop.desk->settle("x", true, shop.cashier).error().code == Code::NotFound);
  CHECK(waiting(shop).empty());
  CHECK(reason_of(shop.at_till(kEva, Channel::WhatsApp, "offers")) == "allow");
  CHECK(reason_of(shop.at_till(kIda, Channel::WhatsApp, "offers")) == "suppressed");
  const auto subjects =
      shop.ledger->submissions({consent::AddressKind::Phone, kIda, consent::Evidence::Claimed});
  REQUIRE(subjects);
  REQUIRE(subjects->front().state.stop);
  CHECK(subjects->front().state.stop->by == consent::Actor::Staff);
}

TEST_CASE("a waiting message goes with an erasure, with a week, and with its schedule") {
  test::Shop shop;
  const std::string eva = proven_yes(shop, kEva);
  proven_yes(shop, kIda);
  REQUIRE(say(shop, kDoubt));
  REQUIRE(say(shop, kDoubt, kIda));
  REQUIRE(shop.desk->erase(eva));
  REQUIRE(waiting(shop).size() == 1);
  const auto left = waiting(shop).front();
  shop.clock.advance(limits::kDoubtfulLife_s - 1);
  CHECK(waiting(shop).size() == 1);
  shop.clock.advance(1);
  CHECK(waiting(shop).empty());
  REQUIRE(shop.ledger->item("doubtful", left.id));
  CHECK(reason_of(shop.at_till(kIda, Channel::WhatsApp, "offers")) == "allow");
  shop.clock.set_state(ClockState::Untrusted);
  shop.desk->keep_house();
  REQUIRE(shop.ledger->item("doubtful", left.id));
  shop.clock.set_state(ClockState::Synced);
  shop.desk->keep_house();
  CHECK(shop.ledger->item("doubtful", left.id).error().code == Code::NotFound);
  // Nobody has read it in time, so it is taken for what it may have been.
  CHECK(reason_of(shop.at_till(kIda, Channel::WhatsApp, "offers")) == "suppressed");
  const auto subjects =
      shop.ledger->submissions({consent::AddressKind::Phone, kIda, consent::Evidence::Claimed});
  REQUIRE(subjects);
  REQUIRE(subjects->front().state.stop);
  CHECK(subjects->front().state.stop->by == consent::Actor::Machine);
  shop.clock.advance(2 * kDay_s);
  const auto due = shop.ledger->due(shop.clock.now());
  CHECK(
      std::any_of(due.begin(), due.end(), [](const auto& r) { return r.retention_class == "inbound-30d"; }));
}

TEST_CASE("only the beginning of a long message waits, in whole characters") {
  test::Shop shop;
  proven_yes(shop, kEva);
  std::string text = "stop it ";
  while (text.size() < 3000) text += "ñandú ";
  REQUIRE(say(shop, text));
  const auto kept = waiting(shop).at(0).text;
  CHECK(kept.size() <= limits::kDoubtfulTextBytesMax);
  CHECK(kept.size() > limits::kDoubtfulTextBytesMax - 4);
  CHECK(text.starts_with(kept));
  CHECK(is_utf8(kept));
}

TEST_CASE("one person's messages fill the page for nobody else") {
  test::Shop shop;
  proven_yes(shop, kEva);
  proven_yes(shop, kIda);
  for (std::size_t i = 0; i < limits::kDoubtfulOfOneMax + 3; ++i) REQUIRE(say(shop, kDoubt));
  CHECK(waiting(shop).size() == limits::kDoubtfulOfOneMax);
  REQUIRE(say(shop, kDoubt, kIda));
  CHECK(waiting(shop).size() == limits::kDoubtfulOfOneMax + 1);
  REQUIRE(shop.desk->settle(waiting(shop).front().id, false, shop.cashier));
  REQUIRE(say(shop, kDoubt));
  CHECK(waiting(shop).size() == limits::kDoubtfulOfOneMax + 1);
}

TEST_CASE("no more messages wait than somebody can read, and the next is not lost in silence") {
  test::Shop shop;
  const auto number = [](std::size_t n) { return "+46701740" + std::to_string(600 + n); };
  const std::size_t people = limits::kDoubtfulMax / limits::kDoubtfulOfOneMax;
  for (std::size_t n = 0; n <= people; ++n) {
    REQUIRE(shop.desk->opt_in(shop.request(number(n))));
    for (std::size_t i = 0; n < people && i < limits::kDoubtfulOfOneMax; ++i)
      REQUIRE(say(shop, kDoubt, number(n)));
  }
  CHECK(say(shop, kDoubt, number(people)).error().code == Code::Busy);
  CHECK(say(shop, "STOP", number(people))->wish == WishKind::StopAll);
  REQUIRE(shop.desk->settle(waiting(shop).front().id, false, shop.cashier));
}

TEST_CASE("a conversation is one fact in ten minutes, which no recipient reads") {
  test::Shop shop;
  proven_yes(shop, kEva);
  const auto size = size_of(shop);
  REQUIRE(say(shop, "Hola"));
  CHECK(size_of(shop) == size + 1);
  shop.clock.advance(limits::kInboundEvery_s - 1);
  REQUIRE(say(shop, "¿A qué hora cierran?"));
  CHECK(size_of(shop) == size + 1);
  shop.clock.advance(1);
  REQUIRE(say(shop, ""));
  CHECK(size_of(shop) == size + 2);
  const auto subject = shop.ledger->submissions(kEvasPhone)->front();
  REQUIRE(subject.state.inbound.size() == 1);
  CHECK(subject.state.inbound.begin()->second.at == shop.clock.now());
  const auto events = shop.ledger->events(subject.id);
  REQUIRE(events);
  REQUIRE(events->back().body);
  CHECK(std::get<consent::InboundBody>(*events->back().body).text.empty());

  REQUIRE(shop.ledger->checkpoint());
  const ledger::View all{consent::RecipientId("central"), true, true};
  std::size_t seen = 0;
  REQUIRE(shop.ledger->entries(0, shop.ledger->signed_size(), all, [&](std::string_view line) {
    const auto entry = proof::decode_entry(line);
    REQUIRE(entry);
    if (entry->leaf.find("consent.grant") != std::string::npos) CHECK(entry->d[1]);
    if (entry->leaf.find("contact.inbound") == std::string::npos) return Status();
    ++seen;
    CHECK(entry->d[0]);
    CHECK_FALSE(entry->d[1]);
    return Status();
  }));
  CHECK(seen == 2);
}

TEST_CASE("what is reported wrongly is refused, and changes nothing") {
  test::Shop shop;
  proven_yes(shop, kEva);
  const auto size = size_of(shop);
  const Instant now = shop.clock.now();
  const auto wrong = [&](const InboundMessage& message) { return shop.desk->hear(message).error(); };
  CHECK(wrong({"12", "", Channel::WhatsApp, {}, now, "STOP", "c"}) == fail(Code::BadInput, "number"));
  CHECK(wrong({kEva, "", Channel::Voice, {}, now, "STOP", "c"}) == fail(Code::BadInput, "channel"));
  CHECK(wrong({kEva, "", Channel::WhatsApp, consent::SenderId("x"), now, "STOP", "c"}) ==
        fail(Code::BadInput, "sender"));
  CHECK(wrong({kEva, "", Channel::WhatsApp, {}, now + 1, "STOP", "c"}) == fail(Code::BadInput, "at"));
  CHECK(size_of(shop) == size);
}

}  // namespace counterfoil::desk
