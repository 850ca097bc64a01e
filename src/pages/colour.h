// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The shop's colour, made readable: WCAG 2.2 contrast in sRGB. Pure. Thread rule: value types.
// Source: WCAG 2.2, "relative luminance" and "contrast ratio"; success criteria 1.4.3 and 1.4.11.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace counterfoil::pages {

struct Colour {
  std::uint8_t red = 0, green = 0, blue = 0;
  bool operator==(const Colour&) const = default;
};

/// Reads "#rrggbb".
std::optional<Colour> parse_colour(std::string_view text);
/// "#rrggbb".
std::string colour_text(Colour colour);
/// 1 (same) to 21 (black on white).
double contrast(Colour a, Colour b);
/// The colour itself where it has that contrast to the background, else the nearest shade of it towards black
/// or white that has.
Colour readable_on(Colour colour, Colour background, double ratio_min);

/// Custom properties for style.css, light and dark, made from the shop's colour.
std::string theme_css(std::string_view configured);

}  // namespace counterfoil::pages
