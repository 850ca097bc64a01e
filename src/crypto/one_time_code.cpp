// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "crypto/one_time_code.h"

#include "crypto/psa_guard.h"

#include <array>

namespace counterfoil::crypto {
namespace {

constexpr KeyUse kHmacSha1{PSA_KEY_TYPE_HMAC, PSA_ALG_HMAC(PSA_ALG_SHA_1), PSA_KEY_USAGE_SIGN_MESSAGE};
using Sha1Tag = std::array<std::uint8_t, 20>;

Sha1Tag hmac_sha1(ByteView key, ByteView data) {
  const PsaGuard guard;
  const SlotKey slot(kHmacSha1, key);
  if (slot.status() != PSA_SUCCESS) give_up("psa_import_key", static_cast<int>(slot.status()));
  Sha1Tag out{};
  std::size_t written = 0;
  const psa_status_t status = psa_mac_compute(slot.id(), kHmacSha1.algorithm, start_of(data), data.size(),
                                              out.data(), out.size(), &written);
  if (status != PSA_SUCCESS) give_up("psa_mac_compute", static_cast<int>(status));
  return out;
}

}  // namespace

std::string one_time_code(ByteView secret, std::uint64_t step, unsigned digits) {
  std::array<std::uint8_t, 8> counter{};
  for (unsigned i = 0; i < 8; ++i) counter.at(i) = static_cast<std::uint8_t>(step >> (56 - 8 * i));
  const Sha1Tag tag = hmac_sha1(secret, counter);
  const std::size_t at = tag.back() & 15U;  // RFC 4226 section 5.3
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i) number = number << 8 | tag.at(at + i);
  number &= 0x7fffffffU;
  std::string out(digits, '0');
  for (unsigned i = digits; i > 0; --i, number /= 10) out[i - 1] = static_cast<char>('0' + number % 10);
  return out;
}

}  // namespace counterfoil::crypto
