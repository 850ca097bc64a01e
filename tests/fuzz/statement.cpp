// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Signed statements (JWS): any text is opened, and any canonical JSON is signed and opened again.
#include "counterfoil/proof/jws.h"
#include "fuzz.h"

CF_FUZZ(statement) {
  using namespace counterfoil;
  constexpr std::string_view typ = "counterfoil-erasure";
  const std::string_view text = as_text(input);
  static_cast<void>(proof::open_jws(text, typ, fuzz::log_key()));
  const auto payload = json::read(text);
  if (!payload) return;
  const auto sign = [](std::string_view message) -> Result<Bytes> {
    return fuzz::log_signing_key().sign(as_bytes(message));
  };
  const auto jws = proof::sign_jws(*payload, typ, fuzz::log_key(), sign);
  fuzz::require(jws.has_value(), "any value can be signed");
  const auto opened = proof::open_jws(*jws, typ, fuzz::log_key());
  fuzz::require(opened ? *opened == *payload : opened.error().code == Code::Limit, "what was signed is read");
  fuzz::require(!proof::open_jws(*jws, "counterfoil-other", fuzz::log_key()), "a kind is no other kind");
}
