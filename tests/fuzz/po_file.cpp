// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "i18n/po_file.h"

#include "fuzz.h"

CF_FUZZ(po_file) {
  using namespace counterfoil;
  const auto file = i18n::read_po("input", as_text(input));
  if (!file) return;
  const bool is_source = i18n::check_source(*file).has_value();
  const bool is_translation = i18n::check_translation(*file, *file).has_value();
  for (const auto& [id, entry] : file->entries) {
    if (is_source) fuzz::require(i18n::placeholders(entry.english).has_value(), "English is fit for a page");
    if (is_translation)
      fuzz::require(i18n::placeholders(entry.translation).has_value(), "a translation is fit for a page");
  }
}
