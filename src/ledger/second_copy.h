// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// A live copy of keys.db on another disk. It has a thread of its own and is made from a copy beside the file,
// so that a disk that hangs holds up neither the writer nor the write-ahead log. Thread rule: any thread; the
// destructor from the owner.
#pragma once

#include "counterfoil/base/clock.h"
#include "counterfoil/base/result.h"

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace counterfoil::ledger {

class SecondCopy {
 public:
  /// to: a folder; empty: no copy is wanted, and everything here does nothing.
  SecondCopy(std::string data, std::string to, const Clock& clock);
  /// Finishes what was asked for.
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
  void loop();

  const std::string data_;
  const std::string to_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by mutex_:
  bool asked_ = false;
  bool copying_ = false;
  bool stopping_ = false;
  Instant made_at_ = 0;
  std::string trouble_;

  std::thread thread_;  // last: it uses everything above
};

}  // namespace counterfoil::ledger
