// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "as_owner.h"

#include "base/fd.h"

#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace counterfoil::tool {

Result<std::unique_ptr<AsOwner>> AsOwner::of(const std::string& folder) {
  auto as_owner = std::make_unique<AsOwner>();
  struct stat info{};
  if (::geteuid() != 0 || ::stat(folder.c_str(), &info) != 0 || info.st_uid == 0) return as_owner;
  as_owner->acts_ = true;
  if (::setgroups(1, &info.st_gid) != 0 || ::setegid(info.st_gid) != 0 || ::seteuid(info.st_uid) != 0)
    return errno_error(errno, "cannot act as the owner of " + folder);
  return as_owner;
}

AsOwner::~AsOwner() {
  if (acts_ && (::seteuid(0) != 0 || ::setegid(0) != 0 || ::setgroups(0, nullptr) != 0)) std::abort();
}

}  // namespace counterfoil::tool
