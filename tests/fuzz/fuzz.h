// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What every fuzz target shares. A target is one decoder and what must hold of it for any input; libFuzzer
// runs it (preset "fuzz"), and fuzz_test replays the committed corpora through it in every build.
#pragma once

#include "counterfoil/base/bytes.h"
#include "counterfoil/proof/note.h"
#include "crypto/signing.h"

#include <string_view>
#include <vector>

namespace counterfoil::fuzz {

struct Target {
  std::string_view name;  // also of its folder under corpus/
  void (*run)(ByteView input);
};
/// Those linked into this program.
std::vector<Target>& targets();
bool add_target(const Target& target);

/// Throws when a property does not hold: libFuzzer takes it for a crash, fuzz_test for a failure.
void require(bool holds, std::string_view property);

/// The log of tests/vectors, whose private key is no secret, so that corpora can hold what verifies.
const crypto::SigningKey& log_signing_key();
const proof::LogKey& log_key();

}  // namespace counterfoil::fuzz

#define CF_FUZZ(name)                                      \
  static void fuzz_##name(counterfoil::ByteView input);    \
  [[maybe_unused]] static const bool registered_##name =   \
      counterfoil::fuzz::add_target({#name, fuzz_##name}); \
  static void fuzz_##name(counterfoil::ByteView input)
