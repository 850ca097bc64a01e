// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Hashes, keyed hashes, key derivation, authenticated encryption and random bytes: mbedTLS through PSA, with
// no mbedTLS type in sight. Thread rule: every function may be called from any thread. PSA in mbedTLS 2.28 is
// not thread-safe, so all PSA calls that touch key slots or the generator run under one mutex in here; nobody
// else may call PSA. Errors: only opening somebody's bytes can fail; when the library itself fails (no
// memory, no random bytes) the process ends, because going on would mean weak keys or lost records.
#pragma once

#include "counterfoil/base/bytes.h"
#include "counterfoil/base/result.h"

#include <memory>
#include <span>
#include <string_view>

namespace counterfoil::crypto {

constexpr std::size_t kNonceBytes = 12;      // AES-256-GCM
constexpr std::size_t kTagBytes = 16;        // AES-256-GCM
constexpr std::size_t kWrapNonceBytes = 24;  // XAES-256-GCM
constexpr std::size_t kWrapOverheadBytes = kWrapNonceBytes + kTagBytes;

/// Starts PSA; every other function does so itself. Safe to call again. Fails with Crypto.
Status init();

/// Fills out from the PSA generator: nonces, salts, tokens.
void random(std::span<std::uint8_t> out);
Bytes random_bytes(std::size_t n);
/// For secrets that live long: SHA-256(getrandom || PSA generator), so that neither source alone decides.
Key random_key();
/// The generator in the shape that mbedTLS asks for (first argument unused, 0 on success).
int random_callback(void* unused, unsigned char* out, std::size_t n);

/// FIPS 180-4.
Hash sha256(ByteView data);

/// SHA-256 of bytes that come in parts. Not for two threads at once. After finish() it starts afresh.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&& o) noexcept;
  Sha256& operator=(Sha256&& o) noexcept;
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  ~Sha256();
  Sha256& update(ByteView data);
  Hash finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// RFC 2104; a key of any length.
Hash hmac_sha256(ByteView key, ByteView data);
/// RFC 5869 with 32 bytes of output.
Key hkdf_sha256(ByteView ikm, ByteView salt, std::string_view info);

/// AES-256-GCM (SP 800-38D): ciphertext || 16-byte tag. A nonce of 12 bytes must never serve twice under one
/// key.
Bytes seal(const Key& key, ByteView nonce, ByteView aad, ByteView plain);
/// Fails with WrongKey when key, nonce, aad or bytes do not belong together.
Result<SecretBytes> open(const Key& key, ByteView nonce, ByteView aad, ByteView sealed);

/// XAES-256-GCM (c2sp.org/XAES-256-GCM) under a fresh 24-byte random nonce: nonce || ciphertext || tag.
Bytes wrap(const Key& key, ByteView aad, ByteView plain);
/// Fails with WrongKey when key, aad or bytes do not belong together.
Result<SecretBytes> unwrap(const Key& key, ByteView aad, ByteView wrapped);
/// The same with the nonce given, for published vectors and sealed formats that carry it elsewhere.
Bytes wrap_with_nonce(const Key& key, ByteView nonce, ByteView aad, ByteView plain);

}  // namespace counterfoil::crypto
