// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Points in real time by which a socket operation must be done. Waits on sockets follow the kernel's
// monotonic clock, not Clock&: the peer is real even when a test's clock is not. Thread rule: value type.
#pragma once

#include <chrono>
#include <compare>

namespace counterfoil::net {

class Deadline {
 public:
  static Deadline in_ms(int ms) {
    return Deadline(std::chrono::steady_clock::now() + std::chrono::milliseconds(ms));
  }
  static Deadline never() { return Deadline(std::chrono::steady_clock::time_point::max()); }
  static Deadline sooner(const Deadline& a, const Deadline& b) { return a < b ? a : b; }
  /// Milliseconds left, 0 when passed, -1 when there is no end; fits poll(2) and epoll_wait(2).
  [[nodiscard]] int left_ms() const {
    if (*this == never()) return -1;
    auto left = std::chrono::ceil<std::chrono::milliseconds>(at_ - std::chrono::steady_clock::now()).count();
    return left <= 0 ? 0 : static_cast<int>(left);
  }
  [[nodiscard]] bool passed() const { return left_ms() == 0; }
  auto operator<=>(const Deadline&) const = default;

 private:
  explicit Deadline(std::chrono::steady_clock::time_point at) : at_(at) {}
  std::chrono::steady_clock::time_point at_;
};

}  // namespace counterfoil::net
