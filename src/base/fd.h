// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Owner of a file descriptor, and the few file operations whose order matters for durability.
// Thread rule: one owner at a time. All files are opened close-on-exec.
#pragma once

#include "counterfoil/base/bytes.h"
#include "counterfoil/base/result.h"

#include <string>
#include <utility>

namespace counterfoil {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& o) noexcept : fd_(std::exchange(o.fd_, -1)) {}
  Fd& operator=(Fd&& o) noexcept {
    if (this != &o) {
      close();
      fd_ = std::exchange(o.fd_, -1);
    }
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { close(); }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void close() noexcept;

 private:
  int fd_ = -1;
};

/// Error for a failed system call: DiskFull for ENOSPC and EDQUOT, NotFound for ENOENT, Refused for EACCES,
/// EPERM and EROFS, else Io. The detail is "what: strerror"; "what" must not hold personal data.
Error errno_error(int error_number, std::string what);

/// Opens a regular file for reading and never waits for one: a pipe or a device in its place fails with
/// BadInput. Else fails with NotFound, Refused, Io.
Result<Fd> open_file(const std::string& path);
/// Whole file, at most bytes_max. Fails as open_file(), with Limit, or with Io.
Result<Bytes> read_file(const std::string& path, std::size_t bytes_max);
/// The same as text; the bytes are taken as they are.
Result<std::string> read_text_file(const std::string& path, std::size_t bytes_max);
/// Writes a new file of mode 0600 beside the target, syncs it, renames it over the target and syncs the
/// folder: after a power cut the target holds the old bytes or the new ones. Fails with DiskFull, Refused,
/// Io.
Status write_file_durably(const std::string& path, ByteView bytes, unsigned mode = 0600);
Status sync_folder(const std::string& path);

}  // namespace counterfoil
