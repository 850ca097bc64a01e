// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// base64, base64url, hexadecimal digits, UTF-8.
#include "counterfoil/base/bytes.h"
#include "fuzz.h"

#include <algorithm>
#include <cctype>

CF_FUZZ(text_forms) {
  using namespace counterfoil;
  const std::string_view text = as_text(input);
  if (const auto bytes = from_base64(text)) fuzz::require(base64(*bytes) == text, "one base64 of all bytes");
  if (const auto bytes = from_base64url(text))
    fuzz::require(base64url(*bytes) == text, "one base64url of all bytes");
  if (const auto bytes = from_hex(text)) {
    std::string small(text);
    std::ranges::transform(small, small.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    fuzz::require(hex(*bytes) == small, "digits are written as they were read");
  }
  fuzz::require(*from_base64(base64(input)) == Bytes(input.begin(), input.end()), "base64 keeps all bytes");
  fuzz::require(*from_base64url(base64url(input)) == Bytes(input.begin(), input.end()),
                "base64url keeps all bytes");
  fuzz::require(*from_hex(hex(input)) == Bytes(input.begin(), input.end()), "hexadecimal keeps all bytes");
  const std::string shown = printable(text);
  fuzz::require(is_utf8(shown), "what is shown is UTF-8");
  fuzz::require(printable(shown) == shown, "what is shown stays as it is");
  if (!is_utf8(text)) return;
  for (std::string_view rest = text; !rest.empty();)
    fuzz::require(next_code_point(rest) <= 0x10ffff, "UTF-8 has code points");
}
