// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The files of a bundle folder (src/ledger/FORMAT.md, Bundle). Thread rule: one thread at a time.
#pragma once

#include "base/fd.h"
#include "base/limits.h"
#include "counterfoil/base/result.h"
#include "counterfoil/proof/tree.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace counterfoil::proof {

/// Reads a file line by line without ever holding it whole.
class LineReader {
 public:
  /// Fails as errno_error().
  static Result<LineReader> open(const std::string& path);
  struct Line {
    std::string_view text;  // valid until the next call
    bool whole = true;      // false: no newline, or longer than limits::kEntryLineBytesMax
  };
  /// Empty at the end of the file. Fails with Io.
  Result<std::optional<Line>> next();

 private:
  LineReader(Fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  Fd fd_;
  std::string path_;
  std::string buffer_;
  std::size_t used_ = 0;  // bytes of buffer_ already handed out
  bool ended_ = false;
};

/// Lines of an entries file, but for the last one.
inline constexpr std::uint64_t kBundleFileLines = kTileHashes;
/// Path of the entries file that begins with this line.
std::string entries_path(const std::string& folder, std::uint64_t start);
/// Path of each entries file by the number of its first line. Fails with NotFound, Refused, Io.
Result<std::map<std::uint64_t, std::string>> entry_files(const std::string& folder);

/// Path of tile n of level 0 inside a bundle.
std::string tile_path(std::uint64_t n);
/// Its hashes, if the bundle has it. Fails with BadInput when the file is not a row of 1 to 256 hashes.
Result<std::optional<std::vector<Hash>>> read_tile(const std::string& folder, std::uint64_t n);

}  // namespace counterfoil::proof
