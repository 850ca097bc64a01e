// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "counterfoil/proof/note.h"
#include "fuzz.h"

CF_FUZZ(checkpoint) {
  using namespace counterfoil;
  const std::string_view text = as_text(input);
  const auto read = proof::read_checkpoint(text);
  const auto opened = proof::open_checkpoint(text, fuzz::log_key());
  if (read) fuzz::require(text.starts_with(proof::checkpoint_body(*read)), "the body is as it was read");
  if (opened) fuzz::require(read && *read == *opened, "opening reads what reading reads");
}
