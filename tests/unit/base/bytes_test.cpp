// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "counterfoil/base/bytes.h"

#include <doctest/doctest.h>

namespace counterfoil {

TEST_CASE("base64 follows RFC 4648 section 10") {
  CHECK(base64(as_bytes("")) == "");
  CHECK(base64(as_bytes("f")) == "Zg==");
  CHECK(base64(as_bytes("fo")) == "Zm8=");
  CHECK(base64(as_bytes("foobar")) == "Zm9vYmFy");
  CHECK(base64url(as_bytes("fo")) == "Zm8");
  CHECK(base64url(Bytes{0xfb, 0xff}) == "-_8");
}

TEST_CASE("base64 readers accept one text per value") {
  CHECK(as_text(*from_base64("Zm8=")) == "fo");
  CHECK_FALSE(from_base64("Zm8"));
  CHECK_FALSE(from_base64("Zm9="));  // unused bits set
  CHECK_FALSE(from_base64("Zm 8="));
  CHECK_FALSE(from_base64("Zm8=Zm8="));
  CHECK_FALSE(from_base64url("Zm8="));
  CHECK_FALSE(from_base64url("Zm9"));
  CHECK(from_base64url("Zm8")->size() == 2);
}

TEST_CASE("base32 follows RFC 4648 section 10, without the padding") {
  CHECK(base32(as_bytes("")).empty());
  CHECK(base32(as_bytes("f")) == "MY");
  CHECK(base32(as_bytes("fo")) == "MZXQ");
  CHECK(base32(as_bytes("foo")) == "MZXW6");
  CHECK(base32(as_bytes("foob")) == "MZXW6YQ");
  CHECK(base32(as_bytes("fooba")) == "MZXW6YTB");
  CHECK(base32(as_bytes("foobar")) == "MZXW6YTBOI");
}

TEST_CASE("hex round trip and refusals") {
  CHECK(hex(Bytes{0, 255, 16}) == "00ff10");
  CHECK(*from_hex("00FF10") == Bytes{0, 255, 16});
  CHECK_FALSE(from_hex("0"));
  CHECK_FALSE(from_hex("0g"));
}

TEST_CASE("secrets are wiped when moved from and compare in constant time") {
  Key a(Bytes(32, 7));
  Key b = std::move(a);
  CHECK(a.view()[0] == 0);
  CHECK(equal_constant_time(b.view(), Bytes(32, 7)));
  CHECK_FALSE(equal_constant_time(b.view(), Bytes(31, 7)));
}

TEST_CASE("foreign text cannot act on a terminal") {
  CHECK(printable("Jos\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80 ~") ==
        "Jos\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80 ~");
  const std::string hidden = "\xEF\xBF\xBD";
  CHECK(printable("a\x1B[2J\nb\x7F") == "a" + hidden + "[2J" + hidden + "b" + hidden);
  CHECK(printable("\xC2\x9B\xE2\x80\xAE\xE2\x81\xA6\xD8\x9C\xE2\x80\xA8") ==
        hidden + hidden + hidden + hidden + hidden);
  CHECK(printable("\xFF\xC3") == hidden + hidden);
}

TEST_CASE("UTF-8 is judged as RFC 3629 says") {
  CHECK(
      is_utf8("ma\xC3\xB1"
              "ana \xE2\x82\xAC \xF0\x9F\x98\x80"));
  CHECK_FALSE(is_utf8("\xC0\x80"));          // overlong
  CHECK_FALSE(is_utf8("\xED\xA0\x80"));      // surrogate
  CHECK_FALSE(is_utf8("\xF4\x90\x80\x80"));  // beyond U+10FFFF
  CHECK_FALSE(is_utf8("\xE2\x82"));          // cut short
}

}  // namespace counterfoil
