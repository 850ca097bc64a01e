// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Bytes, hashes and secrets, and their text forms. Thread rule: value types.
#pragma once

#include "counterfoil/base/result.h"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace counterfoil {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;
using Hash = std::array<std::uint8_t, 32>;    // SHA-256
using Handle = std::array<std::uint8_t, 16>;  // chain value h, recipient handle, subject id

inline ByteView as_bytes(std::string_view s) {
  return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()};
}
inline std::string_view as_text(ByteView b) {
  return {reinterpret_cast<const char*>(b.data()), b.size()};
}

/// Overwrites memory in a way the compiler keeps.
void wipe(void* p, std::size_t n) noexcept;
/// Compares in time that depends on the length only.
bool equal_constant_time(ByteView a, ByteView b) noexcept;

/// N secret bytes: wiped on destruction, not copied by accident, never printed.
template <std::size_t N>
class Secret {
 public:
  Secret() = default;
  explicit Secret(ByteView from) {
    for (std::size_t i = 0; i < N && i < from.size(); ++i) bytes_[i] = from[i];
  }
  Secret(Secret&& o) noexcept : bytes_(o.bytes_) { o.clear(); }
  Secret& operator=(Secret&& o) noexcept {
    if (this != &o) {
      bytes_ = o.bytes_;
      o.clear();
    }
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { clear(); }
  [[nodiscard]] Secret clone() const { return Secret(view()); }
  [[nodiscard]] ByteView view() const { return bytes_; }
  std::span<std::uint8_t> writable() { return bytes_; }
  void clear() noexcept { wipe(bytes_.data(), N); }

 private:
  std::array<std::uint8_t, N> bytes_{};
};
using Key = Secret<32>;

/// Secret text or bytes of any length (a decrypted payload, a password); wiped on destruction.
class SecretBytes {
 public:
  SecretBytes() = default;
  explicit SecretBytes(Bytes b) : bytes_(std::move(b)) {}
  SecretBytes(SecretBytes&& o) noexcept : bytes_(std::move(o.bytes_)) { o.bytes_.clear(); }
  SecretBytes& operator=(SecretBytes&& o) noexcept {
    if (this != &o) {
      clear();
      bytes_ = std::move(o.bytes_);
      o.bytes_.clear();
    }
    return *this;
  }
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  ~SecretBytes() { clear(); }
  [[nodiscard]] ByteView view() const { return bytes_; }
  [[nodiscard]] std::string_view text() const { return as_text(bytes_); }
  void clear() noexcept {
    wipe(bytes_.data(), bytes_.size());
    bytes_.clear();
  }

 private:
  Bytes bytes_;
};

std::string hex(ByteView b);
/// Lower- or upper-case digits, even length. Fails with BadInput.
Result<Bytes> from_hex(std::string_view s);
/// RFC 4648 section 5 without padding.
std::string base64url(ByteView b);
void append_base64url(std::string& out, ByteView b);
/// Strict: no padding, no spaces, unused bits zero. Fails with BadInput.
Result<Bytes> from_base64url(std::string_view s);
/// RFC 4648 section 4 with padding, as signed notes use it.
std::string base64(ByteView b);
/// Strict: padded, no spaces, unused bits zero. Fails with BadInput.
Result<Bytes> from_base64(std::string_view s);

/// RFC 4648 section 6 without padding, as authenticator apps read secrets.
std::string base32(ByteView b);

/// Copies exactly N bytes. Fails with BadInput on any other length.
template <std::size_t N>
Result<std::array<std::uint8_t, N>> exactly(ByteView b) {
  if (b.size() != N)
    return fail(Code::BadInput, "expected " + std::to_string(N) + " bytes, got " + std::to_string(b.size()));
  std::array<std::uint8_t, N> out{};
  for (std::size_t i = 0; i < N; ++i) out[i] = b[i];
  return out;
}

/// True when the bytes are well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms).
bool is_utf8(std::string_view s) noexcept;
/// The first code point of well-formed, non-empty UTF-8; s then begins after it.
unsigned next_code_point(std::string_view& s);
/// Foreign text as it may be shown on a terminal or in a log line: control characters, line separators, marks
/// of writing direction and bytes that are not UTF-8 each become U+FFFD.
std::string printable(std::string_view s);

}  // namespace counterfoil
