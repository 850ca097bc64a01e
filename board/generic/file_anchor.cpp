// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "board/generic/file_anchor.h"

#include "base/fd.h"
#include "base/limits.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace counterfoil::board {
namespace {

class FileAnchor final : public ErasableAnchor {
 public:
  explicit FileAnchor(std::string path) : path_(std::move(path)) {}

  Result<SecretBytes> load() override {
    const Fd fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) return errno_error(errno, "cannot open the anchor " + path_);
    struct stat info{};
    if (::fstat(fd.get(), &info) != 0) return errno_error(errno, "cannot read the anchor " + path_);
    if ((info.st_mode & 0077U) != 0)
      return fail(Code::Refused, "the anchor " + path_ + " is open to other users; chmod 600 it");
    const auto size = static_cast<std::size_t>(info.st_size);
    if (size == 0 || size > limits::kAnchorRecordBytesMax)
      return fail(Code::Corrupt, "the anchor " + path_ + " has a length that this program never writes");
    // Straight into the bytes that will be wiped: no buffer on the way keeps a copy.
    Bytes record(size);
    std::size_t done = 0;
    while (done < size) {
      const ssize_t n = ::read(fd.get(), record.data() + done, size - done);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) {
        wipe(record.data(), record.size());
        return errno_error(n < 0 ? errno : EIO, "cannot read the anchor " + path_);
      }
      done += static_cast<std::size_t>(n);
    }
    return SecretBytes(std::move(record));
  }

  Status store(ByteView record) override {
    if (record.empty() || record.size() > limits::kAnchorRecordBytesMax)
      return fail(Code::BadInput,
                  "an anchor record has 1 to " + std::to_string(limits::kAnchorRecordBytesMax) + " bytes");
    return write_file_durably(path_, record, 0600);
  }

  [[nodiscard]] std::string promise() const override { return "cryptographic, limited by flash"; }

 private:
  std::string path_;
};

}  // namespace

std::unique_ptr<ErasableAnchor> make_file_anchor(std::string path) {
  return std::make_unique<FileAnchor>(std::move(path));
}

}  // namespace counterfoil::board
