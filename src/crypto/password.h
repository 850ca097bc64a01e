// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Passwords and PINs of staff: argon2id (RFC 9106), 19 MiB, 2 passes, 1 lane, 16-byte salt, 32-byte tag, kept
// as a PHC string. Thread rule: any thread; one computation at a time, so that memory stays bounded. Those
// whom the shop knows go before strangers; of each only a few may wait, so that a flood of log-ins holds no
// more threads than that, and nobody longer than limits::kPasswordWait_ms: Busy.
#pragma once

#include "counterfoil/base/result.h"

#include <string>
#include <string_view>

namespace counterfoil::crypto {

enum class Caller { Known, Stranger };

/// "$argon2id$v=19$m=19456,t=2,p=1$salt$tag". Fails with BadInput (empty, or longer than
/// limits::kPasswordBytesMax), Busy, Crypto.
Result<std::string> hash_password(std::string_view password, Caller caller = Caller::Known);

/// Whether the password is the one behind the text. A text with other costs than ours is refused, so that a
/// changed row cannot order gigabytes. Fails with Corrupt (no such text), Busy, Crypto; false for a password
/// that hash_password would not take.
Result<bool> verify_password(std::string_view password, std::string_view encoded,
                             Caller caller = Caller::Known);

}  // namespace counterfoil::crypto
