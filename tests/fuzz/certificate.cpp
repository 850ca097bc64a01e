// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Certificates and keys, PEM and DER.
#include "crypto/certificate.h"

#include "fuzz.h"

CF_FUZZ(certificate) {
  using namespace counterfoil;
  const std::string_view text = as_text(input);
  const auto facts = crypto::read_certificate(input);
  if (facts) fuzz::require(is_utf8(printable(facts->subject)), "a subject can be shown");
  const auto pin = crypto::spki_sha256_of_certificate(text);
  if (facts && pin) fuzz::require(*pin == facts->spki_sha256, "one pin of each certificate");
  if (const auto key = crypto::VerifyKey::from_spki(input))
    fuzz::require(key->spki() == Bytes(input.begin(), input.end()), "one DER of each key");
  if (const auto key = crypto::VerifyKey::from_pem(text))
    fuzz::require(*crypto::VerifyKey::from_pem(key->pem()) == *key, "a key is the same in PEM");
  if (const auto key = crypto::SigningKey::from_pem(text)) {
    const auto again = crypto::SigningKey::from_pem(key->pem().text());
    fuzz::require(again && again->public_key() == key->public_key(), "a private key is the same in PEM");
  }
}
