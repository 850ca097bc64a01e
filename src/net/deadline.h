// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Points in real time by which a socket operation must be done. Waits on sockets follow the kernel's
// monotonic clock, not Clock&: the peer is real even when a test's clock is not. Thread rule: value type.
#pragma once

#include <chrono>

namespace counterfoil::net {

class Deadline {
 public:
  static Deadline in_ms(int ms) {
    return Deadline(std::chrono::steady_clock::now() + std::chrono::milliseconds(ms));
  }
  static Deadline sooner(const Deadline& a, const Deadline& b) { return a.at_ < b.at_ ? a : b; }
  /// Milliseconds left, 0 when passed; fits poll(2).
  [[nodiscard]] int left_ms() const {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(at_ - std::chrono::steady_clock::now()).count();
    return left <= 0 ? 0 : static_cast<int>(left);
  }
  [[nodiscard]] bool passed() const { return left_ms() == 0; }

 private:
  explicit Deadline(std::chrono::steady_clock::time_point at) : at_(at) {}
  std::chrono::steady_clock::time_point at_;
};

}  // namespace counterfoil::net
