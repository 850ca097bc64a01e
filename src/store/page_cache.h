// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What the kernel keeps of a database's main file in memory. Thread rule: any thread.
#pragma once

#include "base/fd.h"
#include "counterfoil/base/result.h"

#include <string>

namespace counterfoil::store {

/// Must be made before the first connection to the file and go after the last: closing a descriptor of the
/// file drops the locks of every connection in this process.
class PageCache {
 public:
  static Result<PageCache> of(const std::string& path);  // NotFound, Io, Refused
  /// Whoever reads the file next reads it from the disk. Changes that were not synced stay in memory.
  Status drop() const;

 private:
  explicit PageCache(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace counterfoil::store
