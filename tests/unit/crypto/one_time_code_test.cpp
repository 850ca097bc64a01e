// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "crypto/one_time_code.h"

#include <doctest/doctest.h>

namespace counterfoil::crypto {
namespace {

// The secret of both RFCs.
const ByteView kRfcSecret = as_bytes("12345678901234567890");

}  // namespace

TEST_CASE("codes of time are those of RFC 6238, appendix B, column SHA1") {
  struct Row {
    std::uint64_t time_s;
    std::string_view totp;
  };
  for (const Row& row :
       {Row{59, "94287082"}, Row{1111111109, "07081804"}, Row{1111111111, "14050471"},
        Row{1234567890, "89005924"}, Row{2000000000, "69279037"}, Row{20000000000, "65353130"}}) {
    CAPTURE(row.time_s);
    CHECK(one_time_code(kRfcSecret, row.time_s / kOneTimeStep_s, 8) == row.totp);
    CHECK(one_time_code(kRfcSecret, row.time_s / kOneTimeStep_s) == row.totp.substr(2));
  }
}

TEST_CASE("codes of a counter are those of RFC 4226, appendix D") {
  std::uint64_t count = 0;
  for (const std::string_view hotp :
       {"755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"}) {
    CAPTURE(count);
    CHECK(one_time_code(kRfcSecret, count++) == hotp);
  }
}

}  // namespace counterfoil::crypto
