// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// That the codes can be read is shown by zbar, here for the PNG and in the browser journey for the poster.
#include "pages/qr.h"

#include "base/fd.h"
#include "doctest/doctest.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace {

using namespace counterfoil;

const std::string kAddress = "https://box.tresfaroles.example/o/caja";

TEST_CASE("zbar reads the PNG back") {
  const auto png = pages::qr::png(kAddress);
  REQUIRE(png);
  const std::string base = std::string(CF_BIN_DIR) + "/pages_qr_test";
  REQUIRE(write_file_durably(base + ".png", *png));
  const std::string command = "zbarimg -q --raw '" + base + ".png' > '" + base + ".txt'";
  REQUIRE(std::system(command.c_str()) == 0);
  const auto read = read_file(base + ".txt", 4096);
  REQUIRE(read);
  CHECK(as_text(*read) == kAddress + "\n");
  std::remove((base + ".png").c_str());
  std::remove((base + ".txt").c_str());
}

TEST_CASE("the accessible name is escaped") {
  const auto svg = pages::qr::svg(kAddress, "\"><script>alert(1)</script>");
  REQUIRE(svg);
  CHECK(svg->find("<script>") == svg->npos);
  CHECK(svg->find("aria-label=\"&quot;&gt;&lt;script&gt;") != svg->npos);
  CHECK(svg->find("xmlns") == svg->npos);
  CHECK(pages::qr::svg_file(kAddress)->find("xmlns=\"http://www.w3.org/2000/svg\"") != std::string::npos);
}

TEST_CASE("the terminal code is a square of half blocks") {
  const auto text = pages::qr::terminal(kAddress);
  REQUIRE(text);
  const auto lines = std::count(text->begin(), text->end(), '\n');
  CHECK(lines == (41 + 1) / 2);  // version 4 has 33 modules, and 4 of quiet zone on each side
  CHECK(text->find("▀") != text->npos);
}

TEST_CASE("a text beyond the largest code is refused") {
  CHECK(pages::qr::svg(std::string(1663, 'a'), "").has_value());  // version 40, correction Q, 8-bit mode
  const auto too_long = pages::qr::svg(std::string(1664, 'a'), "");
  REQUIRE(!too_long);
  CHECK(too_long.error().code == Code::Limit);
  CHECK(pages::qr::png(kAddress, 0).error().code == Code::BadInput);
}

}  // namespace
