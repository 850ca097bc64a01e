// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "crypto/password.h"

#include "base/limits.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace counterfoil::crypto {
namespace {

// Made by another implementation (@noble/hashes 1.4.0, argon2id, salt "somesaltsomesalt").
constexpr std::string_view kForeign =
    "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$k9ohroejZy1PN5E1SbHNPug6vB8eQAahb5SOAp6iGF4";

}  // namespace

TEST_CASE("a password opens what another argon2id made of it") {
  CHECK(*verify_password("correct horse", kForeign));
  CHECK_FALSE(*verify_password("correct horsf", kForeign));
  CHECK_FALSE(*verify_password("", kForeign));
  CHECK_FALSE(*verify_password(std::string(limits::kPasswordBytesMax + 1, 'x'), kForeign));
}

TEST_CASE("a hashed password verifies and never looks the same twice") {
  auto one = hash_password("tres faroles");
  auto two = hash_password("tres faroles");
  REQUIRE(one);
  REQUIRE(two);
  CHECK(*one != *two);
  CHECK(one->starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
  CHECK(*verify_password("tres faroles", *one));
  CHECK_FALSE(*verify_password("Tres faroles", *one));
  CHECK(hash_password(std::string(limits::kPasswordBytesMax, 'x')));
  CHECK(hash_password("").error().code == Code::BadInput);
  CHECK(hash_password(std::string(limits::kPasswordBytesMax + 1, 'x')).error().code == Code::BadInput);
}

TEST_CASE("a stored text that this program would not write is called corrupt") {
  std::string costly(kForeign);
  costly.replace(costly.find("m=19456"), 7, "m=99999");
  std::string damaged(kForeign);
  damaged.back() = '!';
  for (const std::string& text : {std::string(), std::string("plain"), costly, damaged,
                                  std::string(kForeign) + "A", std::string(kForeign.substr(0, 80))}) {
    CAPTURE(text);
    CHECK(verify_password("correct horse", text).error().code == Code::Corrupt);
  }
}

TEST_CASE("a flood of strangers keeps nobody waiting whom the shop knows") {
  std::atomic<bool> over = false;
  std::atomic<int> busy = 0;
  std::vector<std::thread> flood;
  for (int i = 0; i < 16; ++i)
    flood.emplace_back([&] {
      while (!over) {
        const auto looked = verify_password("wrong horse", kForeign, Caller::Stranger);
        if (!looked && looked.error().code == Code::Busy) ++busy;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    });
  for (int i = 0; i < 5; ++i) {
    const auto started = std::chrono::steady_clock::now();
    const auto right = verify_password("correct horse", kForeign, Caller::Known);
    const std::chrono::duration<double> waited = std::chrono::steady_clock::now() - started;
    CHECK((right && *right));
    CHECK(waited.count() < 2);
  }
  over = true;
  for (auto& t : flood) t.join();
  CHECK(busy > 0);
}

TEST_CASE("a stranger's turn comes when nobody waits whom the shop knows") {
  constexpr int kKnown = 3;
  constexpr int kEach = 6;
  std::atomic<int> known_answers = 0;
  std::vector<std::thread> known;
  for (int i = 0; i < kKnown; ++i)
    known.emplace_back([&] {
      for (int n = 0; n < kEach; ++n)
        if (verify_password("correct horse", kForeign, Caller::Known)) ++known_answers;
    });
  while (known_answers == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  const auto looked = verify_password("wrong horse", kForeign, Caller::Stranger);
  const int before = known_answers;
  for (auto& t : known) t.join();
  CHECK(known_answers == kKnown * kEach);
  // When only one of them is left, nobody waits while the library works for it.
  CHECK(before >= kKnown * kEach / 2);
  CHECK((looked || looked.error().code == Code::Busy));
}

TEST_CASE("several log-ins at once take turns and all get an answer") {
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&right] {
      const auto ok = verify_password("correct horse", kForeign);
      if (ok && *ok) ++right;
    });
  for (auto& t : threads) t.join();
  CHECK(right == 4);
}

}  // namespace counterfoil::crypto
