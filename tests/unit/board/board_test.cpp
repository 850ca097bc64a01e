// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "board/board.h"

#include "base/fd.h"
#include "base/limits.h"
#include "board/generic/file_anchor.h"
#include "tests/support/temp_folder.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

namespace counterfoil::board {

TEST_CASE("boards are made by name, with all their parts") {
  const support::TempFolder folder;
  for (const char* name : {"generic", "fake"}) {
    CAPTURE(name);
    auto board = make(name, {.anchor_path = folder.file("anchor")});
    REQUIRE(board);
    CHECK(board->name == name);
    REQUIRE(board->clock);
    REQUIRE(board->anchor);
    REQUIRE(board->light);
    REQUIRE(board->button);
    REQUIRE(board->watchdog);
    board->light->show(Light::Show::Well);
    CHECK(board->button->held_ms() == 0);
    CHECK(board->clock->now() > 0);
  }
}

TEST_CASE("unknown boards and options that do not fit are refused") {
  CHECK(make("toaster", {}).error().code == Code::NotFound);
  CHECK(make("generic", {}).error().code == Code::BadInput);
  CHECK(make("generic", {.anchor_path = "/tmp/a", .clock_control_path = "/tmp/b"}).error().code ==
        Code::BadInput);
  CHECK(make("fake", {.clock_control_path = "/nowhere/clock"}).error().code == Code::NotFound);
}

TEST_CASE("an anchor gives back what was written last, where it was written") {
  const support::TempFolder folder;
  for (const std::string& path : {folder.file("anchor"), std::string()}) {
    auto board = make("fake", {.anchor_path = path});
    REQUIRE(board);
    auto& anchor = *board->anchor;
    CHECK(anchor.read(0, 4).error().code == Code::NotFound);
    REQUIRE(anchor.write(0, as_bytes("first record")));
    REQUIRE(anchor.write(6, as_bytes("RECORD")));
    REQUIRE(anchor.write(ErasableAnchor::kAnchorBytes - 3, as_bytes("end")));
    CHECK(anchor.read(0, 12)->text() == "first RECORD");
    CHECK(anchor.read(ErasableAnchor::kAnchorBytes - 3, 3)->text() == "end");
    CHECK(anchor.write(ErasableAnchor::kAnchorBytes - 2, as_bytes("end")).error().code == Code::BadInput);
    CHECK(anchor.read(ErasableAnchor::kAnchorBytes - 2, 3).error().code == Code::Io);
  }
  auto again = make("generic", {.anchor_path = folder.file("anchor")});
  REQUIRE(again);
  CHECK(again->anchor->read(0, 12)->text() == "first RECORD");
  CHECK(again->anchor->promise() == "cryptographic, limited by flash");
  CHECK(again->anchor->kind() == "file");
}

TEST_CASE("the anchor file is the owner's alone and of the length we write") {
  const support::TempFolder folder;
  const std::string path = folder.file("anchor");
  auto board = make("generic", {.anchor_path = path});
  REQUIRE(board);
  auto& anchor = *board->anchor;
  REQUIRE(anchor.write(0, as_bytes("x")));
  struct stat info{};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777U) == 0600U);
  CHECK(static_cast<std::size_t>(info.st_size) == ErasableAnchor::kAnchorBytes);

  REQUIRE(::chmod(path.c_str(), 0640) == 0);
  CHECK(anchor.read(0, 1).error().code == Code::Refused);
  CHECK(anchor.write(0, as_bytes("y")).error().code == Code::Refused);
  for (const std::size_t size : {std::size_t{0}, std::size_t{100}, ErasableAnchor::kAnchorBytes + 1}) {
    REQUIRE(write_file_durably(path, Bytes(size, 1)));
    CHECK(anchor.read(0, 1).error().code == Code::Corrupt);
    CHECK(anchor.write(0, as_bytes("y")).error().code == Code::Corrupt);
  }
  auto nowhere = make("generic", {.anchor_path = folder.path() + "/none/anchor"});
  REQUIRE(nowhere);
  CHECK(nowhere->anchor->write(0, as_bytes("x")).error().code == Code::NotFound);
}

TEST_CASE("a given anchor is overwritten where it is, and never made, renamed, lengthened or cut") {
  const support::TempFolder folder;
  const std::string path = folder.file("chip");
  auto board = make("generic", {.anchor_path = path, .anchor_given = true});
  REQUIRE(board);
  auto& anchor = *board->anchor;
  CHECK(anchor.write(0, as_bytes("x")).error().code == Code::NotFound);
  REQUIRE(write_file_durably(path, Bytes(ErasableAnchor::kAnchorBytes - 1, 0xff)));
  CHECK(anchor.write(0, as_bytes("x")).error().code == Code::Corrupt);

  constexpr std::size_t kChipBytes = 2 * ErasableAnchor::kAnchorBytes;
  REQUIRE(write_file_durably(path, Bytes(kChipBytes, 0xff)));
  struct stat before{};
  struct stat after{};
  REQUIRE(::stat(path.c_str(), &before) == 0);
  REQUIRE(anchor.write(0, as_bytes("secret")));
  CHECK(anchor.write(ErasableAnchor::kAnchorBytes, as_bytes("x")).error().code == Code::BadInput);
  CHECK(anchor.read(0, 6)->text() == "secret");
  REQUIRE(::stat(path.c_str(), &after) == 0);
  CHECK(after.st_ino == before.st_ino);
  const auto whole = read_file(path, kChipBytes);
  REQUIRE(whole);
  CHECK(whole->size() == kChipBytes);
  CHECK(Bytes(whole->begin() + 6, whole->end()) == Bytes(kChipBytes - 6, 0xff));
}

TEST_CASE("an anchor promises what its place can keep") {
  const auto given = [](const char* path) { return make_file_anchor(path, AnchorFile::Given); };
  CHECK(given("/sys/bus/nvmem/devices/1-00570/nvmem")->kind() == "nvmem");
  CHECK(given("/sys/bus/nvmem/devices/1-00570/nvmem")->promise() ==
        "overwritten in place, in a memory chip beside the disk");
  // A plain file may be anywhere, also on flash.
  CHECK(given("/media/stick/anchor")->kind() == "file");
  CHECK(given("/media/stick/anchor")->promise() == "cryptographic, limited by flash");
}

}  // namespace counterfoil::board
