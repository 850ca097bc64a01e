// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "crypto/signing.h"

#include "crypto/crypto.h"

#include <doctest/doctest.h>

#include <random>

namespace counterfoil::crypto {
namespace {

// RFC 6979 A.2.5
constexpr std::string_view kScalarHex = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
constexpr std::string_view kPointHex =
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
constexpr std::string_view kSpkiHeadHex = "3059301306072a8648ce3d020106082a8648ce3d03010703420004";
// The order n of P-256.
constexpr std::string_view kOrderHex = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

Bytes from_digits(std::string_view s) {
  auto b = from_hex(s);
  REQUIRE(b);
  return *b;
}
SigningKey rfc_key() {
  auto key = SigningKey::from_scalar(from_digits(kScalarHex));
  REQUIRE(key);
  return std::move(*key);
}

}  // namespace

TEST_CASE("signatures are those of RFC 6979 A.2.5") {
  const SigningKey key = rfc_key();
  CHECK(hex(key.sign(as_bytes("sample"))) ==
        "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
        "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8");
  CHECK(hex(key.sign(as_bytes("test"))) ==
        "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367"
        "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083");
  CHECK(hex(key.spki()) == std::string(kSpkiHeadHex) + std::string(kPointHex));
  CHECK(hex(key.export_secret().view()) == kScalarHex);
}

TEST_CASE("a signature verifies for its message and key only") {
  const SigningKey key = SigningKey::generate();
  const Bytes signature = key.sign(as_bytes("message"));
  CHECK(key.public_key().verify(as_bytes("message"), signature));
  CHECK_FALSE(key.public_key().verify(as_bytes("massage"), signature));
  CHECK_FALSE(SigningKey::generate().public_key().verify(as_bytes("message"), signature));
  for (std::size_t i = 0; i < signature.size(); ++i) {
    Bytes bad = signature;
    bad[i] ^= 1;
    CHECK_FALSE(key.public_key().verify(as_bytes("message"), bad));
  }
  CHECK_FALSE(key.public_key().verify(as_bytes("message"), {}));
  CHECK_FALSE(key.public_key().verify(as_bytes("message"), ByteView(signature).first(63)));
  CHECK_FALSE(key.public_key().verify(as_bytes("message"), Bytes(64)));
  CHECK(key.public_key().verify({}, key.sign({})));
}

TEST_CASE("private keys are numbers from 1 to n - 1") {
  CHECK_FALSE(SigningKey::from_scalar(Bytes(32)));
  CHECK_FALSE(SigningKey::from_scalar(Bytes(31, 1)));
  CHECK_FALSE(SigningKey::from_scalar(Bytes(33, 1)));
  Bytes n = from_digits(kOrderHex);
  CHECK_FALSE(SigningKey::from_scalar(n));
  n.back() -= 1;
  CHECK(SigningKey::from_scalar(n));
}

TEST_CASE("public keys have one spelling and lie on the curve") {
  const Bytes spki = rfc_key().spki();
  REQUIRE(VerifyKey::from_spki(spki));
  CHECK(VerifyKey::from_spki(spki)->spki() == spki);
  CHECK(*VerifyKey::from_spki(spki) == rfc_key().public_key());
  CHECK(VerifyKey::from_spki(spki)->spki_sha256() == sha256(spki));
  for (std::size_t i = 0; i < spki.size(); ++i) {
    Bytes bad = spki;
    bad[i] ^= 2;
    CHECK(VerifyKey::from_spki(bad).error().code == Code::BadInput);
  }
  Bytes longer = spki;
  longer.push_back(0);
  CHECK_FALSE(VerifyKey::from_spki(longer));
  CHECK_FALSE(VerifyKey::from_spki(ByteView(spki).first(90)));
  CHECK_FALSE(VerifyKey::from_spki({}));
}

TEST_CASE("keys travel as PEM") {
  const SigningKey key = SigningKey::generate();
  const std::string text = key.public_key().pem();
  CHECK(text.starts_with("-----BEGIN PUBLIC KEY-----\nMFkw"));
  CHECK(*VerifyKey::from_pem("name\n" + text + "more") == key.public_key());
  CHECK_FALSE(VerifyKey::from_pem("-----BEGIN PUBLIC KEY-----\nMFkw"));
  CHECK_FALSE(VerifyKey::from_pem("-----BEGIN PUBLIC KEY-----\n????\n-----END PUBLIC KEY-----\n"));

  auto again = SigningKey::from_pem(key.pem().text());
  REQUIRE(again);
  CHECK(again->public_key() == key.public_key());
  CHECK(equal_constant_time(again->export_secret().view(), key.export_secret().view()));
  CHECK_FALSE(SigningKey::from_pem(""));
  CHECK_FALSE(SigningKey::from_pem(text));
  CHECK_FALSE(SigningKey::from_pem("-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n"));
}

TEST_CASE("keys of openssl in both spellings are read, others refused") {
  // openssl ecparam -genkey -name prime256v1 -noout; the same by openssl pkcs8 -topk8 -nocrypt
  constexpr std::string_view kSec1 =
      "-----BEGIN EC PRIVATE KEY-----\n"
      "MHcCAQEEINy7kYIScwuurcUqvpfq7snpFJE0lWoBOE1VLXzTRd53oAoGCCqGSM49\n"
      "AwEHoUQDQgAEPxgd5OySi5e/9rYRK1XTyScxQtUn+al1WCXcyRS+fVyBTsiBgtCA\n"
      "64BIzgHs4C8njRs/nOp/VHCQuMW5cZ6UOQ==\n"
      "-----END EC PRIVATE KEY-----\n";
  constexpr std::string_view kPkcs8 =
      "-----BEGIN PRIVATE KEY-----\n"
      "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg3LuRghJzC66txSq+\n"
      "l+ruyekUkTSVagE4TVUtfNNF3nehRANCAAQ/GB3k7JKLl7/2thErVdPJJzFC1Sf5\n"
      "qXVYJdzJFL59XIFOyIGC0IDrgEjOAezgLyeNGz+c6n9UcJC4xblxnpQ5\n"
      "-----END PRIVATE KEY-----\n";
  constexpr std::string_view kOtherCurve =
      "-----BEGIN EC PRIVATE KEY-----\n"
      "MIGkAgEBBDDcZfgnfBU2MaCj0SH5TLYQTONFO8LU0YBQC7s6LcO3/4Lvui11CCPa\n"
      "lU/q6lEddU+gBwYFK4EEACKhZANiAAQcZ8/aAO/fvK9TcUcb/GYKgEChqHcfTy6L\n"
      "cSeiUgw7g9+dq1cUiZRjnkhVUtmAUUyV5QSyV8P3uWZXbaKCPyz+9b8Z3Ld5UQ34\n"
      "NSfH6ZloUeWYW/KZns7YlCvj46yxnKA=\n"
      "-----END EC PRIVATE KEY-----\n";
  const auto one = SigningKey::from_pem(kSec1);
  const auto two = SigningKey::from_pem(kPkcs8);
  REQUIRE(one);
  REQUIRE(two);
  CHECK(one->public_key() == two->public_key());
  CHECK(one->public_key().pem() ==
        "-----BEGIN PUBLIC KEY-----\n"
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEPxgd5OySi5e/9rYRK1XTyScxQtUn\n"
        "+al1WCXcyRS+fVyBTsiBgtCA64BIzgHs4C8njRs/nOp/VHCQuMW5cZ6UOQ==\n"
        "-----END PUBLIC KEY-----\n");
  CHECK(two->pem().text() == kPkcs8);
  CHECK(SigningKey::from_pem(kOtherCurve).error().code == Code::BadInput);
}

TEST_CASE("DER signatures round trip, also with short and high-bit numbers") {
  const SigningKey key = rfc_key();
  for (const std::string_view message : {"sample", "test", "a", "b", "c", "d", "e", "f"}) {
    const Bytes raw = key.sign(as_bytes(message));
    auto der = der_signature(raw);
    REQUIRE(der);
    CHECK(*raw_signature(*der) == raw);
  }
  Bytes small(64);
  small[31] = 1;
  small[63] = 0x80;
  CHECK(hex(*der_signature(small)) == "300702010102020080");
  CHECK(*raw_signature(*der_signature(small)) == small);
  CHECK_FALSE(der_signature(Bytes(64)));
  CHECK_FALSE(der_signature(Bytes(63, 1)));
}

TEST_CASE("every other spelling of a DER signature is refused") {
  for (const std::string_view text : {
           "", "30", "3000", "3003020101",
           "3006020100020101",        // r is zero
           "3006020101020181",        // s is negative
           "300702020001020101",      // needless leading zero
           "30080201010203000080",    // the same in s
           "30810602010102010100",    // long form of the length, trailing byte
           "308106020101020101",      // long form of the length
           "300602010102010100",      // a byte after it
           "3007020101020101",        // length too large
           "3005020101020101",        // length too small
           "3006030101020101",        // not an INTEGER
           "3106020101020101",        // not a SEQUENCE
           "30050200020101",          // empty INTEGER
           "3009020101020101020101",  // three numbers
       }) {
    CAPTURE(text);
    CHECK(raw_signature(from_digits(text)).error().code == Code::BadInput);
  }
  Bytes too_long = from_digits("3026022101");
  too_long.resize(5 + 32, 0xAA);
  too_long.insert(too_long.end(), {0x02, 0x01, 0x01});
  CHECK_FALSE(raw_signature(too_long));  // r has 33 significant bytes
}

TEST_CASE("random damage to a DER signature is refused or is the one spelling of what was read") {
  std::mt19937 dice(6979);
  const Bytes good = *der_signature(rfc_key().sign(as_bytes("sample")));
  for (int i = 0; i < 20'000; ++i) {
    Bytes bad = good;
    const auto edits = 1 + dice() % 3;
    for (auto e = edits; e > 0; --e) {
      const std::size_t at = dice() % bad.size();
      switch (dice() % 3) {
        case 0:
          bad[at] = static_cast<std::uint8_t>(dice());
          break;
        case 1:
          bad.erase(bad.begin() + static_cast<std::ptrdiff_t>(at));
          break;
        default:
          bad.insert(bad.begin() + static_cast<std::ptrdiff_t>(at), static_cast<std::uint8_t>(dice()));
          break;
      }
      if (bad.empty()) break;
    }
    if (auto raw = raw_signature(bad)) REQUIRE(*der_signature(*raw) == bad);
  }
}

}  // namespace counterfoil::crypto
