// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What a verifier reads of a bundle: the note, a zero byte, entry lines.
#include "counterfoil/proof/verify.h"
#include "fuzz.h"

#include <algorithm>

CF_FUZZ(bundle) {
  using namespace counterfoil;
  const std::string_view text = as_text(input);
  const std::size_t note_end = std::min(text.find('\0'), text.size());
  std::string_view lines = text.substr(std::min(note_end + 1, text.size()));
  proof::Verifier verifier(fuzz::log_key());
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    verifier.feed(lines.substr(0, end));
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  const auto checkpoint = verifier.finish(text.substr(0, note_end));
  fuzz::require(checkpoint.has_value() == verifier.findings().empty(), "no verdict without its reason");
  if (!checkpoint) return;
  fuzz::require(checkpoint->root == verifier.frontier().root(), "the signed root is that of the lines");
  fuzz::require(checkpoint->size == verifier.frontier().size(), "the signed size is that of the lines");
}
