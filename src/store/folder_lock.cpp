// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "store/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

namespace counterfoil::store {

Result<FolderLock> FolderLock::take(const std::string& folder) {
  const std::string path = folder + "/lock";
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid()) return errno_error(errno, "cannot open " + path);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return FolderLock(std::move(fd));
  if (errno == EWOULDBLOCK)
    return fail(Code::Locked, "another process uses the data folder " + folder + "; stop it first");
  return errno_error(errno, "cannot lock " + path);
}

}  // namespace counterfoil::store
