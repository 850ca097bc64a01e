// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Chance that comes out the same each time. Thread rule: one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>

namespace counterfoil::decide::testing {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
  bool one_in(std::size_t n) { return below(n) == 0; }

 private:
  std::mt19937_64 random_;
};

}  // namespace counterfoil::decide::testing
