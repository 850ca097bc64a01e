// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "base/stack.h"

#include "base/limits.h"
#include "counterfoil/base/bytes.h"

#include <array>

namespace counterfoil {

[[gnu::noinline]] void burn_stack() noexcept {
  std::array<std::uint8_t, limits::kStackBurnt_bytes> below;  // not initialised: wipe() does it, and is kept
  wipe(below.data(), below.size());
}

}  // namespace counterfoil
