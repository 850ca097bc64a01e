// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Big-endian numbers in byte strings. Thread rule: value functions.
#pragma once

#include "counterfoil/base/bytes.h"

#include <cstdint>

namespace counterfoil::ledger {

inline void append_bytes(Bytes& out, ByteView more) {
  out.insert(out.end(), more.begin(), more.end());
}
inline void append_be64(Bytes& out, std::uint64_t v) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(v >> shift));
}
inline void append_be32(Bytes& out, std::uint32_t v) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(v >> shift));
}
/// The first 8 bytes; there must be as many.
inline std::uint64_t read_be64(ByteView in) {
  std::uint64_t v = 0;
  for (std::size_t i = 0; i < 8; ++i) v = v << 8 | in[i];
  return v;
}
/// The first 4 bytes; there must be as many.
inline std::uint32_t read_be32(ByteView in) {
  std::uint32_t v = 0;
  for (std::size_t i = 0; i < 4; ++i) v = v << 8 | in[i];
  return v;
}

}  // namespace counterfoil::ledger
