// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "counterfoil/base/bytes.h"

#include <cstring>

namespace counterfoil {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64Url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view kBase64Std = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void append_64(std::string& out, ByteView b, std::string_view alphabet) {
  const std::size_t begin = out.size();
  out.resize(begin + (b.size() * 4 + 2) / 3);
  char* to = out.data() + begin;
  std::size_t i = 0;
  for (; i + 3 <= b.size(); i += 3) {
    const std::uint32_t bits = (std::uint32_t{b[i]} << 16) | (std::uint32_t{b[i + 1]} << 8) | b[i + 2];
    for (int shift = 18; shift >= 0; shift -= 6) *to++ = alphabet[(bits >> shift) & 63];
  }
  if (i < b.size()) {
    const bool two = i + 2 == b.size();
    const std::uint32_t bits = (std::uint32_t{b[i]} << 16) | (two ? std::uint32_t{b[i + 1]} << 8 : 0U);
    *to++ = alphabet[bits >> 18];
    *to++ = alphabet[(bits >> 12) & 63];
    if (two) *to++ = alphabet[(bits >> 6) & 63];
  }
}

Result<Bytes> decode64(std::string_view s, std::string_view alphabet) {
  if (s.size() % 4 == 1) return fail(Code::BadInput, "base64: impossible length");
  Bytes out;
  out.reserve(s.size() * 3 / 4);
  std::uint32_t bits = 0;
  int count = 0;
  for (char c : s) {
    auto digit = alphabet.find(c);
    if (digit == std::string_view::npos)
      return fail(Code::BadInput, "base64: a character outside the alphabet");
    bits = (bits << 6) | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out.push_back(static_cast<std::uint8_t>(bits >> count));
    }
  }
  // Two texts for the same bytes would make a signed text malleable.
  if ((bits & ((1U << count) - 1U)) != 0) return fail(Code::BadInput, "base64: unused bits are set");
  return out;
}

// Length of the well-formed sequence that starts at s, 0 if ill-formed (RFC 3629 section 4).
std::size_t utf8_sequence(std::string_view s) {
  auto at = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  auto tail = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return i < s.size() && at(i) >= low && at(i) <= high;
  };
  const unsigned lead = at(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return tail(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const unsigned low = lead == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = lead == 0xED ? 0x9F : 0xBF;
    return tail(1, low, high) && tail(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const unsigned low = lead == 0xF0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xF4 ? 0x8F : 0xBF;
    return tail(1, low, high) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

// Controls, line separators, and what turns the writing direction of the text that follows.
bool acts_on_terminal(unsigned point) {
  const auto between = [&](unsigned first, unsigned last) { return point >= first && point <= last; };
  return point < 0x20 || between(0x7F, 0x9F) || point == 0x061C || between(0x200E, 0x200F) ||
         between(0x2028, 0x202E) || between(0x2066, 0x2069);
}

}  // namespace

void wipe(void* p, std::size_t n) noexcept {
  if (n == 0) return;
  explicit_bzero(p, n);
}

bool equal_constant_time(ByteView a, ByteView b) noexcept {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference |= static_cast<unsigned>(a[i] ^ b[i]);
  return difference == 0;
}

std::string hex(ByteView b) {
  std::string out;
  out.reserve(b.size() * 2);
  for (std::uint8_t byte : b) {
    out += kHexDigits[byte >> 4];
    out += kHexDigits[byte & 15];
  }
  return out;
}

Result<Bytes> from_hex(std::string_view s) {
  if (s.size() % 2 != 0) return fail(Code::BadInput, "hex: odd number of digits");
  Bytes out;
  out.reserve(s.size() / 2);
  for (std::size_t i = 0; i < s.size(); i += 2) {
    const int high = hex_digit(s[i]);
    const int low = hex_digit(s[i + 1]);
    if (high < 0 || low < 0) return fail(Code::BadInput, "hex: not a hexadecimal digit");
    out.push_back(static_cast<std::uint8_t>(high * 16 + low));
  }
  return out;
}

void append_base64url(std::string& out, ByteView b) {
  append_64(out, b, kBase64Url);
}

std::string base64url(ByteView b) {
  std::string out;
  append_64(out, b, kBase64Url);
  return out;
}

Result<Bytes> from_base64url(std::string_view s) {
  return decode64(s, kBase64Url);
}

std::string base32(ByteView b) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string out;
  unsigned held = 0;
  unsigned bits = 0;
  for (const std::uint8_t byte : b) {
    held = held << 8 | byte;
    for (bits += 8; bits >= 5; bits -= 5) out += kLetters[held >> (bits - 5) & 31];
  }
  if (bits > 0) out += kLetters[held << (5 - bits) & 31];
  return out;
}

std::string base64(ByteView b) {
  std::string out;
  append_64(out, b, kBase64Std);
  while (out.size() % 4 != 0) out += '=';
  return out;
}

Result<Bytes> from_base64(std::string_view s) {
  if (s.size() % 4 != 0) return fail(Code::BadInput, "base64: not padded");
  for (int i = 0; i < 2 && !s.empty() && s.back() == '='; ++i) s.remove_suffix(1);
  return decode64(s, kBase64Std);
}

bool is_utf8(std::string_view s) noexcept {
  while (!s.empty()) {
    const std::size_t n = utf8_sequence(s);
    if (n == 0) return false;
    s.remove_prefix(n);
  }
  return true;
}

unsigned next_code_point(std::string_view& s) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(s[i])); };
  const unsigned lead = byte(0);
  const std::size_t n = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  constexpr std::array<unsigned, 5> kLeadMask = {0, 0x7F, 0x1F, 0x0F, 0x07};
  unsigned point = lead & kLeadMask.at(n);
  for (std::size_t i = 1; i < n; ++i) point = (point << 6) | (byte(i) & 0x3FU);
  s.remove_prefix(n);
  return point;
}

std::string printable(std::string_view s) {
  std::string out;
  while (!s.empty()) {
    const std::size_t n = utf8_sequence(s);
    const std::string_view sequence = s.substr(0, n);
    bool shown = n > 0;
    if (shown) {
      shown = !acts_on_terminal(next_code_point(s));
    } else {
      s.remove_prefix(1);
    }
    out += shown ? sequence : "\xEF\xBF\xBD";
  }
  return out;
}

}  // namespace counterfoil
