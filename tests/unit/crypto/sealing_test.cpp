// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "crypto/sealing.h"

#include "crypto/crypto.h"

#include <doctest/doctest.h>

namespace counterfoil::crypto {
namespace {

constexpr std::string_view kInfo = "test";

}  // namespace

TEST_CASE("what is sealed opens with the private key, for the same purpose, and with nothing else") {
  const SigningKey reader = SigningKey::generate();
  const Bytes sealed = seal_to(reader.public_key(), kInfo, as_bytes("stop"));
  CHECK(sealed.size() == 4 + kSealedOverheadBytes);
  REQUIRE(open_sealed(reader, kInfo, sealed));
  CHECK(open_sealed(reader, kInfo, sealed)->text() == "stop");
  CHECK(open_sealed(reader, "tests", sealed).error().code == Code::WrongKey);
  CHECK(open_sealed(SigningKey::generate(), kInfo, sealed).error().code == Code::WrongKey);
  CHECK(open_sealed(reader, kInfo, {}).error().code == Code::WrongKey);
  CHECK(open_sealed(reader, kInfo, ByteView(sealed).first(kSealedOverheadBytes - 1)).error().code ==
        Code::WrongKey);
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    Bytes bad = sealed;
    bad[i] ^= 1;
    CHECK(open_sealed(reader, kInfo, bad).error().code == Code::WrongKey);
  }
}

TEST_CASE("two seals of one text have nothing in common") {
  const SigningKey reader = SigningKey::generate();
  const Bytes one = seal_to(reader.public_key(), kInfo, as_bytes("stop"));
  const Bytes two = seal_to(reader.public_key(), kInfo, as_bytes("stop"));
  CHECK(one.size() == two.size());
  CHECK_FALSE(std::equal(one.begin(), one.begin() + kSealedPointBytes, two.begin()));
  CHECK_FALSE(std::equal(one.begin() + kSealedPointBytes, one.end(), two.begin() + kSealedPointBytes));
}

// The construction written out a second time, from FORMAT.md: the agreed x-coordinate with the private key 1
// is the x-coordinate of the other's public key.
TEST_CASE("the key is HKDF of the agreed x-coordinate under both points") {
  Bytes scalar(32, 0);
  scalar.back() = 1;
  const auto reader = SigningKey::from_scalar(scalar);
  REQUIRE(reader);
  const Bytes sealed = seal_to(reader->public_key(), kInfo, as_bytes("stop"));
  const ByteView point = ByteView(sealed).first(kSealedPointBytes);
  const Bytes spki = reader->spki();
  Bytes salt(point.begin(), point.end());
  salt.insert(salt.end(), spki.end() - 65, spki.end());
  const Key key = hkdf_sha256(point.subspan(1, 32), salt, kInfo);
  const Bytes nonce(kNonceBytes, 0);
  const auto opened = open(key, nonce, {}, ByteView(sealed).subspan(kSealedPointBytes));
  REQUIRE(opened);
  CHECK(opened->text() == "stop");
}

}  // namespace counterfoil::crypto
