// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Posted forms and query strings.
#include "fuzz.h"
#include "net/request.h"

CF_FUZZ(form) {
  using namespace counterfoil;
  const std::string_view text = as_text(input);
  const auto fields = net::parse_urlencoded(text);
  if (fields) {
    fuzz::require(fields->size() <= limits::kFormFieldsMax, "a form has its limit");
    std::string written;
    for (const auto& [name, value] : *fields) {
      fuzz::require(is_utf8(name) && is_utf8(value), "a form is UTF-8");
      written += (written.empty() ? "" : "&") + net::percent_encode(name) + "=" + net::percent_encode(value);
    }
    const auto again = net::parse_urlencoded(written);
    fuzz::require(again && *again == *fields, "a form is the same after writing");
  }
  const auto decoded = net::percent_decode(net::percent_encode(text));
  fuzz::require(decoded && *decoded == text, "an escape keeps all bytes");
  static_cast<void>(net::percent_decode(text));
}
