// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "base/limits.h"
#include "counterfoil/proof/note.h"
#include "crypto/one_time_code.h"
#include "desk/tries.h"
#include "tests/support/shop.h"

#include <doctest/doctest.h>

#include <set>

namespace counterfoil::desk {
namespace {

const std::string kPassword = "a long password";
const SecretBytes kSecret(Bytes(20, 7));

std::string code_at(const test::Shop& shop, std::int64_t steps) {
  const std::int64_t step = shop.clock.now() / crypto::kOneTimeStep_s + steps;
  return crypto::one_time_code(kSecret.view(), static_cast<std::uint64_t>(step));
}

/// Ana has both factors; her recovery codes.
std::vector<std::string> enrolled_ana(test::Shop& shop) {
  shop.clock.set(1'790'000'010);  // a step begins
  REQUIRE(shop.desk->add_user("ana", Role::Manager, kPassword));
  const auto codes = shop.desk->enrol("ana", kSecret.view(), code_at(shop, -1));
  REQUIRE(codes);
  return *codes;
}

Code code_of(const Result<User>& result) {
  return result ? Code::Internal : result.error().code;
}

}  // namespace

TEST_CASE("a code of time opens once, within one step of the clock, also across a restart") {
  test::Shop shop;
  enrolled_ana(shop);
  CHECK(code_of(shop.desk->second_factor("ana", code_at(shop, -1), {})) == Code::Refused);  // enrolled by it
  CHECK(code_of(shop.desk->second_factor("ana", code_at(shop, 2), {})) == Code::Refused);
  std::string typed = code_at(shop, 0);
  typed.insert(3, " ");
  const auto ana = shop.desk->second_factor("ana", typed, {});
  REQUIRE(ana);
  CHECK(ana->second_factor);
  CHECK(code_of(shop.desk->second_factor("ana", code_at(shop, 0), {})) == Code::Refused);
  shop.reopen();
  CHECK(code_of(shop.desk->second_factor("ana", code_at(shop, 0), {})) == Code::Refused);
  CHECK(code_of(shop.desk->second_factor("ana", code_at(shop, -1), {})) == Code::Refused);
  CHECK(shop.desk->second_factor("ana", code_at(shop, 1), {}));
  shop.clock.advance(60);
  CHECK(shop.desk->second_factor("ana", code_at(shop, 0), {}));
  shop.clock.advance(60);
  CHECK(shop.desk->second_factor("ana", code_at(shop, -1), {}));
}

TEST_CASE("each recovery code opens once; new ones replace all earlier ones") {
  test::Shop shop;
  const auto codes = enrolled_ana(shop);
  CHECK(codes.size() == limits::kRecoveryCodes);
  CHECK(std::set<std::string>(codes.begin(), codes.end()).size() == codes.size());
  CHECK(codes.front().size() == 14);  // 12 of 5 bits each, and two dashes
  std::string typed;
  for (const char c : codes.front())
    typed += c == '-' ? ' ' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  CHECK(shop.desk->second_factor("ana", typed, {})->recovery_codes == 9);
  shop.reopen();
  CHECK(code_of(shop.desk->second_factor("ana", codes.front(), {})) == Code::Refused);
  CHECK(code_of(shop.desk->second_factor("ana", "", {})) == Code::Refused);

  CHECK(shop.desk->new_recovery_codes("ana", "not a code", {}).error().code == Code::Refused);
  CHECK(shop.desk->user("ana")->recovery_codes == 9);
  const auto fresh = shop.desk->new_recovery_codes("ana", codes[1], {});
  REQUIRE(fresh);
  CHECK(code_of(shop.desk->second_factor("ana", codes[2], {})) == Code::Refused);
  CHECK(shop.desk->second_factor("ana", fresh->at(2), {}));
}

TEST_CASE("while nobody vouches for the clock only a recovery code is a second factor") {
  test::Shop shop;
  const auto codes = enrolled_ana(shop);
  REQUIRE(shop.desk->add_user("jorge", Role::Staff, kPassword));
  shop.clock.set_state(ClockState::Untrusted);
  CHECK(shop.desk->second_factor("ana", code_at(shop, 0), {}).error() == fail(Code::NotReady, "clock"));
  CHECK(shop.desk->enrol("jorge", kSecret.view(), code_at(shop, 0)).error() == fail(Code::NotReady, "clock"));
  CHECK(shop.desk->second_factor("ana", codes[0], {}));
  shop.clock.set_state(ClockState::Synced);
  CHECK(shop.desk->second_factor("ana", code_at(shop, 0), {}));
  // Earlier than what is recorded: it still claims to be right, and is not believed.
  REQUIRE(shop.desk->opt_in(shop.request("070 174 06 21")));
  shop.clock.set(shop.clock.now() - kDay_s);
  CHECK(shop.desk->second_factor("ana", code_at(shop, 0), {}).error() == fail(Code::NotReady, "clock"));
}

TEST_CASE("a second factor is set once, by a code that proves it, and taken away only by the operator") {
  test::Shop shop;
  REQUIRE(shop.desk->add_user("jorge", Role::Staff, kPassword));
  CHECK_FALSE(shop.desk->user("jorge")->second_factor);
  CHECK(shop.desk->second_factor("jorge", "123456", {}).error().code == Code::Conflict);
  CHECK(shop.desk->reset_factor("jorge").error().code == Code::Conflict);
  CHECK(shop.desk->enrol("jorge", kSecret.view(), code_at(shop, 3)).error().code == Code::Refused);
  CHECK_FALSE(shop.desk->user("jorge")->second_factor);
  const auto codes = shop.desk->enrol("jorge", kSecret.view(), code_at(shop, 0));
  REQUIRE(codes);
  CHECK(shop.desk->enrol("jorge", kSecret.view(), code_at(shop, 1)).error().code == Code::Conflict);
  // A new password leaves the telephone as it is.
  REQUIRE(shop.desk->change_password("jorge", "another password"));
  CHECK(shop.desk->second_factor("jorge", code_at(shop, 1), {}));
  REQUIRE(shop.desk->new_recovery_codes("jorge", codes->front(), {}));

  const auto item = json::write(*shop.ledger->item("user", "jorge"));
  REQUIRE(item);
  CHECK(item->find(codes->at(1)) == std::string::npos);
  REQUIRE(shop.desk->reset_factor("jorge"));
  CHECK_FALSE(shop.desk->user("jorge")->second_factor);
  CHECK(shop.desk->enrol("jorge", kSecret.view(), code_at(shop, 0)));

  std::string log;
  const auto size = proof::read_checkpoint(*shop.ledger->checkpoint())->size;
  REQUIRE(shop.ledger->entries(0, size, {}, [&](std::string_view line) -> Status {
    log += line;
    return {};
  }));
  for (const std::string_view change : {"user.factor", "user.reset-factor", "user.recovery-codes"})
    CHECK_MESSAGE(log.find("\\\"change\\\":\\\"" + std::string(change) + "\\\"") != std::string::npos,
                  change);
  CHECK(log.find("jorge") == std::string::npos);
}

TEST_CASE("wrong codes are answered slower and slower, up to a quarter of an hour") {
  test::Shop shop;
  const auto codes = enrolled_ana(shop);
  unsigned looked_at = 0;
  for (int second = 0; second < 3600; ++second) {
    if (code_of(shop.desk->second_factor("ana", "not a code", {})) == Code::Refused) ++looked_at;
    shop.clock.advance(1);
  }
  CHECK(looked_at > 5);
  CHECK(looked_at < 20);
}

TEST_CASE("no stranger keeps a user from a till that she used before") {
  test::Shop shop;
  const auto codes = enrolled_ana(shop);
  const LoginPlace till{"192.0.2.1", shop.desk->new_till_mark()};
  CHECK(shop.desk->is_known_till(till.till_mark));
  unsigned looked_at = 0;
  for (int i = 0; i < 500; ++i) {
    const LoginPlace stranger{"192.0.2." + std::to_string(100 + i % 50), {}};
    if (code_of(shop.desk->sign_in("ana", "not her password", stranger)) == Code::Refused) ++looked_at;
    if (i % 10 == 9) shop.clock.advance(1);
    if (i % 100 == 50) CHECK(shop.desk->sign_in("ana", kPassword, till));
  }
  CHECK(looked_at >= 5);
  CHECK(looked_at <= 10);  // of 500 in 50 seconds: this many a minute and user name
  CHECK(code_of(shop.desk->sign_in("ana", kPassword, {"192.0.2.2", {}})) == Code::Limit);
  CHECK(code_of(shop.desk->sign_in("ana", kPassword, {"192.0.2.2", till.till_mark + "A"})) == Code::Limit);
  CHECK(shop.desk->sign_in("ana", kPassword, till));
  CHECK(shop.desk->second_factor("ana", codes[0], till));
  shop.reopen();
  CHECK(shop.desk->is_known_till(till.till_mark));

  // Whoever makes up a till of that form is a stranger.
  for (const std::size_t changed : {std::size_t{0}, till.till_mark.size() / 2}) {
    std::string made_up = till.till_mark;
    made_up[changed] = made_up[changed] == 'A' ? 'B' : 'A';
    CHECK_FALSE(shop.desk->is_known_till(made_up));
  }

  // One address that tries many names is slowed down as well, and a till has a count of its own.
  unsigned names = 0;
  for (int i = 0; i < 20; ++i)
    if (code_of(shop.desk->sign_in("user-" + std::to_string(i), kPassword, {"192.0.2.9", {}})) ==
        Code::Refused)
      ++names;
  CHECK(names == limits::kTriesFree);
  for (unsigned i = 0; i < limits::kTriesFree; ++i)
    CHECK(code_of(shop.desk->sign_in("ana", "not her password", till)) == Code::Refused);
  CHECK(code_of(shop.desk->sign_in("ana", kPassword, till)) == Code::Limit);
  CHECK(shop.desk->sign_in("ana", kPassword, {"192.0.2.3", {}}));
}

TEST_CASE("a flood of names frees nobody who is being counted and crowds no till") {
  Tries tries(limits::kTryDoublingsMax);
  for (unsigned i = 0; i < limits::kTriesFree; ++i) REQUIRE(tries.begin("ana", 0));
  for (std::size_t i = 0; i < 2 * limits::kTriesRememberedMax; ++i)
    static_cast<void>(tries.begin("name-" + std::to_string(i), 0));
  CHECK(tries.begin("ana", 0).error().code == Code::Limit);
  CHECK(tries.begin("newcomer", 0).error().code == Code::Limit);

  LoginTries logins(limits::kTryDoublingsMax);
  for (std::size_t i = 0; i < 2 * limits::kTriesRememberedMax; ++i)
    static_cast<void>(logins.begin({"name-" + std::to_string(i), std::to_string(i), {}}, 0));
  CHECK(logins.begin({"ana", "192.0.2.1", {}}, 0).error().code == Code::Limit);
  CHECK(logins.begin({"ana", "192.0.2.1", "till"}, 0));
}

}  // namespace counterfoil::desk
