// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "board/generic/file_anchor.h"

#include "base/fd.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

namespace counterfoil::board {
namespace {

constexpr std::string_view kDevices = "/sys/";

class FileAnchor final : public ErasableAnchor {
 public:
  FileAnchor(std::string path, AnchorFile whose)
      : path_(std::move(path)), whose_(whose), is_device_(std::string_view(path_).starts_with(kDevices)) {}

  Result<SecretBytes> read(std::size_t at, std::size_t size) override {
    CF_TRY(const Fd fd, open(O_RDONLY));
    Bytes out(size);
    std::size_t done = 0;
    while (done < size) {
      const ssize_t n = ::pread(fd.get(), out.data() + done, size - done, static_cast<off_t>(at + done));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) {
        wipe(out.data(), out.size());
        return errno_error(n < 0 ? errno : EIO, "cannot read the anchor " + path_);
      }
      done += static_cast<std::size_t>(n);
    }
    return SecretBytes(std::move(out));
  }

  Status write(std::size_t at, ByteView bytes) override {
    if (at + bytes.size() > kAnchorBytes) return fail(Code::BadInput, "the anchor has less room");
    auto fd = open(O_RDWR);
    if (!fd && fd.error().code == Code::NotFound && whose_ == AnchorFile::Own) {
      CF_CHECK(make());
      fd = open(O_RDWR);
    }
    if (!fd) return fd.error();
    std::size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t n =
          ::pwrite(fd->get(), bytes.data() + done, bytes.size() - done, static_cast<off_t>(at + done));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return errno_error(n < 0 ? errno : EIO, "cannot write the anchor " + path_);
      done += static_cast<std::size_t>(n);
    }
    // A device writes through; its file knows no sync.
    if (::fsync(fd->get()) != 0 && !(is_device_ && errno == EINVAL))
      return errno_error(errno, "cannot write the anchor " + path_);
    return {};
  }

  [[nodiscard]] std::string kind() const override { return is_device_ ? "nvmem" : "file"; }
  [[nodiscard]] std::string promise() const override {
    return is_device_ ? "overwritten in place, in a memory chip beside the disk"
                      : "cryptographic, limited by flash";
  }

 private:
  Result<Fd> open(int mode) const {
    Fd fd(::open(path_.c_str(), mode | O_CLOEXEC | O_NOFOLLOW));
    if (!fd.valid()) return errno_error(errno, "cannot open the anchor " + path_);
    struct stat info{};
    if (::fstat(fd.get(), &info) != 0) return errno_error(errno, "cannot read the anchor " + path_);
    if ((info.st_mode & 0077U) != 0)
      return fail(Code::Refused, "the anchor " + path_ + " is open to other users; chmod 600 it");
    const auto size = static_cast<std::size_t>(info.st_size);
    if (whose_ == AnchorFile::Given && size < kAnchorBytes)
      return fail(Code::Corrupt,
                  "the anchor " + path_ + " has less room than " + std::to_string(kAnchorBytes) + " bytes");
    if (whose_ == AnchorFile::Own && size != kAnchorBytes)
      return fail(Code::Corrupt, "the anchor " + path_ + " has a length that this program never writes");
    return fd;
  }

  // All of it at once: a file of another length is never taken for an anchor.
  Status make() const { return write_file_durably(path_, Bytes(kAnchorBytes, 0), 0600); }

  const std::string path_;
  const AnchorFile whose_;
  const bool is_device_;
};

}  // namespace

std::unique_ptr<ErasableAnchor> make_file_anchor(std::string path, AnchorFile whose) {
  return std::make_unique<FileAnchor>(std::move(path), whose);
}

}  // namespace counterfoil::board
