// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "counterfoil/proof/leaf.h"
#include "fuzz.h"

CF_FUZZ(entry) {
  using namespace counterfoil;
  const auto entry = proof::decode_entry(as_text(input));
  if (!entry) return;
  const auto line = proof::encode_entry(*entry);
  fuzz::require(line && *line == as_text(input), "an entry is written as it was read");
}
