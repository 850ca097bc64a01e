// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "crypto/pem.h"

namespace counterfoil::crypto {
namespace {

constexpr std::size_t kPemLineChars = 64;

}  // namespace

SecretBytes pem_block(std::string_view label, ByteView der) {
  std::string body = base64(der);
  Bytes out;
  // Reserved in full: a block may hold a private key, and growing would leave copies behind.
  out.reserve(body.size() + body.size() / kPemLineChars + 2 * label.size() + 64);
  const auto add = [&out](std::string_view s) { out.insert(out.end(), s.begin(), s.end()); };
  add("-----BEGIN ");
  add(label);
  add("-----\n");
  for (std::string_view rest = body; !rest.empty();) {
    const std::string_view line = rest.substr(0, kPemLineChars);
    rest.remove_prefix(line.size());
    add(line);
    add("\n");
  }
  add("-----END ");
  add(label);
  add("-----\n");
  wipe(body.data(), body.size());
  return SecretBytes(std::move(out));
}

Result<Bytes> read_pem_block(std::string_view label, std::string_view text) {
  const std::string begin = "-----BEGIN " + std::string(label) + "-----";
  const std::string end = "-----END " + std::string(label) + "-----";
  const auto missing = [&] { return fail(Code::BadInput, "no PEM block \"" + std::string(label) + "\""); };
  const auto from = text.find(begin);
  if (from == std::string_view::npos) return missing();
  text.remove_prefix(from + begin.size());
  const auto to = text.find(end);
  if (to == std::string_view::npos) return missing();
  std::string body;
  for (char c : text.substr(0, to))
    if (c != '\n' && c != '\r' && c != ' ' && c != '\t') body += c;
  return from_base64(body);
}

Bytes der_element(std::uint8_t tag, ByteView contents) {
  Bytes out{tag};
  const std::size_t n = contents.size();
  if (n >= 0x100) {
    out.insert(out.end(), {0x82, static_cast<std::uint8_t>(n >> 8), static_cast<std::uint8_t>(n & 0xFF)});
  } else if (n >= 0x80) {
    out.insert(out.end(), {0x81, static_cast<std::uint8_t>(n)});
  } else {
    out.push_back(static_cast<std::uint8_t>(n));
  }
  out.insert(out.end(), contents.begin(), contents.end());
  return out;
}

Bytes der_join(std::initializer_list<ByteView> parts) {
  std::size_t total = 0;
  for (ByteView part : parts) total += part.size();
  Bytes out;
  out.reserve(total);  // growing would leave copies of a secret behind
  for (ByteView part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

}  // namespace counterfoil::crypto
