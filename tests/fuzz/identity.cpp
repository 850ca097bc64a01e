// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Disclosure 0: who it is.
#include "counterfoil/consent/event.h"
#include "fuzz.h"

CF_FUZZ(identity) {
  using namespace counterfoil;
  const auto identity = consent::decode_identity(as_text(input));
  if (!identity) return;
  const auto text = consent::encode_identity(*identity);
  fuzz::require(text && *text == as_text(input), "an identity is written as it was read");
}
