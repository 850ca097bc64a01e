// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// SQLite's default file system while one of these lives: a CrashDisk behind one folder. The folder is real
// and holds an empty file for each one on the disk, since the product also asks the kernel what is there;
// what is in them only the disk knows. The product runs unchanged. Thread rule: any thread; one at a time in
// a process.
#pragma once

#include "tests/torture/crash_disk.h"

#include <string>

namespace counterfoil::torture {

class CrashVfs {
 public:
  enum class Syncs {
    AsAsked,
    Normal,  // PRAGMA synchronous=FULL is taken for NORMAL: commits in a write-ahead log are not synced
  };
  /// The folder holds what the disk holds, and nothing else of SQLite's.
  CrashVfs(CrashDisk& disk, std::string folder, Syncs syncs = Syncs::AsAsked);
  /// Every connection must be closed.
  ~CrashVfs();
  CrashVfs(const CrashVfs&) = delete;
  CrashVfs& operator=(const CrashVfs&) = delete;
};

}  // namespace counterfoil::torture
