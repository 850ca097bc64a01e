// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Files without a name: what was put in comes out, the disk sees none of it, and nothing stays behind.
#include "ledger/scratch.h"

#include "tests/support/temp_folder.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <random>

namespace counterfoil::ledger {
namespace {

constexpr std::size_t kBlock = limits::kScratchBlock_bytes;

Bytes bytes_of(std::size_t size, std::uint32_t seed) {
  std::mt19937 random(seed);
  Bytes out(size);
  for (auto& byte : out) byte = static_cast<std::uint8_t>(random());
  return out;
}

// The one open file of that folder, by the kernel's own list.
std::string open_file_in(const std::string& folder) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code ignored;
    const auto target = std::filesystem::read_symlink(entry.path(), ignored).string();
    if (target.starts_with(folder + "/")) return entry.path();
  }
  return {};
}

}  // namespace

TEST_CASE("pieces of any size come out again from any place") {
  const support::TempFolder folder;
  auto scratch = Scratch::open(folder.path());
  REQUIRE(scratch);
  Bytes all;
  for (const std::size_t size :
       {std::size_t{1}, kBlock - 2, std::size_t{1}, std::size_t{0}, 3 * kBlock + 5, std::size_t{700}}) {
    const Bytes piece = bytes_of(size, static_cast<std::uint32_t>(size));
    REQUIRE((*scratch)->append(piece));
    all.insert(all.end(), piece.begin(), piece.end());
    CHECK((*scratch)->size() == all.size());
  }
  for (const auto& [from, size] :
       std::vector<std::pair<std::uint64_t, std::size_t>>{{0, all.size()},
                                                          {0, 1},
                                                          {kBlock - 1, 2},
                                                          {kBlock, kBlock},
                                                          {2 * kBlock + 7, 2 * kBlock},
                                                          {all.size() - 3, 100},
                                                          {all.size(), 5},
                                                          {all.size() + 9, 5}}) {
    const auto read = (*scratch)->read(from, size);
    REQUIRE(read);
    const std::size_t begin = std::min<std::uint64_t>(from, all.size());
    const std::size_t end = std::min(all.size(), begin + size);
    const bool same =
        std::equal(read->view().begin(), read->view().end(), all.begin() + static_cast<std::ptrdiff_t>(begin),
                   all.begin() + static_cast<std::ptrdiff_t>(end));
    CHECK(same);
  }
}

TEST_CASE("the disk holds neither a name nor a readable byte, and what it changes is noticed") {
  const support::TempFolder folder;
  auto scratch = Scratch::open(folder.path());
  REQUIRE(scratch);
  std::string text;
  while (text.size() < 2 * kBlock) text += "+46701740631\n";
  REQUIRE((*scratch)->append(as_bytes(text)));
  CHECK(std::filesystem::is_empty(folder.path()));
  const std::string file = open_file_in(folder.path());
  REQUIRE_FALSE(file.empty());
  const int fd = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(fd >= 0);
  std::string raw(4 * kBlock, '\0');
  const auto got = ::pread(fd, raw.data(), raw.size(), 0);
  REQUIRE(got > static_cast<ssize_t>(2 * kBlock));
  CHECK(raw.find("4670174") == std::string::npos);
  REQUIRE((*scratch)->read(kBlock, 1));
  const char other = static_cast<char>(raw[100] ^ 1);
  REQUIRE(::pwrite(fd, &other, 1, 100) == 1);
  CHECK((*scratch)->read(0, 1).error().code == Code::Corrupt);
  // A block in the place of another is not taken for it.
  REQUIRE(::pwrite(fd, raw.data() + kBlock + 16, kBlock + 16, 0) == static_cast<ssize_t>(kBlock + 16));
  CHECK((*scratch)->read(0, 1).error().code == Code::Corrupt);
  ::close(fd);
  scratch->reset();
  CHECK(open_file_in(folder.path()).empty());
}

}  // namespace counterfoil::ledger
