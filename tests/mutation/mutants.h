// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What mutate.py writes into its copies of the verifier's sources: every mutant is in the program and one of
// them is switched on when it runs. `a < b` becomes `a < Compared<7>() < b`, which keeps operators' ranks, so
// that the script need not know where an operand ends. Thread rule: one thread.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace counterfoil::mutants {

constexpr int kMutantsMax = 1'024;

/// COUNTERFOIL_MUTANT is the number of the mutant that lives; COUNTERFOIL_MUTANT_TRACE the file that gets the
/// numbers of those that were reached.
class Zoo {
 public:
  static Zoo& get() {
    static Zoo zoo;
    return zoo;
  }
  bool lives(int n) {
    reached_[n] = true;
    return n == alive_;
  }

 private:
  Zoo() {
    const char* alive = std::getenv("COUNTERFOIL_MUTANT");
    if (alive != nullptr) alive_ = std::atoi(alive);
    // Written at the end of whichever process it is: the tool that a test runs has a zoo of its own.
    std::atexit([] { get().tell(); });
  }
  void tell() const {
    const char* path = std::getenv("COUNTERFOIL_MUTANT_TRACE");
    const int file = path == nullptr ? -1 : ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0) return;
    for (int n = 0; n < kMutantsMax; ++n)
      if (reached_[n]) ::dprintf(file, "%d\n", n);
    ::close(file);
  }
  int alive_ = -1;
  bool reached_[kMutantsMax] = {};
};

inline bool lives(int n) {
  return Zoo::get().lives(n);
}

/// A condition, or its opposite.
template <int N, class T>
bool flipped(const T& condition) {
  return static_cast<bool>(condition) != lives(N);
}
/// `Not<7>() ->* !x`: nothing but unary operators ranks higher.
template <int N>
struct Not {};
template <int N>
bool operator->*(Not<N> /*not*/, bool condition) {
  return condition != lives(N);
}

/// A comparison, or its opposite.
template <int N>
struct Compared {};
template <int N, class T>
struct Left {
  const T& value;
};
#define CF_COMPARED(op)                                          \
  template <int N, class T>                                      \
  Left<N, T> operator op(const T & left, Compared<N> /*with*/) { \
    return {left};                                               \
  }                                                              \
  template <int N, class T, class U>                             \
  bool operator op(const Left<N, T>& left, const U& right) {     \
    return (left.value op right) != lives(N);                    \
  }
CF_COMPARED(==)
CF_COMPARED(!=)
CF_COMPARED(<)
CF_COMPARED(<=)
CF_COMPARED(>)
CF_COMPARED(>=)
#undef CF_COMPARED

}  // namespace counterfoil::mutants
