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

}  // namespace counterfoil::desk
