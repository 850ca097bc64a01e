// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Statements signed with a log's key: compact JWS (RFC 7515) with ES256 (RFC 7518) over canonical JSON. The
// header is {"alg":"ES256","kid":<base64url SHA-256 of SubjectPublicKeyInfo>,"typ":<typ>} and nothing else,
// so that a statement of one kind is never taken for another. Thread rule: pure functions.
#pragma once

#include "counterfoil/base/canonical_json.h"
#include "counterfoil/proof/note.h"

#include <string>
#include <string_view>

namespace counterfoil::proof {

/// Verifies what it signed before it hands it out. Fails with BadInput, Crypto, or as sign.
Result<std::string> sign_jws(const json::Value& payload, std::string_view typ, const LogKey& key,
                             const Signer& sign);
/// The payload. Fails with BadInput (not such a JWS), WrongKey (another key or typ), Corrupt (the signature
/// does not verify), Limit.
Result<json::Value> open_jws(std::string_view jws, std::string_view typ, const LogKey& key);
/// The payload, believed by nobody yet. Fails with BadInput, Limit.
Result<json::Value> read_jws(std::string_view jws);

}  // namespace counterfoil::proof
