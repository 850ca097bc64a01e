// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "pages/colour.h"

#include <array>
#include <charconv>
#include <cmath>

namespace counterfoil::pages {
namespace {

constexpr Colour kBlack{0, 0, 0};
constexpr Colour kWhite{255, 255, 255};
constexpr Colour kLightPaper{0xfb, 0xf9, 0xf5};
constexpr Colour kDarkPaper{0x17, 0x15, 0x12};
constexpr Colour kDefault{0x1f, 0x4e, 0x5f};
constexpr double kTextContrast = 4.5;  // WCAG 2.2, 1.4.3
constexpr int kShades = 64;

double linear(std::uint8_t channel) {
  const double c = channel / 255.0;
  return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
}

double luminance(Colour c) {
  return 0.2126 * linear(c.red) + 0.7152 * linear(c.green) + 0.0722 * linear(c.blue);
}

std::uint8_t mixed(std::uint8_t from, std::uint8_t to, int step) {
  return static_cast<std::uint8_t>(from + (to - from) * step / kShades);
}

Colour mix(Colour from, Colour to, int step) {
  return {mixed(from.red, to.red, step), mixed(from.green, to.green, step), mixed(from.blue, to.blue, step)};
}

}  // namespace

std::optional<Colour> parse_colour(std::string_view text) {
  if (text.size() != 7 || text.front() != '#') return std::nullopt;
  std::array<std::uint8_t, 3> parts{};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const char* from = text.data() + 1 + 2 * i;
    const auto [end, error] = std::from_chars(from, from + 2, parts[i], 16);
    if (error != std::errc() || end != from + 2) return std::nullopt;
  }
  return Colour{parts[0], parts[1], parts[2]};
}

std::string colour_text(Colour colour) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out = "#";
  for (const std::uint8_t part : {colour.red, colour.green, colour.blue}) {
    out += kDigits[part >> 4U];
    out += kDigits[part & 15U];
  }
  return out;
}

double contrast(Colour a, Colour b) {
  const double first = luminance(a) + 0.05;
  const double second = luminance(b) + 0.05;
  return first > second ? first / second : second / first;
}

Colour readable_on(Colour colour, Colour background, double ratio_min) {
  const Colour towards = contrast(kWhite, background) > contrast(kBlack, background) ? kWhite : kBlack;
  for (int step = 0; step <= kShades; ++step) {
    const Colour shade = mix(colour, towards, step);
    if (contrast(shade, background) >= ratio_min) return shade;
  }
  return towards;
}

std::string theme_css(std::string_view configured) {
  const Colour shop = parse_colour(configured).value_or(kDefault);
  const Colour light = readable_on(shop, kLightPaper, kTextContrast);
  const Colour dark = readable_on(shop, kDarkPaper, kTextContrast);
  const auto ink_on = [](Colour on) {
    return colour_text(contrast(kWhite, on) >= contrast(kBlack, on) ? kWhite : kBlack);
  };
  const auto block = [&](Colour brand, Colour paper) {
    return ":root{--brand:" + colour_text(brand) + ";--on-brand:" + ink_on(brand) +
           ";--paper:" + colour_text(paper) + "}";
  };
  return block(light, kLightPaper) + "\n@media screen and (prefers-color-scheme:dark){" +
         block(dark, kDarkPaper) + "}\n";
}

}  // namespace counterfoil::pages
