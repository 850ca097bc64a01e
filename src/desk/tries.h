// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Growing delays for what can be guessed: whoever was wrong limits::kTriesFree times waits 1, 2, 4, ...
// seconds before the next try. In memory only. Thread rule: any thread.
#pragma once

#include "counterfoil/base/result.h"

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace counterfoil::desk {

class Tries {
 public:
  explicit Tries(unsigned doublings_max) : doublings_max_(doublings_max) {}

  /// Counts a try before it is made, so that many at once are all counted. Limit with the seconds to wait in
  /// the detail.
  Status begin(const std::string& who, std::int64_t now_boot_ms);
  /// A right one, or one that was not made after all, takes back its own try and no other.
  void take_back(const std::string& who);
  void forgive(const std::string& who);

 private:
  struct Count {
    unsigned wrong = 0;
    std::int64_t last_boot_ms = 0;
    std::int64_t next_boot_ms = 0;  // no earlier than this
  };
  Count& count_of(const std::string& who, std::int64_t now_boot_ms);

  const unsigned doublings_max_;
  std::mutex mutex_;
  std::map<std::string, Count> counts_;  // guarded by mutex_; at most limits::kTriesRememberedMax and one
};

/// Who tries to log in as whom, and from where.
struct LoginTry {
  std::string user;
  std::string address;
  std::string till;  // a browser that somebody logged in well from; empty: none
};

/// The same for log-ins, so that no stranger can lock the shop out. A known till has a count of its own for
/// each user, which nobody else's tries move. Everybody else shares one count for the user, so that many
/// addresses guess no faster than one, and has one for the address. Thread rule: any thread.
class LoginTries {
 public:
  explicit LoginTries(unsigned doublings_max) : strangers_(doublings_max), known_(doublings_max) {}

  Status begin(const LoginTry& who, std::int64_t now_boot_ms);
  void right(const LoginTry& who);
  /// Nothing was compared after all.
  void not_made(const LoginTry& who);

 private:
  Tries strangers_;
  Tries known_;  // apart, so that no flood of names crowds it
};

}  // namespace counterfoil::desk
