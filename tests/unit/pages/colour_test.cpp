// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "pages/colour.h"

#include "doctest/doctest.h"

namespace {

using namespace counterfoil::pages;

constexpr Colour kBlackInk{0, 0, 0};
constexpr Colour kWhitePaper{255, 255, 255};

TEST_CASE("contrast is WCAG's") {
  CHECK(contrast(kBlackInk, kWhitePaper) == doctest::Approx(21.0));
  CHECK(contrast(kWhitePaper, kWhitePaper) == doctest::Approx(1.0));
  CHECK(contrast(*parse_colour("#777777"), kWhitePaper) == doctest::Approx(4.48).epsilon(0.001));
  CHECK(contrast(*parse_colour("#767676"), kWhitePaper) == doctest::Approx(4.54).epsilon(0.001));
  CHECK(contrast(*parse_colour("#7a3e00"), kWhitePaper) == doctest::Approx(8.3).epsilon(0.01));
}

TEST_CASE("only six digits are a colour") {
  CHECK(colour_text(*parse_colour("#7A3e00")) == "#7a3e00");
  for (const char* bad : {"", "#", "7a3e00", "#7a3e0", "#7a3e000", "#7a3eg0", "#+a3e00", "red;}"})
    CHECK_MESSAGE(!parse_colour(bad), bad);
}

TEST_CASE("a shade is readable and nearest") {
  const Colour good = *parse_colour("#7a3e00");
  CHECK(readable_on(good, kWhitePaper, 4.5) == good);
  for (const char* text : {"#ffff00", "#ff8800", "#ffffff", "#00ff00", "#123456", "#808080"}) {
    for (const Colour ground : {kWhitePaper, kBlackInk, *parse_colour("#808080")}) {
      CAPTURE(text);
      CHECK(contrast(readable_on(*parse_colour(text), ground, 4.5), ground) >= 4.5);
    }
  }
}

TEST_CASE("any configured colour gives a readable theme") {
  for (const char* text : {"#7a3e00", "#ffff00", "#000000", "#ffffff", "nonsense", "#f0f;}body{"}) {
    const std::string css = theme_css(text);
    CAPTURE(css);
    std::size_t at = 0;
    for (int block = 0; block < 2; ++block) {
      const auto next = [&](std::string_view name) {
        at = css.find(name, at) + name.size();
        return *parse_colour(std::string_view(css).substr(at, 7));
      };
      const Colour brand = next("--brand:");
      const Colour on_brand = next("--on-brand:");
      const Colour paper = next("--paper:");
      CHECK(contrast(brand, paper) >= 4.5);
      CHECK(contrast(on_brand, brand) >= 4.5);
    }
    CHECK(css.find("body") == css.npos);
  }
}

}  // namespace
