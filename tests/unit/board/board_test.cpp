// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "board/board.h"

#include "base/fd.h"
#include "base/limits.h"
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

TEST_CASE("an anchor gives back what was stored last") {
  const support::TempFolder folder;
  for (const std::string& path : {folder.file("anchor"), std::string()}) {
    auto board = make("fake", {.anchor_path = path});
    REQUIRE(board);
    CHECK(board->anchor->load().error().code == Code::NotFound);
    REQUIRE(board->anchor->store(as_bytes("first record")));
    REQUIRE(board->anchor->store(as_bytes("second")));
    CHECK(board->anchor->load()->text() == "second");
    CHECK(board->anchor->store({}).error().code == Code::BadInput);
    CHECK(board->anchor->load()->text() == "second");
  }
  auto again = make("generic", {.anchor_path = folder.file("anchor")});
  REQUIRE(again);
  CHECK(again->anchor->load()->text() == "second");
  CHECK(again->anchor->promise() == "cryptographic, limited by flash");
}

TEST_CASE("the anchor file is the owner's alone and of a length we write") {
  const support::TempFolder folder;
  const std::string path = folder.file("anchor");
  auto board = make("generic", {.anchor_path = path});
  REQUIRE(board);
  REQUIRE(board->anchor->store(Bytes(limits::kAnchorRecordBytesMax, 1)));
  CHECK(board->anchor->load()->view().size() == limits::kAnchorRecordBytesMax);
  struct stat info{};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777U) == 0600U);
  CHECK(board->anchor->store(Bytes(limits::kAnchorRecordBytesMax + 1)).error().code == Code::BadInput);

  REQUIRE(::chmod(path.c_str(), 0640) == 0);
  CHECK(board->anchor->load().error().code == Code::Refused);
  REQUIRE(write_file_durably(path, Bytes(limits::kAnchorRecordBytesMax + 1, 1)));
  CHECK(board->anchor->load().error().code == Code::Corrupt);
  REQUIRE(write_file_durably(path, {}));
  CHECK(board->anchor->load().error().code == Code::Corrupt);
  auto nowhere = make("generic", {.anchor_path = folder.path() + "/none/anchor"});
  REQUIRE(nowhere);
  CHECK(nowhere->anchor->store(as_bytes("x")).error().code == Code::NotFound);
}

}  // namespace counterfoil::board
