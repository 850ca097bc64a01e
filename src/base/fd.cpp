// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "base/fd.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace counterfoil {
namespace {

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Status write_all(int fd, ByteView bytes, const std::string& what) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error(errno, what);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

}  // namespace

void Fd::close() noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Error errno_error(int error_number, std::string what) {
  Code code = Code::Io;
  if (error_number == ENOSPC || error_number == EDQUOT) code = Code::DiskFull;
  if (error_number == ENOENT) code = Code::NotFound;
  if (error_number == EACCES || error_number == EPERM || error_number == EROFS) code = Code::Refused;
  return fail(code, std::move(what) + ": " + std::strerror(error_number));
}

Result<Fd> open_file(const std::string& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info{};
  if (!fd.valid() || ::fstat(fd.get(), &info) != 0) return errno_error(errno, "cannot open " + path);
  if (!S_ISREG(info.st_mode)) return fail(Code::BadInput, path + " is not a regular file");
  return fd;
}

Result<Bytes> read_file(const std::string& path, std::size_t bytes_max) {
  CF_TRY(const Fd fd, open_file(path));
  Bytes out;
  std::array<std::uint8_t, 8192> chunk{};
  for (;;) {
    const ssize_t n = ::read(fd.get(), chunk.data(), chunk.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error(errno, "cannot read " + path);
    if (n == 0) return out;
    if (out.size() + static_cast<std::size_t>(n) > bytes_max)
      return fail(Code::Limit, path + " is larger than " + std::to_string(bytes_max) + " bytes");
    out.insert(out.end(), chunk.begin(), chunk.begin() + n);
  }
}

Result<std::string> read_text_file(const std::string& path, std::size_t bytes_max) {
  CF_TRY(const Bytes bytes, read_file(path, bytes_max));
  return std::string(as_text(bytes));
}

Status sync_folder(const std::string& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return errno_error(errno, "cannot open folder " + path);
  if (::fsync(fd.get()) != 0) return errno_error(errno, "cannot sync folder " + path);
  return {};
}

namespace {

Status make_file(const std::string& path, ByteView bytes, unsigned mode) {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (!fd.valid()) return errno_error(errno, "cannot create " + path);
  if (::fchmod(fd.get(), mode) != 0) return errno_error(errno, "cannot set the mode of " + path);
  CF_CHECK(write_all(fd.get(), bytes, "cannot write " + path));
  if (::fsync(fd.get()) != 0) return errno_error(errno, "cannot sync " + path);
  return {};
}

}  // namespace

Status write_file_durably(const std::string& path, ByteView bytes, unsigned mode) {
  const std::string fresh = path + ".new";
  // What lies there was left by a power cut, or put there by somebody else: never written through.
  if (::unlink(fresh.c_str()) != 0 && errno != ENOENT) return errno_error(errno, "cannot replace " + fresh);
  auto done = make_file(fresh, bytes, mode);
  if (done && ::rename(fresh.c_str(), path.c_str()) != 0)
    done = errno_error(errno, "cannot rename onto " + path);
  if (!done) {
    ::unlink(fresh.c_str());
    return done;
  }
  return sync_folder(folder_of(path));
}

}  // namespace counterfoil
