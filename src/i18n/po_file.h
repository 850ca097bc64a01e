// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Reads the strict part of the .po format that our catalogues use (GNU gettext manual, "The Format of PO
// Files"): msgctxt, msgid, msgstr, comments, flags; no plural entries. Only po_compile and its test use it.
#pragma once

#include "counterfoil/base/result.h"

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace counterfoil::i18n {

struct PoEntry {
  std::size_t line = 0;  // where it starts, counted from 1
  bool fuzzy = false;
  std::string english;
  std::string translation;
};

struct PoFile {
  std::string name;      // for messages
  std::string language;  // the Language header field
  bool right_to_left = false;
  std::map<std::string, PoEntry, std::less<>> entries;  // by msgctxt
};

/// Fails with BadInput: "name:line: what is wrong".
Result<PoFile> read_po(std::string_view name, std::string_view text);

/// Every text is fit for a page: UTF-8, no control characters, none of < > & ", well-formed {placeholders}.
/// Fails with BadInput naming the first one that is not.
Status check_source(const PoFile& source);

/// `translation` says everything that `source` says and nothing else: the same ids, the same English, no
/// fuzzy or empty text, the same set of placeholders, every text fit for a page. Fails with BadInput naming
/// the first flaw.
Status check_translation(const PoFile& source, const PoFile& translation);

/// The names between braces. Fails with BadInput on a brace that stands alone or an ill-formed name.
Result<std::set<std::string, std::less<>>> placeholders(std::string_view text);

}  // namespace counterfoil::i18n
