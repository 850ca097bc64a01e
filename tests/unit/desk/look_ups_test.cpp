// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Staff look people up: the person sees how often, and whoever oversees the staff sees who looks how much.
#include "tests/support/shop.h"

#include <doctest/doctest.h>

namespace counterfoil::desk {
namespace {

constexpr const char* kEva = "070 174 06 21";
constexpr const char* kIda = "070 174 06 22";

std::vector<consent::Event> events_of(const test::Shop& shop, const char* canonical) {
  const auto subjects =
      shop.ledger->submissions({consent::AddressKind::Phone, canonical, consent::Evidence::Claimed});
  REQUIRE(subjects);
  REQUIRE(subjects->size() == 1);
  const auto events = shop.ledger->events(subjects->front().id);
  REQUIRE(events);
  return *events;
}

}  // namespace

TEST_CASE("the owner of a proven number sees how often staff looked, a stranger's link does not") {
  test::Shop shop;
  const auto given = shop.desk->opt_in(shop.request(kEva));
  REQUIRE(given);
  REQUIRE(shop.desk->check(kEva, "SE", shop.cashier));
  CHECK(shop.desk->submission(given->token)->look_ups == 0);
  REQUIRE(shop.desk->submission_by_code(given->code, shop.cashier));
  REQUIRE(shop.desk->confirm(given->code, shop.cashier));
  shop.clock.advance(kDay_s);
  const auto answer = shop.desk->check(kEva, "SE", shop.cashier);
  REQUIRE(answer);
  const auto seen = shop.desk->submission(given->token);
  REQUIRE(seen);
  CHECK(seen->look_ups == 3);
  CHECK(seen->looked_up == shop.clock.now());

  std::vector<std::string> answers;
  for (const auto& event : events_of(shop, "+46701740621"))
    if (const auto* look = std::get_if<consent::LookupBody>(&*event.body)) {
      CHECK(look->user == shop.cashier.id);
      answers.push_back(look->answer);
    }
  CHECK(answers == std::vector<std::string>{"deny", "unknown", "allow"});
}

TEST_CASE("the staff's own figures name nobody who was looked up, and a miss leaves no number anywhere") {
  test::Shop shop;
  REQUIRE(shop.desk->opt_in(shop.request(kEva)));
  const auto size = shop.ledger->health().size;
  REQUIRE(shop.desk->check(kIda, "SE", shop.cashier));
  REQUIRE(shop.desk->check(kIda, "SE", shop.cashier));
  CHECK(shop.ledger->health().size == size);
  REQUIRE(shop.desk->check(kEva, "SE", shop.cashier));
  CHECK(shop.ledger->health().size == size + 1);
  CHECK(shop.desk->check("12", "SE", shop.cashier).error().code == Code::BadInput);
  shop.clock.advance(kDay_s);
  REQUIRE(shop.desk->check(kEva, "SE", {consent::UserId("ana-b"), Role::Auditor}));
  shop.reopen();

  const auto counts = shop.desk->look_ups();
  REQUIRE(counts);
  REQUIRE(counts->size() == 2);
  CHECK(counts->front().user.text() == "ana-b");
  CHECK(counts->front().found == 1);
  CHECK(counts->front().missed == 0);
  CHECK(counts->back().user == shop.cashier.id);
  CHECK(counts->back().found == 1);
  CHECK(counts->back().missed == 2);
  CHECK(counts->back().day + kDay_s == counts->front().day);
}

TEST_CASE("figures about the staff go when their class is over, on a clock that is sure") {
  test::Shop shop;
  REQUIRE(shop.desk->check(kIda, "SE", shop.cashier));
  const auto counts = [&] { return shop.desk->look_ups()->size(); };
  shop.clock.advance(360 * kDay_s);
  shop.desk->keep_house();
  CHECK(counts() == 1);
  shop.clock.advance(8 * kDay_s);
  shop.clock.set_state(ClockState::Untrusted);
  shop.desk->keep_house();
  CHECK(counts() == 1);
  shop.clock.set_state(ClockState::Synced);
  shop.desk->keep_house();
  CHECK(counts() == 0);
}

TEST_CASE("one look-up is noted in at most so many submissions, those that are proven first") {
  test::Shop shop;
  std::vector<std::string> tokens;
  for (std::size_t i = 0; i <= limits::kLookUpSubmissionsMax; ++i) {
    const auto given = shop.desk->opt_in(shop.request(kEva));
    REQUIRE(given);
    tokens.push_back(given->token);
    if (i == limits::kLookUpSubmissionsMax) REQUIRE(shop.desk->confirm(given->code, shop.cashier));
  }
  const auto size = shop.ledger->health().size;
  REQUIRE(shop.desk->check(kEva, "SE", shop.cashier));
  CHECK(shop.ledger->health().size == size + limits::kLookUpSubmissionsMax);
  CHECK(shop.desk->submission(tokens.back())->look_ups == 1);
}

}  // namespace counterfoil::desk
