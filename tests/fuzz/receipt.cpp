// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "counterfoil/proof/receipt.h"

#include "fuzz.h"

CF_FUZZ(receipt) {
  using namespace counterfoil;
  const std::string_view text = as_text(input);
  const auto receipt = proof::read_receipt(text);
  if (receipt) fuzz::require(proof::write_receipt(*receipt) == text, "a receipt is written as it was read");
  const auto checked = proof::check_receipt(text, fuzz::log_key());
  if (checked) fuzz::require(receipt && checked->leaf.seq.value == receipt->index, "what checks can be read");
}
