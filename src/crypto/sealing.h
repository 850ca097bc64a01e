// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Bytes for one reader who is not there: whoever has the public key can write them, nobody but the holder of
// the private key can read them. A fresh P-256 key for each, ECDH, HKDF-SHA-256, AES-256-GCM; FORMAT.md
// section "Keys" is normative. A pair is made as for signatures; one pair never serves both. Thread rule: any
// thread.
#pragma once

#include "crypto/signing.h"

#include <string_view>

namespace counterfoil::crypto {

constexpr std::size_t kSealedPointBytes = 65;
constexpr std::size_t kSealedOverheadBytes = kSealedPointBytes + 16;

/// Uncompressed point || ciphertext || 16-byte tag. info names what is sealed.
Bytes seal_to(const VerifyKey& reader, std::string_view info, ByteView plain);
/// Fails with WrongKey when key, info or bytes do not belong together.
Result<SecretBytes> open_sealed(const SigningKey& reader, std::string_view info, ByteView sealed);

}  // namespace counterfoil::crypto
