// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "counterfoil/proof/leaf.h"

#include "fuzz.h"

CF_FUZZ(leaf) {
  using namespace counterfoil;
  const auto leaf = proof::decode_leaf(as_text(input));
  if (!leaf) return;
  const auto line = proof::encode_leaf(*leaf);
  fuzz::require(line && *line == as_text(input), "a line is written as it was read");
}
