// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "counterfoil/proof/jws.h"

#include "crypto/signing.h"

#include <doctest/doctest.h>

namespace counterfoil::proof {
namespace {

struct Author {
  crypto::SigningKey key = crypto::SigningKey::generate();
  LogKey log{"shop.example/test/1", key.spki()};
  [[nodiscard]] Signer signer() const {
    return [this](std::string_view message) -> Result<Bytes> { return key.sign(as_bytes(message)); };
  }
};

}  // namespace

TEST_CASE("a statement opens with the key and the kind it was signed for, and with no other") {
  const Author author;
  const Author stranger;
  const json::Value payload = json::Object{{"lines", 3}, {"log", "shop.example/test/1"}};
  const auto jws = sign_jws(payload, "counterfoil-erasure", author.log, author.signer());
  REQUIRE(jws);
  const auto opened = open_jws(*jws, "counterfoil-erasure", author.log);
  REQUIRE(opened);
  CHECK(*json::write(*opened) == *json::write(payload));
  CHECK(open_jws(*jws, "counterfoil-receipt", author.log).error().code == Code::WrongKey);
  CHECK(open_jws(*jws, "counterfoil-erasure", stranger.log).error().code == Code::WrongKey);
  // A signer that signs something else is found out before anything goes out.
  CHECK(sign_jws(payload, "counterfoil-erasure", author.log, stranger.signer()).error().code == Code::Crypto);
}

TEST_CASE("a statement whose signature does not verify is not handed out") {
  const Author author;
  const auto flipped = [&](std::string_view message) -> Result<Bytes> {
    Bytes signature = author.key.sign(as_bytes(message));
    signature[17] ^= 1;
    return signature;
  };
  CHECK(sign_jws(json::Object{}, "test", author.log, flipped).error().code == Code::Crypto);
}

TEST_CASE("a statement that was changed anywhere does not open") {
  const Author author;
  const auto jws = sign_jws(json::Object{{"lines", 3}}, "counterfoil-erasure", author.log, author.signer());
  REQUIRE(jws);
  for (std::size_t i = 0; i < jws->size(); ++i) {
    std::string changed = *jws;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    CAPTURE(i);
    CHECK_FALSE(open_jws(changed, "counterfoil-erasure", author.log));
    CHECK_FALSE(open_jws(jws->substr(0, i), "counterfoil-erasure", author.log));
  }
  CHECK_FALSE(open_jws(*jws + ".x", "counterfoil-erasure", author.log));
  CHECK(open_jws(std::string(100'000, 'x'), "counterfoil-erasure", author.log).error().code == Code::Limit);
}

}  // namespace counterfoil::proof
