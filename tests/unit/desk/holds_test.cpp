// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "tests/support/shop.h"

#include <doctest/doctest.h>

#include <chrono>
#include <thread>

namespace counterfoil::desk {
namespace {

using State = ledger::EndingReport::State;

constexpr const char* kEva = "070 174 06 21";
constexpr const char* kIda = "070 174 06 22";

consent::HoldBody hold_for(const char* case_id, std::optional<Instant> until = std::nullopt) {
  return {consent::CaseId(case_id), until, consent::UserId("maria")};
}

consent::HoldClearBody clear_of(const char* case_id) {
  return {consent::CaseId(case_id), consent::UserId("maria")};
}

Erasure wait_until_ended(const test::Shop& shop, const std::string& token) {
  for (int i = 0; i < 2'000; ++i) {
    const auto erasure = shop.desk->erasure(token);
    REQUIRE(erasure);
    if (erasure->report.state == State::Ended) return *erasure;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  FAIL("the erasure did not end");
  return {};
}

}  // namespace

TEST_CASE("a hold by number keeps all that names it, and the erasure of the rest does not wait") {
  test::Shop shop;
  const auto first = shop.desk->opt_in(shop.request(kEva));
  REQUIRE(first);
  REQUIRE(shop.desk->confirm(first->code, shop.cashier));
  const auto until = shop.clock.now() + 90 * kDay_s;
  CHECK(*shop.desk->hold(kEva, "SE", hold_for("k-7", until)) == 1);
  const auto second = shop.desk->opt_in(shop.request(kEva));
  REQUIRE(second);
  REQUIRE(shop.desk->confirm(second->code, shop.cashier));

  const auto asked = shop.desk->erase(second->token);
  REQUIRE(asked);
  CHECK(asked->report.held);
  CHECK(asked->report.state == State::Asked);
  CHECK(shop.desk->certificate(*asked).error().code == Code::NotReady);
  for (int i = 0; i < 2'000 && shop.desk->erasure(asked->token)->report.lines == 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  // Of the one that nothing holds; the stop that follows may be a line more.
  CHECK(shop.desk->erasure(asked->token)->report.lines >= 3);
  CHECK(shop.desk->submission(second->token).error().code == Code::NotFound);
  CHECK(shop.desk->submission(first->token)->stopped);

  const auto kept = shop.desk->kept();
  REQUIRE(kept);
  REQUIRE(kept->size() == 1);
  CHECK(kept->front().holds.at(consent::CaseId("k-7")) == until);
  CHECK(kept->front().erase_asked == shop.clock.now());
  CHECK(kept->front().masked_number.find("174") == std::string::npos);

  CHECK(shop.desk->clear_hold(kEva, "SE", clear_of("k-8")).error().code == Code::NotFound);
  CHECK(*shop.desk->clear_hold(kEva, "SE", clear_of("k-7")) == 1);
  const auto done = wait_until_ended(shop, asked->token);
  CHECK_FALSE(done.report.held);
  CHECK(done.report.lines >= 8);  // yes, confirmation, request; and the same with its hold and its end
  CHECK(shop.desk->certificate(done));
  CHECK(shop.desk->kept()->empty());
  CHECK(shop.ledger->verify({}));
}

TEST_CASE("two erasures that waited for the same person each say who has not acknowledged, told once") {
  test::Shop shop;
  Peer office;
  office.name = "office";
  office.recipient = consent::RecipientId("head-office");
  office.rights = {"pull"};
  REQUIRE(shop.desk->add_peer(office));
  const auto ana = shop.desk->opt_in(shop.request(kEva));
  REQUIRE(ana);
  REQUIRE(shop.desk->hold(kEva, "SE", hold_for("k-7")));
  const auto by_link = shop.desk->erase(ana->token);
  const auto at_till =
      shop.desk->erase_number(kEva, "SE", "asked", {consent::UserId("maria"), Role::Manager});
  REQUIRE((by_link && at_till));
  REQUIRE(shop.desk->clear_hold(kEva, "SE", clear_of("k-7")));
  const auto waited_for = [&](const Erasure& erasure) {
    return wait_until_ended(shop, erasure.token).unacknowledged.size();
  };
  CHECK(waited_for(*by_link) == 1);
  CHECK(waited_for(*at_till) == 1);
  const LogView view = shop.desk->log_view(office);
  const auto notices = view.erasures();
  REQUIRE(notices);
  REQUIRE(notices->size() == 1);
  CHECK(*view.acknowledge({notices->front().handle}) == 1);
  CHECK(waited_for(*by_link) == 0);
  CHECK(waited_for(*at_till) == 0);
}

TEST_CASE("a hold is asked for in a way that can be kept") {
  test::Shop shop;
  REQUIRE(shop.desk->opt_in(shop.request(kEva)));
  CHECK(shop.desk->hold("12", "SE", hold_for("k-7")).error() == fail(Code::BadInput, "number"));
  CHECK(shop.desk->hold(kEva, "SE", hold_for("no name")).error() == fail(Code::BadInput, "case"));
  CHECK(shop.desk->hold(kEva, "SE", hold_for("k-7", shop.clock.now())).error() ==
        fail(Code::BadInput, "until"));
  CHECK(shop.desk->hold(kIda, "SE", hold_for("k-7")).error().code == Code::NotFound);
  CHECK(shop.desk->kept()->empty());
}

TEST_CASE("whose hold is over by itself is not listed any more, unless nobody trusts the clock") {
  test::Shop shop;
  REQUIRE(shop.desk->opt_in(shop.request(kEva)));
  REQUIRE(shop.desk->hold(kEva, "SE", hold_for("k-7", shop.clock.now() + kDay_s)));
  CHECK(shop.desk->kept()->size() == 1);
  shop.clock.set(shop.clock.now() + kDay_s);
  CHECK(shop.desk->kept()->empty());
  shop.clock.set_state(ClockState::Untrusted);
  CHECK(shop.desk->kept()->size() == 1);
}

TEST_CASE("a restricted number is kept and not used, and nobody lifts what the person asked for") {
  test::Shop shop;
  const auto ana = shop.desk->opt_in(shop.request(kEva));
  REQUIRE(ana);
  REQUIRE(shop.desk->confirm(ana->code, shop.cashier));
  const auto by_manager = [](bool on, const char* reason = "accuracy") {
    return consent::RestrictBody{consent::Actor::Manager, on, reason, consent::UserId("maria")};
  };
  const auto is_restricted = [&] {
    const auto decision = shop.at_till(kEva, consent::Channel::WhatsApp, "offers");
    return decision.reasons.size() == 1 && decision.reasons.front().code == decide::ReasonCode::Restricted;
  };
  CHECK(shop.desk->restrict_number(kEva, "SE", by_manager(true, "because")).error() ==
        fail(Code::BadInput, "reason"));
  CHECK(shop.desk->restrict_number(kEva, "SE", by_manager(false)).error().code == Code::NotFound);
  CHECK(*shop.desk->restrict_number(kEva, "SE", by_manager(true)) == 1);
  CHECK(is_restricted());
  CHECK(shop.desk->kept()->front().restricted->reason == "accuracy");
  CHECK(shop.desk->submission(ana->token)->restricted);
  CHECK(*shop.desk->restrict_number(kEva, "SE", by_manager(false)) == 1);
  CHECK_FALSE(is_restricted());
  CHECK(shop.desk->kept()->empty());

  CHECK(shop.desk->restrict(ana->token, true)->restricted);
  CHECK(is_restricted());
  CHECK(shop.desk->restrict_number(kEva, "SE", by_manager(false)).error().code == Code::NotFound);
  CHECK(is_restricted());
  CHECK_FALSE(shop.desk->restrict(ana->token, false)->restricted);
  CHECK_FALSE(is_restricted());
}

TEST_CASE("a stranger who typed the number is not told that a manager restricted it") {
  test::Shop shop;
  const auto typed = shop.desk->opt_in(shop.request(kEva));
  REQUIRE(typed);
  const consent::RestrictBody body{consent::Actor::Manager, true, "claim", consent::UserId("maria")};
  REQUIRE(shop.desk->restrict_number(kEva, "SE", body));
  CHECK_FALSE(shop.desk->submission(typed->token)->restricted);
}

}  // namespace counterfoil::desk
