// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// One-time codes of authenticator apps: HOTP with HMAC-SHA-1 (RFC 4226), counted by time (RFC 6238). SHA-1,
// six digits and 30 seconds are what every app can do; HMAC does not rest on what is broken of SHA-1.
// Thread rule: any thread.
#pragma once

#include "counterfoil/base/bytes.h"

#include <string>

namespace counterfoil::crypto {

constexpr std::size_t kOneTimeSecretBytes = 20;  // RFC 4226 section 4, R6: 160 bits
constexpr std::int64_t kOneTimeStep_s = 30;
constexpr unsigned kOneTimeDigits = 6;

/// The code of one step with its leading zeros.
std::string one_time_code(ByteView secret, std::uint64_t step, unsigned digits = kOneTimeDigits);

}  // namespace counterfoil::crypto
