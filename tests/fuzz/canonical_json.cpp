// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "counterfoil/base/canonical_json.h"

#include "fuzz.h"

CF_FUZZ(canonical_json) {
  using namespace counterfoil;
  const std::string_view text = as_text(input);
  const auto value = json::read(text);
  if (!value) return;
  const auto written = json::write(*value);
  fuzz::require(written && *written == text, "the reader accepts exactly what the writer writes");
}
