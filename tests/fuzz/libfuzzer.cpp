// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The entry that libFuzzer calls; each program has one target.
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  counterfoil::fuzz::targets().at(0).run({data, size});
  return 0;
}
