// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "proof/bundle_files.h"

#include "base/limits.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>

namespace counterfoil::proof {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::string_view kHead = "entries-";
constexpr std::string_view kTail = ".ndjson";

// "entries-512.ndjson" is 512: decimal, no leading zeros.
std::optional<std::uint64_t> entries_start(std::string_view name) {
  if (!name.starts_with(kHead) || !name.ends_with(kTail)) return std::nullopt;
  if (name.size() <= kHead.size() + kTail.size()) return std::nullopt;
  const std::string_view digits = name.substr(kHead.size(), name.size() - kHead.size() - kTail.size());
  std::uint64_t start = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), start);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  if (digits.size() > 1 && digits.front() == '0') return std::nullopt;
  return start;
}

}  // namespace

Result<LineReader> LineReader::open(const std::string& path) {
  CF_TRY(Fd fd, open_file(path));
  return LineReader(std::move(fd), path);
}

Result<std::optional<LineReader::Line>> LineReader::next() {
  std::size_t searched = used_;
  for (;;) {
    const std::size_t newline = buffer_.find('\n', searched);
    if (newline != std::string::npos) {
      const std::size_t begin = std::exchange(used_, newline + 1);
      return std::optional(Line{std::string_view(buffer_).substr(begin, newline - begin), true});
    }
    // Lines handed out go when more is read, once for all of them.
    buffer_.erase(0, std::exchange(used_, 0));
    searched = buffer_.size();
    if (ended_ || searched > limits::kEntryLineBytesMax) {
      if (searched == 0) return std::optional<Line>();
      used_ = searched;
      return std::optional(Line{buffer_, false});
    }
    buffer_.resize(searched + kReadBytes);
    const ssize_t got = ::read(fd_.get(), buffer_.data() + searched, kReadBytes);
    const int error = errno;
    buffer_.resize(searched + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && error == EINTR) continue;
    if (got < 0) return errno_error(error, path_);
    if (got == 0) ended_ = true;
  }
}

std::string entries_path(const std::string& folder, std::uint64_t start) {
  return folder + "/" + std::string(kHead) + std::to_string(start) + std::string(kTail);
}

Result<std::map<std::uint64_t, std::string>> entry_files(const std::string& folder) {
  std::error_code error;
  std::filesystem::directory_iterator it(folder, error);
  if (error) return errno_error(error.value(), folder);
  std::map<std::uint64_t, std::string> out;
  for (const std::filesystem::directory_iterator end; it != end;) {
    const std::string name = it->path().filename().string();
    if (const auto start = entries_start(name)) out.emplace(*start, folder + "/" + name);
    it.increment(error);
    if (error) return errno_error(error.value(), folder);
  }
  return out;
}

std::string tile_path(std::uint64_t n) {
  return "tiles/0/" + std::to_string(n);
}

Result<std::optional<std::vector<Hash>>> read_tile(const std::string& folder, std::uint64_t n) {
  const Result<Bytes> bytes = read_file(folder + "/" + tile_path(n), kTileHashes * sizeof(Hash));
  if (!bytes && bytes.error().code == Code::NotFound) return std::optional<std::vector<Hash>>();
  if (!bytes || bytes->empty() || bytes->size() % 32 != 0)
    return fail(Code::BadInput, "the tile " + tile_path(n) + " is not a row of hashes");
  std::vector<Hash> hashes(bytes->size() / 32);
  for (std::size_t i = 0; i < hashes.size(); ++i)
    std::copy_n(bytes->begin() + static_cast<std::ptrdiff_t>(i * 32), 32, hashes[i].begin());
  return std::optional(std::move(hashes));
}

}  // namespace counterfoil::proof
