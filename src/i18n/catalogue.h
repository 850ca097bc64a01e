// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The compiled-in texts, written by po_compile at build time. Private to i18n. Constant: any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace counterfoil::i18n {

struct CatalogueColumn {
  std::string_view code;  // "es"
  bool right_to_left;
  std::span<const std::string_view> texts;  // in the order of catalogue_ids()
};

/// Sorted.
std::span<const std::string_view> catalogue_ids();
/// The source language first.
std::span<const CatalogueColumn> catalogue_columns();

/// The text as the pseudo-locale shows it: accents, brackets, a third longer, placeholders untouched. Texts
/// without letters, and those that a machine reads, stay as they are.
std::string pseudo_text(std::string_view id, std::string_view text);

}  // namespace counterfoil::i18n
