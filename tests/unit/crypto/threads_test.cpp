// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The lock of the wrapper at work: without it mbedTLS 2.28 ends this test within a second or two by a double
// free or by errors, which this program answers with abort().
#include "crypto/crypto.h"
#include "crypto/signing.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <set>
#include <thread>
#include <vector>

namespace counterfoil::crypto {
namespace {

struct Expected {
  Key key{Bytes(32, 7)};
  Bytes nonce = Bytes(kNonceBytes, 9);
  Bytes text = Bytes(200, 'x');
  Bytes sealed = seal(key, nonce, {}, text);
  Hash mac = hmac_sha256(key.view(), text);
  Key derived = hkdf_sha256(key.view(), nonce, "thread");
  SigningKey signer = SigningKey::generate();
  Bytes signature = signer.sign(text);
};

bool one_round(const Expected& e, unsigned round) {
  bool good = seal(e.key, e.nonce, {}, e.text) == e.sealed;
  auto opened = open(e.key, e.nonce, {}, e.sealed);
  good = good && opened && equal_constant_time(opened->view(), e.text);
  good = good && hmac_sha256(e.key.view(), e.text) == e.mac;
  good = good && equal_constant_time(hkdf_sha256(e.key.view(), e.nonce, "thread").view(), e.derived.view());
  auto unwrapped = unwrap(e.key, e.nonce, wrap(e.key, e.nonce, e.text));
  good = good && unwrapped && equal_constant_time(unwrapped->view(), e.text);
  good = good && random_bytes(16) != random_bytes(16);
  good = good && Sha256().update(e.text).finish() == sha256(e.text);
  if (round % 16 == 0) {
    good = good && e.signer.sign(e.text) == e.signature;
    good = good && e.signer.public_key().verify(e.text, e.signature);
  }
  return good;
}

}  // namespace

TEST_CASE("four threads mix all operations for two seconds and get right answers only") {
  const Expected expected;
  std::atomic<long> good = 0;
  std::atomic<long> bad = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (unsigned round = 0; std::chrono::steady_clock::now() < end; ++round)
        ++(one_round(expected, round) ? good : bad);
    });
  for (auto& t : threads) t.join();
  CHECK(bad == 0);
  CHECK(good > 100);
}

TEST_CASE("wraps of one key in four threads never share a nonce") {
  constexpr std::size_t kEach = 1000;
  const Key key = random_key();
  std::vector<std::vector<Bytes>> nonces(4);
  std::vector<std::thread> threads;
  for (auto& mine : nonces)
    threads.emplace_back([&] {
      for (std::size_t i = 0; i < kEach; ++i) {
        const Bytes wrapped = wrap(key, {}, key.view());
        mine.emplace_back(wrapped.begin(), wrapped.begin() + kWrapNonceBytes);
      }
    });
  for (auto& t : threads) t.join();
  std::set<Bytes> all;
  for (const auto& mine : nonces) all.insert(mine.begin(), mine.end());
  CHECK(all.size() == nonces.size() * kEach);
}

}  // namespace counterfoil::crypto
