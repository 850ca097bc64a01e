// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// ECDSA signatures, DER and raw.
#include "crypto/signing.h"
#include "fuzz.h"

CF_FUZZ(signature) {
  using namespace counterfoil;
  if (const auto raw = crypto::raw_signature(input)) {
    const auto der = crypto::der_signature(*raw);
    fuzz::require(der && *der == Bytes(input.begin(), input.end()), "one DER of each signature");
  }
  if (const auto der = crypto::der_signature(input)) {
    const auto raw = crypto::raw_signature(*der);
    fuzz::require(raw && *raw == Bytes(input.begin(), input.end()), "a signature is the same in DER and raw");
  }
  fuzz::require(!fuzz::log_signing_key().public_key().verify(as_bytes("never signed"), input),
                "nobody can sign");
}
