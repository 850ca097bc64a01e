// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "ledger/reserve.h"

#include "base/fd.h"
#include "base/limits.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace counterfoil::ledger {

Reserve::Reserve(const std::string& folder) : folder_(folder), path_(folder + "/reserve") {}

bool Reserve::hold() {
  if (held_) return true;
  const auto now = std::chrono::steady_clock::now();
  if (now < next_try_) return false;
  next_try_ = now + std::chrono::milliseconds(limits::kStopReserveRetry_ms);
  held_ = take();
  if (!held_) ::unlink(path_.c_str());
  return held_;
}

void Reserve::release() {
  ::unlink(path_.c_str());
  held_ = false;
  next_try_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(limits::kStopReserveRetry_ms);
}

// Room for the reserve and as much again: taking the last bytes would fill the disk that it guards.
bool Reserve::has_room() const {
  struct statvfs disk{};
  if (::statvfs(folder_.c_str(), &disk) != 0) return false;
  return disk.f_bavail * disk.f_frsize >= 2 * limits::kStopReserve_bytes;
}

bool Reserve::take() const {
  const Fd fd(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid()) return false;
  const bool whole = ::lseek(fd.get(), 0, SEEK_END) >= static_cast<off_t>(limits::kStopReserve_bytes);
  return whole ||
         (has_room() && ::posix_fallocate(fd.get(), 0, static_cast<off_t>(limits::kStopReserve_bytes)) == 0);
}

}  // namespace counterfoil::ledger
