// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Says that this process alone works in a data folder: flock on FOLDER/lock, given back by the kernel when
// the process ends, however it ends. Thread rule: one owner.
#pragma once

#include "base/fd.h"

#include <string>

namespace counterfoil::store {

class FolderLock {
 public:
  /// Does not wait. Fails with Locked ("another process uses this folder"), NotFound, Refused, Io.
  static Result<FolderLock> take(const std::string& folder);

 private:
  explicit FolderLock(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace counterfoil::store
