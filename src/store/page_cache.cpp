// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "store/page_cache.h"

#include <fcntl.h>

#include <cerrno>

namespace counterfoil::store {

Result<PageCache> PageCache::of(const std::string& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd.valid()) return errno_error(errno, "cannot open " + path);
  return PageCache(std::move(fd));
}

Status PageCache::drop() const {
  if (const int failed = ::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_DONTNEED); failed != 0)
    return errno_error(failed, "cannot drop the page cache");
  return {};
}

}  // namespace counterfoil::store
