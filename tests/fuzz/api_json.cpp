// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "api/json_reader.h"
#include "fuzz.h"

CF_FUZZ(api_json) {
  using namespace counterfoil;
  const json::Limits limits;
  const std::string_view text = as_text(input);
  const auto value = api::read_json(text, limits);
  if (const auto canonical = json::read(text, limits))
    fuzz::require(value && *value == *canonical, "canonical JSON is JSON, and means the same");
  if (!value) return;
  const auto written = json::write(*value);
  fuzz::require(
      written && json::read(*written, {8 * limits.bytes_max, limits.depth_max, limits.values_max}) == *value,
      "what was read can be written");
}
