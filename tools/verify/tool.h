// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What the two checks of counterfoil-verify share. Thread rule: one thread.
#pragma once

#include "base/fd.h"
#include "counterfoil/base/result.h"

#include <cstdio>
#include <string>
#include <string_view>

namespace counterfoil::verify {

// Exit statuses.
inline constexpr int kIntact = 0;
inline constexpr int kNotIntact = 1;
inline constexpr int kNotChecked = 2;

inline int not_checked(const Error& error) {
  std::fprintf(stderr, "counterfoil-verify: %s\n", error.message().c_str());
  return kNotChecked;
}

inline Result<std::string> read_text(const std::string& path, std::size_t bytes_max, std::string_view what) {
  auto text = read_text_file(path, bytes_max);
  if (text) return text;
  if (text.error().code == Code::NotFound)
    return fail(Code::NotFound, "there is no " + std::string(what) + " at " + path);
  return fail(text.error().code, "cannot read the " + std::string(what) + ": " + text.error().message());
}

/// Checks what a customer saved. origin: the name that the log must have, or empty for any that the key
/// signed; pem: the log's public key. Returns the exit status.
int check_receipt_file(const std::string& path, const std::string& origin, const std::string& pem);

}  // namespace counterfoil::verify
