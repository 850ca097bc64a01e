// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "counterfoil/proof/jws.h"
#include "tests/support/shop.h"

#include <doctest/doctest.h>

#include <chrono>
#include <thread>

namespace counterfoil::desk {
namespace {

using consent::Channel;
using decide::ReasonCode;

constexpr const char* kEva = "070 174 06 21";
constexpr const char* kIda = "070 174 06 22";

Erasure wait_for_certificate(const test::Shop& shop, const std::string& token) {
  for (int i = 0; i < 2'000; ++i) {
    const auto erasure = shop.desk->erasure(token);
    REQUIRE(erasure);
    if (erasure->report.state == ledger::EndingReport::State::Ended) return *erasure;
    CHECK(shop.desk->certificate(*erasure).error().code == Code::NotReady);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  FAIL("no certificate came");
  return {};
}

bool only_suppressed(test::Shop& shop, const char* number) {
  const auto decision = shop.at_till(number, Channel::WhatsApp, "offers");
  return decision.verdict == decide::Verdict::Deny && decision.reasons.size() == 1 &&
         decision.reasons.front().code == ReasonCode::Suppressed;
}

}  // namespace

TEST_CASE("whoever erases a submission gets a certificate that names nobody and that the log's key signed") {
  test::Shop shop;
  const auto ana = shop.desk->opt_in(shop.request(kEva));
  const auto bea = shop.desk->opt_in(shop.request(kIda));
  REQUIRE((ana && bea));
  const auto asked = shop.desk->erase(ana->token);
  REQUIRE(asked);
  CHECK(asked->asked == shop.clock.now());
  CHECK(shop.desk->submission(ana->token).error().code == Code::NotFound);
  CHECK(shop.desk->erase(ana->token).error().code == Code::NotFound);
  CHECK(shop.desk->confirm(ana->code, shop.cashier).error().code == Code::NotFound);
  // Staff see what they see of any stopped number, and not who asked to be forgotten.
  CHECK(only_suppressed(shop, kEva));
  CHECK(shop.desk->submission(bea->token));

  const auto done = wait_for_certificate(shop, asked->token);
  const auto jws = shop.desk->certificate(done);
  REQUIRE(jws);
  const auto statement = proof::open_jws(*jws, "counterfoil-erasure", shop.desk->log_key());
  REQUIRE(statement);
  CHECK(*statement->string_at("scope") == "subject");
  CHECK(*statement->integer_at("lines") == 2);
  CHECK(*statement->string_at("controller") == shop.business.legal_name);
  CHECK(jws->find("174") == std::string::npos);
  CHECK(json::write(*statement)->find("1740621") == std::string::npos);
  CHECK(shop.desk->erasure("unknown").error().code == Code::NotFound);

  // The tombstone comes with the next checkpoint, and the certificate outlives a start.
  REQUIRE(shop.ledger->checkpoint());
  shop.reopen();
  const auto later = shop.desk->erasure(asked->token);
  REQUIRE(later);
  CHECK(later->report.tombstone.has_value());
  CHECK(later->report.gone_at == done.report.gone_at);
  CHECK(later->statement.find("tombstone") != nullptr);
  CHECK(only_suppressed(shop, kEva));
}

TEST_CASE("a proven number takes all that was proven for it along, and nothing of strangers") {
  test::Shop shop;
  const auto first = shop.desk->opt_in(shop.request(kEva));
  const auto second = shop.desk->opt_in(shop.request(kEva));
  REQUIRE((first && second));
  REQUIRE(shop.desk->confirm(first->code, shop.cashier));
  REQUIRE(shop.desk->confirm(second->code, shop.cashier));
  const auto stranger = shop.desk->opt_in(shop.request(kEva));  // typed her number, proved nothing
  const auto bea = shop.desk->opt_in(shop.request(kIda));
  REQUIRE((stranger && bea));

  SUBCASE("by a proven link") {
    const auto asked = shop.desk->erase(second->token);
    REQUIRE(asked);
    CHECK(shop.desk->submission(first->token).error().code == Code::NotFound);
    CHECK(shop.desk->submission(stranger->token));
    CHECK(*wait_for_certificate(shop, asked->token).statement.string_at("scope") == "joined");
  }
  SUBCASE("by a link that nobody proved") {
    REQUIRE(shop.desk->erase(stranger->token));
    CHECK(shop.desk->submission(first->token));
    CHECK(shop.desk->submission(second->token));
  }
  CHECK(shop.desk->submission(bea->token));
  CHECK_FALSE(only_suppressed(shop, kIda));
}

TEST_CASE("a manager erases all that names a number, and is accounted for") {
  test::Shop shop;
  const User manager{consent::UserId("maria"), Role::Manager};
  const auto proven = shop.desk->opt_in(shop.request(kEva));
  REQUIRE(proven);
  REQUIRE(shop.desk->confirm(proven->code, shop.cashier));
  const auto typed = shop.desk->opt_in(shop.request(kEva));
  const auto other = shop.desk->opt_in(shop.request(kIda));
  REQUIRE((typed && other));
  CHECK(shop.desk->erase_number(kEva, "SE", "asked-in-shop", shop.cashier).error().code == Code::Refused);
  CHECK(shop.desk->erase_number(kEva, "SE", "she asked", manager).error() == fail(Code::BadInput, "reason"));
  CHECK(shop.desk->erase_number("12", "SE", "asked", manager).error() == fail(Code::BadInput, "number"));
  CHECK(shop.desk->erase_number("070 174 06 29", "SE", "asked", manager).error().code == Code::NotFound);
  const auto size = shop.ledger->health().size;
  const auto asked = shop.desk->erase_number(kEva, "SE", "asked-in-shop", manager);
  REQUIRE(asked);
  CHECK(shop.desk->submission(proven->token).error().code == Code::NotFound);
  CHECK(shop.desk->submission(typed->token).error().code == Code::NotFound);
  CHECK(shop.desk->submission(other->token));
  const auto done = wait_for_certificate(shop, asked->token);
  CHECK(done.report.lines == 5);
  CHECK(*done.statement.string_at("asked_by") == "manager");
  CHECK(*done.statement.string_at("scope") == "joined");
  REQUIRE(shop.ledger->checkpoint());
  bool noted = false;
  REQUIRE(shop.ledger->entries(size, shop.ledger->signed_size(), {}, [&](std::string_view line) -> Status {
    noted = noted || line.find("person.erase") != line.npos;
    CHECK(line.find("1740621") == line.npos);
    return {};
  }));
  CHECK(noted);
}

TEST_CASE("a number that was only typed beside another, proven one is somebody else's to erase") {
  test::Shop shop;
  const User manager{consent::UserId("maria"), Role::Manager};
  const consent::Address typed{consent::AddressKind::Phone, "+46701740621", consent::Evidence::Claimed};
  const consent::Address proven{consent::AddressKind::Email, "ida@example.com", consent::Evidence::Present};
  consent::GrantBody grant;
  grant.channels = {Channel::WhatsApp};
  grant.topics = {consent::TopicId("offers")};
  grant.notice = {consent::NoticeId("N1"), "en", {}};
  grant.method = "form";
  grant.link = consent::LinkId("caja");
  grant.ends = shop.clock.now() + 100 * kDay_s;
  REQUIRE(shop.ledger->open_subject({{proven, typed}, "en"}, grant, {"consent", "2028-11"}, false));
  CHECK(shop.desk->erase_number(kEva, "SE", "asked", manager).error().code == Code::NotFound);
}

TEST_CASE(
    "a recipient is told until it acknowledges, the certificate says so, and nobody else's is touched") {
  test::Shop shop;
  Peer peer;
  peer.name = "office";
  peer.recipient = consent::RecipientId("head-office");
  peer.rights = {"pull"};
  REQUIRE(shop.desk->add_peer(peer));
  const auto ana = shop.desk->opt_in(shop.request(kEva));
  REQUIRE(ana);
  CHECK(shop.desk->open_notices()->open == 0);
  const auto asked = shop.desk->erase(ana->token);
  REQUIRE(asked);
  CHECK(wait_for_certificate(shop, asked->token).unacknowledged.size() == 1);
  const LogView office = shop.desk->log_view(peer);
  const auto notices = office.erasures();
  REQUIRE(notices);
  REQUIRE(notices->size() == 1);
  CHECK(notices->front().gone == shop.clock.now());
  Peer stranger = peer;
  stranger.recipient = consent::RecipientId("whatsapp");
  CHECK(shop.desk->log_view(stranger).erasures()->empty());
  CHECK(*shop.desk->log_view(stranger).acknowledge({notices->front().handle}) == 0);

  CHECK(shop.desk->open_notices()->overdue == 0);
  shop.clock.set(shop.clock.now() + 31 * kDay_s);
  CHECK(shop.desk->open_notices()->overdue == 1);
  const auto certificate = shop.desk->erasure(asked->token)->statement;
  CHECK(certificate.strings_at("unacknowledged")->size() == 1);

  CHECK(*office.acknowledge({"not-a-handle", notices->front().handle}) == 1);
  CHECK(*office.acknowledge({notices->front().handle}) == 0);  // may be repeated
  CHECK(office.erasures()->empty());
  CHECK(shop.desk->open_notices()->open == 0);
  CHECK(shop.desk->erasure(asked->token)->unacknowledged.empty());
}

}  // namespace counterfoil::desk
