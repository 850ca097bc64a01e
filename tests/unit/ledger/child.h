// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Runs one test case of this binary in a process of its own, to be killed or shut into a small disk. The
// child is a fresh program, never a fork of one that has used the generator. Thread rule: one thread.
#pragma once

#include <string>

namespace counterfoil::ledger::test {

class Child {
 public:
  /// Starts the (otherwise skipped) test case with the folder in its environment. Throws when it cannot.
  Child(const std::string& test_case, const std::string& folder);
  /// Kills what is still running.
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void kill();
  /// Waits for the end; 0 when every check held, -1 when it was killed.
  int wait();

 private:
  int pid_ = -1;
};

/// The folder that the parent named; empty when this is not a child.
std::string folder_from_parent();

}  // namespace counterfoil::ledger::test
