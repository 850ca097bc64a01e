// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "crypto/crypto.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace counterfoil::crypto {
namespace {

Bytes unhex(std::string_view s) {
  auto b = from_hex(s);
  REQUIRE(b);
  return *b;
}

}  // namespace

TEST_CASE("SHA-256 gives the examples of FIPS 180") {
  CHECK(hex(sha256({})) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(hex(sha256(as_bytes("abc"))) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hex(sha256(as_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))) ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST_CASE("SHA-256 in parts equals SHA-256 in one piece and starts afresh") {
  Sha256 h;
  const Bytes chunk(1000, 'a');
  for (int i = 0; i < 1000; ++i) h.update(chunk);
  CHECK(hex(h.finish()) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  CHECK(h.update(as_bytes("a")).update({}).update(as_bytes("bc")).finish() == sha256(as_bytes("abc")));
  Sha256 other = std::move(h);
  CHECK(other.finish() == sha256({}));
}

TEST_CASE("HMAC-SHA-256 gives the examples of RFC 4231") {
  CHECK(hex(hmac_sha256(Bytes(20, 0x0b), as_bytes("Hi There"))) ==
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  CHECK(hex(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(hex(hmac_sha256(Bytes(20, 0xaa), Bytes(50, 0xdd))) ==
        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  CHECK(hex(hmac_sha256(Bytes(131, 0xaa),
                        as_bytes("Test Using Larger Than Block-Size Key - Hash Key First"))) ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  // An empty key is a key of zero bytes: HMAC_SHA256("", "") as published everywhere.
  CHECK(hex(hmac_sha256({}, {})) == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST_CASE("HKDF-SHA-256 gives the examples of RFC 5869") {
  const Bytes ikm(22, 0x0b);
  const std::string info = "\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9";
  CHECK(hex(hkdf_sha256(ikm, unhex("000102030405060708090a0b0c"), info).view()) ==
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
  CHECK(hex(hkdf_sha256(ikm, {}, "").view()) ==
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
}

TEST_CASE("AES-256-GCM gives test case 16 of the GCM specification") {
  const Key key(unhex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"));
  const Bytes nonce = unhex("cafebabefacedbaddecaf888");
  const Bytes aad = unhex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
  const Bytes plain = unhex(
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525"
      "b16aedf5aa0de657ba637b39");
  Bytes sealed = seal(key, nonce, aad, plain);
  CHECK(hex(sealed) ==
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838"
        "c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b");
  CHECK(std::ranges::equal(open(key, nonce, aad, sealed)->view(), plain));
}

TEST_CASE("AES-256-GCM opens nothing that was changed anywhere") {
  const Key key = random_key();
  const Bytes nonce = random_bytes(kNonceBytes);
  const Bytes sealed = seal(key, nonce, as_bytes("aad"), as_bytes("plain"));
  REQUIRE(open(key, nonce, as_bytes("aad"), sealed));
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    Bytes bad = sealed;
    bad[i] ^= 1;
    CHECK(open(key, nonce, as_bytes("aad"), bad).error().code == Code::WrongKey);
  }
  CHECK(open(random_key(), nonce, as_bytes("aad"), sealed).error().code == Code::WrongKey);
  CHECK(open(key, random_bytes(kNonceBytes), as_bytes("aad"), sealed).error().code == Code::WrongKey);
  CHECK(open(key, Bytes(11), as_bytes("aad"), sealed).error().code == Code::WrongKey);
  CHECK(open(key, nonce, as_bytes("aae"), sealed).error().code == Code::WrongKey);
  CHECK(open(key, nonce, {}, sealed).error().code == Code::WrongKey);
  CHECK(open(key, nonce, as_bytes("aad"), ByteView(sealed).first(15)).error().code == Code::WrongKey);
  CHECK(open(key, nonce, as_bytes("aad"), {}).error().code == Code::WrongKey);
}

TEST_CASE("an empty text can be sealed and opened") {
  const Key key = random_key();
  const Bytes nonce = random_bytes(kNonceBytes);
  const Bytes sealed = seal(key, nonce, {}, {});
  CHECK(sealed.size() == kTagBytes);
  auto plain = open(key, nonce, {}, sealed);
  REQUIRE(plain);
  CHECK(plain->view().empty());
}

TEST_CASE("random bytes differ, cover large requests and long-lived keys") {
  CHECK(random_bytes(0).empty());
  const Bytes big = random_bytes(100'000);  // beyond one request of the generator
  CHECK(std::count(big.end() - 1000, big.end(), 0) < 100);
  CHECK(random_bytes(16) != random_bytes(16));
  CHECK_FALSE(equal_constant_time(random_key().view(), random_key().view()));
  Hash from_callback{};
  CHECK(random_callback(nullptr, from_callback.data(), from_callback.size()) == 0);
  CHECK(from_callback != Hash{});
  CHECK(init());
  CHECK(init());
}

}  // namespace counterfoil::crypto
