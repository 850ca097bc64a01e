// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Checkpoints as C2SP signed notes (c2sp.org/signed-note, c2sp.org/tlog-checkpoint): three body lines, ECDSA
// P-256 signature lines (type 0x02, DER), key id = SHA-256(SPKI)[:4] as Rekor's. Thread rule: value types.
#pragma once

#include "counterfoil/base/bytes.h"
#include "counterfoil/base/result.h"

#include <functional>
#include <string>
#include <string_view>

namespace counterfoil::proof {

struct Checkpoint {
  std::string origin;
  std::uint64_t size = 0;
  Hash root{};
  bool operator==(const Checkpoint&) const = default;
};

/// "origin\nsize\nbase64 root\n".
std::string checkpoint_body(const Checkpoint& c);

/// A log's name: 1 to 200 characters of [A-Za-z0-9._/~:-].
bool is_origin(std::string_view text);

/// The log's public key: a name and a DER SubjectPublicKeyInfo (P-256).
struct LogKey {
  std::string name;  // the origin
  Bytes spki;
};
/// Reads a PEM "PUBLIC KEY". Fails with BadInput.
Result<LogKey> log_key_from_pem(std::string_view pem, std::string name);

/// The key's id in signature lines, 8 hexadecimal digits.
std::string key_id(const LogKey& key);

/// sign: raw 64-byte r||s over the message.
using Signer = std::function<Result<Bytes>(std::string_view message)>;
/// Verifies what it signed before it hands it out. Fails with BadInput (another origin), Crypto, or as sign.
Result<std::string> sign_checkpoint(const Checkpoint& c, const LogKey& key, const Signer& sign);

/// Parses strictly (RFC-like grammar of signed-note; limits on lines and signatures) and verifies one
/// signature by the key; unknown signatures are ignored. Fails with BadInput (not a checkpoint), WrongKey (no
/// signature by this key, or another origin), Corrupt (the signature does not verify).
Result<Checkpoint> open_checkpoint(std::string_view note, const LogKey& key);
/// Parses without verifying; for showing only.
Result<Checkpoint> read_checkpoint(std::string_view note);

}  // namespace counterfoil::proof
