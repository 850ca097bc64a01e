// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "i18n/catalogue.h"

#include <algorithm>
#include <array>
#include <string>

namespace counterfoil::i18n {
namespace {

/// Texts that end up in a file name or are matched as a keyword.
constexpr std::array<std::string_view, 2> kMachineRead = {"receipt.file_name", "wa.stop"};

constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::array<std::string_view, kPlain.size()> kAccented = {
    "á", "ƀ", "ç", "ð", "é", "ƒ", "ĝ", "ĥ", "î", "ĵ", "ķ", "ļ", "ɱ", "ñ", "ö", "þ", "ǫ", "ŕ",
    "š", "ţ", "û", "ṽ", "ŵ", "ẋ", "ý", "ž", "Å", "Ɓ", "Ç", "Ð", "É", "Ƒ", "Ĝ", "Ĥ", "Î", "Ĵ",
    "Ķ", "Ļ", "Ṁ", "Ñ", "Ö", "Þ", "Ǫ", "Ŕ", "Š", "Ţ", "Û", "Ṽ", "Ŵ", "Ẋ", "Ý", "Ž"};

}  // namespace

std::string pseudo_text(std::string_view id, std::string_view text) {
  if (std::find(kMachineRead.begin(), kMachineRead.end(), id) != kMachineRead.end()) return std::string(text);
  std::string out = "⟦";
  std::size_t letters = 0;
  bool inside_placeholder = false;
  for (const char c : text) {
    const std::size_t letter = kPlain.find(c);
    if (c == '{' || c == '}') inside_placeholder = c == '{';
    if (inside_placeholder || letter == std::string_view::npos) {
      out += c;
      continue;
    }
    out += kAccented[letter];
    ++letters;
  }
  if (letters == 0) return std::string(text);
  for (std::size_t i = 0; i < (letters * 3 + 9) / 10; ++i) out += "·";
  return out + "⟧";
}

}  // namespace counterfoil::i18n
