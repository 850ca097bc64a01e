// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "counterfoil/proof/jws.h"

#include "base/limits.h"
#include "crypto/crypto.h"
#include "crypto/signing.h"

#include <array>

namespace counterfoil::proof {
namespace {

Result<std::string> header_of(std::string_view typ, const LogKey& key) {
  return json::write(
      json::Object{{"alg", "ES256"}, {"kid", base64url(crypto::sha256(key.spki))}, {"typ", typ}});
}

Error not_a_statement() {
  return fail(Code::BadInput, "not a signed statement: three base64url parts with dots between them");
}

// The three parts, still encoded.
Result<std::array<std::string_view, 3>> parts_of(std::string_view jws) {
  if (jws.size() > limits::kStatementBytesMax) return fail(Code::Limit, "a signed statement is shorter");
  const std::size_t first = jws.find('.');
  const std::size_t second = first == jws.npos ? jws.npos : jws.find('.', first + 1);
  if (second == jws.npos) return not_a_statement();
  return std::array{jws.substr(0, first), jws.substr(first + 1, second - first - 1), jws.substr(second + 1)};
}

}  // namespace

Result<std::string> sign_jws(const json::Value& payload, std::string_view typ, const LogKey& key,
                             const Signer& sign) {
  CF_TRY(const std::string header, header_of(typ, key));
  CF_TRY(const std::string text, json::write(payload));
  const std::string signed_part = base64url(as_bytes(header)) + "." + base64url(as_bytes(text));
  CF_TRY(const Bytes raw, sign(signed_part));
  CF_TRY(const crypto::VerifyKey verifier, crypto::VerifyKey::from_spki(key.spki));
  if (!verifier.verify(as_bytes(signed_part), raw))
    return fail(Code::Crypto, "the new signature does not verify; nothing was published");
  return signed_part + "." + base64url(raw);
}

Result<json::Value> read_jws(std::string_view jws) {
  CF_TRY(const auto parts, parts_of(jws));
  const auto payload = from_base64url(parts[1]);
  return payload ? json::read(as_text(*payload)) : not_a_statement();
}

Result<json::Value> open_jws(std::string_view jws, std::string_view typ, const LogKey& key) {
  CF_TRY(const auto parts, parts_of(jws));
  const auto header = from_base64url(parts[0]);
  const auto payload = from_base64url(parts[1]);
  const auto raw = from_base64url(parts[2]);
  if (!header || !payload || !raw) return not_a_statement();
  CF_TRY(const std::string expected, header_of(typ, key));
  if (as_text(*header) != expected)
    return fail(Code::WrongKey, "the statement is of another kind or signed by another key");
  CF_TRY(const crypto::VerifyKey verifier, crypto::VerifyKey::from_spki(key.spki));
  if (!verifier.verify(as_bytes(jws.substr(0, jws.rfind('.'))), *raw))
    return fail(Code::Corrupt, "the statement was changed: its signature does not verify");
  return json::read(as_text(*payload));
}

}  // namespace counterfoil::proof
