// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "net/form_token.h"

#include "base/limits.h"
#include "support.h"

#include <thread>

namespace counterfoil::net {
namespace {

std::string reason_of(FormTokens& tokens, std::string_view token, std::string_view route,
                      std::string_view context) {
  auto spent = tokens.spend(token, route, context);
  return spent ? "spent" : spent.error().detail;
}

}  // namespace

TEST_CASE("a form token is spent once, by its own route and context") {
  test::HandClock clock;
  auto tokens = FormTokens::open(clock);
  std::string token = tokens->issue("/o", "link1");
  CHECK(token.size() == 75);
  CHECK(reason_of(*tokens, token, "/o", "link2") == "form_token_foreign");
  CHECK(reason_of(*tokens, token, "/stop", "link1") == "form_token_foreign");
  CHECK(reason_of(*tokens, token, "/ol", "ink1") == "form_token_foreign");
  CHECK(reason_of(*tokens, token, "/o", "link1") == "spent");
  CHECK(reason_of(*tokens, token, "/o", "link1") == "form_token_used");
  CHECK(reason_of(*tokens, "", "/o", "link1") == "form_token_missing");
  CHECK(reason_of(*tokens, "nonsense", "/o", "link1") == "form_token_foreign");
  std::string forged = tokens->issue("/o", "link1");
  forged[3] = forged[3] == 'A' ? 'B' : 'A';
  CHECK(reason_of(*tokens, forged, "/o", "link1") == "form_token_foreign");
  auto after_restart = FormTokens::open(clock);
  CHECK(reason_of(*after_restart, tokens->issue("/o", "link1"), "/o", "link1") == "form_token_foreign");
}

TEST_CASE("a form token lives two hours of boot time") {
  test::HandClock clock;
  auto tokens = FormTokens::open(clock);
  std::string one = tokens->issue("/o", "x");
  std::string two = tokens->issue("/o", "x");
  clock.advance(limits::kFormTokenLife_ms);
  CHECK(reason_of(*tokens, one, "/o", "x") == "spent");
  clock.advance(1);
  CHECK(reason_of(*tokens, two, "/o", "x") == "form_token_stale");
  CHECK(reason_of(*tokens, one, "/o", "x") == "form_token_stale");
}

TEST_CASE("a full memory of spent tokens never lets one be spent twice") {
  test::HandClock clock;
  auto tokens = FormTokens::open(clock);
  std::string first = tokens->issue("/o", "x");
  CHECK(reason_of(*tokens, first, "/o", "x") == "spent");
  clock.advance(1);
  for (std::size_t i = 0; i < limits::kFormTokensRememberedMax; ++i)
    REQUIRE(tokens->spend(tokens->issue("/o", "x"), "/o", "x"));
  CHECK(reason_of(*tokens, first, "/o", "x") == "form_token_stale");
  clock.advance(1);
  CHECK(reason_of(*tokens, tokens->issue("/o", "x"), "/o", "x") == "spent");
}

TEST_CASE("of many threads one spends the token") {
  test::HandClock clock;
  auto tokens = FormTokens::open(clock);
  std::string token = tokens->issue("/o", "x");
  std::atomic<int> spent{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { spent += tokens->spend(token, "/o", "x") ? 1 : 0; });
  for (auto& t : threads) t.join();
  CHECK(spent == 1);
}

}  // namespace counterfoil::net
