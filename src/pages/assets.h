// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The files of templates/ and assets/, compiled in by embed.cmake. Thread rule: constant.
#pragma once

#include <span>
#include <string_view>

namespace counterfoil::pages {

struct Asset {
  std::string_view name;  // "layout.mustache", "style.css"
  std::string_view text;
};
/// All of them, sorted by name.
std::span<const Asset> embedded();
/// Text of one file; empty when there is none of that name.
std::string_view asset(std::string_view name);

}  // namespace counterfoil::pages
