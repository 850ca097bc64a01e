// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// A live copy of keys.db on another disk. It has a thread of its own and is made from a copy beside the file,
// so that a disk that hangs holds up neither the writer nor the write-ahead log. Thread rule: any thread; the
// destructor from the owner.
#pragma once

#include "counterfoil/base/clock.h"
#include "counterfoil/base/result.h"

#include <memory>
#include <string>
#include <thread>

namespace counterfoil::ledger {

class SecondCopy {
 public:
  /// to: a folder; empty: no copy is wanted, and everything here does nothing.
  SecondCopy(std::string data, std::string to, const Clock& clock);
  /// Finishes what was asked for, but leaves a disk that hangs to itself after kSecondCopyEnd_ms.
  ~SecondCopy();
  SecondCopy(const SecondCopy&) = delete;
  SecondCopy& operator=(const SecondCopy&) = delete;

  /// A copy of keys.db as it is now or a little later. Does not wait.
  void ask();
  /// What was asked for is neither made nor failed.
  [[nodiscard]] bool is_under_way() const;
  /// "no second copy", or when the newest was made and why a later one could not be.
  [[nodiscard]] std::string words() const;
  /// Why the last one could not be made; empty when it was.
  [[nodiscard]] std::string trouble() const;

 private:
  struct Shared;
  static void loop(const std::shared_ptr<Shared>& shared, const std::string& data, const std::string& to,
                   const Clock& clock);

  const std::string to_;
  const std::shared_ptr<Shared> shared_;  // the thread's as well: it may outlive this while its disk hangs
  std::thread thread_;
};

}  // namespace counterfoil::ledger
