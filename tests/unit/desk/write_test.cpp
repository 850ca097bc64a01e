// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// A message from the till: asked once more, noted before it goes, and counted from then on.
#include "tests/support/shop.h"

#include <doctest/doctest.h>

namespace counterfoil::desk {
namespace {

constexpr const char* kEva = "070 174 06 31";
const consent::Address kEvasPhone{consent::AddressKind::Phone, "+46701740631", consent::Evidence::Claimed};

Asked offers_to(const std::string& number) {
  return {number, "SE", consent::Channel::WhatsApp, consent::TopicId("offers")};
}

std::string proven_yes(test::Shop& shop, const std::string& number) {
  const auto given = shop.desk->opt_in(shop.request(number));
  REQUIRE(given);
  REQUIRE(shop.desk->confirm(given->code, shop.cashier));
  return given->token;
}

std::string reasons_of(const decide::Decision& decision) {
  std::string out;
  for (const auto& reason : decision.reasons) out += std::string(decide::reason_name(reason.code)) + " ";
  return out;
}

}  // namespace

TEST_CASE("a message that may go is noted, and the next one waits for tomorrow") {
  test::Shop shop;
  const std::string token = proven_yes(shop, kEva);
  const auto written = shop.desk->write(offers_to(kEva), shop.cashier);
  REQUIRE(written);
  CHECK(written->decision.verdict == decide::Verdict::Allow);
  CHECK(written->language == "en");
  CHECK(written->at == shop.clock.now());

  const auto seen = shop.desk->submission(token);
  REQUIRE(seen);
  CHECK(seen->messages == 1);
  CHECK(seen->written == shop.clock.now());
  const auto subjects = shop.ledger->submissions(kEvasPhone);
  REQUIRE(subjects);
  const auto events = shop.ledger->events(subjects->front().id);
  REQUIRE(events);
  CHECK(events->back().body ==
        consent::EventBody(consent::SentBody{
            shop.clock.now(), consent::Category::Marketing, consent::Channel::WhatsApp, true,
            shop.business.sender(consent::Channel::WhatsApp)->id, consent::TopicId("offers")}));

  const auto check = shop.desk->check(kEva, "SE", shop.cashier);
  REQUIRE(check);
  REQUIRE(check->last_sent);
  CHECK(check->last_sent->topic.text() == "offers");
  CHECK(check->rows.front().decision.verdict == decide::Verdict::AllowLater);
  const auto again = shop.desk->write(offers_to(kEva), shop.cashier);
  REQUIRE(again);
  CHECK(again->decision.verdict == decide::Verdict::AllowLater);
  CHECK(reasons_of(again->decision) == "cap_day ");
  CHECK(shop.desk->submission(token)->messages == 1);

  shop.reopen();
  CHECK(shop.desk->write(offers_to(kEva), shop.cashier)->decision.verdict == decide::Verdict::AllowLater);
  shop.clock.advance(kDay_s);
  CHECK(shop.desk->write(offers_to(kEva), shop.cashier)->decision.verdict == decide::Verdict::Allow);
  CHECK(shop.desk->submission(token)->messages == 2);
}

TEST_CASE("what may not go is not noted") {
  test::Shop shop;
  const auto given = shop.desk->opt_in(shop.request(kEva));
  REQUIRE(given);
  const auto size = shop.ledger->health().size;
  CHECK(reasons_of(shop.desk->write(offers_to(kEva), shop.cashier)->decision) == "unconfirmed ");
  CHECK(reasons_of(shop.desk->write(offers_to("070 174 06 99"), shop.cashier)->decision) ==
        "never_consented ");
  CHECK(shop.ledger->health().size == size);

  const auto code_of = [&](const Asked& message, const User& by) {
    const auto written = shop.desk->write(message, by);
    REQUIRE_FALSE(written);
    return std::pair(written.error().code, written.error().detail);
  };
  CHECK(code_of(offers_to("12"), shop.cashier) == std::pair(Code::BadInput, std::string("number")));
  Asked message = offers_to(kEva);
  message.topic = consent::TopicId("nothing");
  CHECK(code_of(message, shop.cashier) == std::pair(Code::BadInput, std::string("topic")));
  message = offers_to(kEva);
  message.channel = consent::Channel::Email;
  CHECK(code_of(message, shop.cashier) == std::pair(Code::BadInput, std::string("channel")));
  CHECK(code_of(offers_to(kEva), {consent::UserId("ana-b"), Role::Auditor}).first == Code::Refused);
}

TEST_CASE("a message stands in the chain whose yes allows it, and a stranger's link knows nothing of it") {
  test::Shop shop;
  const std::string proven = proven_yes(shop, kEva);
  const auto stranger = shop.desk->opt_in(shop.request(kEva));
  REQUIRE(stranger);
  REQUIRE(shop.desk->write(offers_to(kEva), shop.cashier)->decision.verdict == decide::Verdict::Allow);
  CHECK(shop.desk->submission(proven)->messages == 1);
  CHECK(shop.desk->submission(stranger->token)->messages == 0);
}

TEST_CASE("messages are kept for their own class, and go with the person") {
  test::Shop shop;
  const std::string token = proven_yes(shop, kEva);
  REQUIRE(shop.desk->write(offers_to(kEva), shop.cashier)->decision.verdict == decide::Verdict::Allow);
  const auto report = shop.ledger->retention_report();
  REQUIRE(report);
  bool is_filed = false;
  for (const auto& next : report->next) is_filed = is_filed || next.retention.retention_class == "sent-13m";
  CHECK(is_filed);
  REQUIRE(shop.desk->erase(token));
  CHECK(shop.desk->check(kEva, "SE", shop.cashier)->last_sent == std::nullopt);
}

}  // namespace counterfoil::desk
