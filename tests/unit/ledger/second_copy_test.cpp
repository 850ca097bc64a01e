// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The live copy of keys.db on another disk: /dev/shm is one.
#include "ending.h"

#include <filesystem>

namespace counterfoil::ledger::test {
namespace {

namespace fs = std::filesystem;

struct OtherDisk : support::TempFolder {
  OtherDisk() : TempFolder("/dev/shm") {}
  [[nodiscard]] std::string keys() const { return keys_path(path()); }
};

struct CopiedBox : Box {
  OtherDisk disk;
  [[nodiscard]] Options with_copy(const std::string& to) const {
    Options out = options();
    out.second_copy = to;
    return out;
  }
  void open_with_copy(const std::string& to) {
    auto opened = FileLedger::open(with_copy(to));
    REQUIRE_MESSAGE(opened, (opened ? std::string() : opened.error().message()));
    ledger = *std::move(opened);
    REQUIRE(ledger->wait_ready(60'000));
  }
  Opened opt_in(const char* number) {
    const auto opened = ledger->open_subject(somebody(number), grant(), kYes, false);
    REQUIRE(opened);
    return *opened;
  }
  [[nodiscard]] bool waits_for(const std::function<bool(const Health&)>& wanted) const {
    for (int i = 0; i < 2'000; ++i) {
      if (wanted(ledger->health())) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
  }
  /// Nothing is copied before the start has found every key.
  void wait_for_copy() const {
    REQUIRE(waits_for([](const Health& h) { return h.second_copy.starts_with("second copy 20"); }));
  }
  void lose_keys() {
    ledger.reset();
    // A log that a power cut left belongs to the lost file.
    REQUIRE(write_file_durably(keys_path(folder.path()) + "-wal", Bytes(64, 7)));
    fs::remove(keys_path(folder.path()));
  }
};

}  // namespace

TEST_CASE("a lost keys.db comes back from the second copy, with everybody who was there when it was made") {
  CopiedBox box;
  box.create();
  box.open_with_copy(box.disk.path());
  box.wait_for_copy();
  const auto ana = box.opt_in(kAna);
  box.ledger.reset();  // the end makes one
  REQUIRE(fs::exists(box.disk.keys()));
  CHECK((fs::status(box.disk.keys()).permissions() & fs::perms::others_all) == fs::perms::none);
  CHECK_FALSE(fs::exists(keys_path(box.folder.path()) + ".copy"));

  SUBCASE("nobody came since") {
    box.lose_keys();
    CHECK(Ledger::open(box.options()).error().code == Code::Corrupt);
    REQUIRE(Ledger::put_back_keys(box.folder.path(), box.disk.path()));
    CHECK_FALSE(fs::exists(keys_path(box.folder.path()) + "-wal"));
    box.open();
    CHECK(box.ledger->subject_by_token(ana.token));
    CHECK(box.ledger->health().trouble.empty());
    CHECK(box.ledger->verify({}));
    CHECK(Ledger::put_back_keys(box.folder.path(), box.disk.path()).error().code == Code::Locked);
    box.ledger.reset();
    CHECK(Ledger::put_back_keys(box.folder.path(), box.disk.path()).error().code == Code::Conflict);
  }
  SUBCASE("whoever came later has no yes any more, and the copy stays as it is") {
    box.open();
    const auto bea = box.opt_in(kBea);
    box.lose_keys();
    REQUIRE(Ledger::put_back_keys(box.folder.path(), box.disk.path()));
    const auto copy = read_file(box.disk.keys(), 1'000'000);
    REQUIRE(copy);
    box.open_with_copy(box.disk.path());
    CHECK(
        box.waits_for([](const Health& h) { return h.trouble.find("keys of 1 events") != h.trouble.npos; }));
    CHECK(box.ledger->subject_by_token(ana.token));
    CHECK(box.ledger->subject_by_token(bea.token).error().code == Code::NotFound);
    CHECK(box.ledger->open_subject(somebody(kBea), grant(), kYes, false).error().code == Code::Corrupt);
    box.ledger.reset();
    CHECK(*read_file(box.disk.keys(), 1'000'000) == *copy);
  }
}

TEST_CASE("a second copy of before an erasure opens nothing, the one that the erasure made opens the rest") {
  CopiedBox box;
  box.timing = {.overwrite_after_ms = 0, .rotate_every_ms = 0};
  box.create();
  box.open_with_copy(box.disk.path());
  box.wait_for_copy();
  const auto ana = box.opt_in(kAna);
  const auto bea = box.opt_in(kBea);
  box.ledger.reset();
  const OtherDisk before;
  fs::copy_file(box.disk.keys(), before.keys());
  box.open_with_copy(box.disk.path());
  box.wait_for_copy();
  wait_for(box, erase(box, ana.subject), State::Ended);
  // Made before the old secret went, not by the end.
  const OtherDisk after;
  fs::copy_file(box.disk.keys(), after.keys());

  box.lose_keys();
  REQUIRE(Ledger::put_back_keys(box.folder.path(), before.path()));
  CHECK(Ledger::open(box.options()).error().code == Code::WrongKey);
  fs::remove(keys_path(box.folder.path()));
  REQUIRE(Ledger::put_back_keys(box.folder.path(), after.path()));
  box.open();
  CHECK(box.ledger->subject_by_token(ana.token).error().code == Code::NotFound);
  CHECK(box.ledger->subject_by_token(bea.token));
  CHECK(box.ledger->health().trouble.empty());
}

TEST_CASE("a disk that is not there costs the second copy and nothing else") {
  CopiedBox box;
  box.timing = {.overwrite_after_ms = 0, .rotate_every_ms = 0};
  box.create();
  box.open();
  CHECK(box.ledger->health().second_copy == "no second copy");
  box.ledger.reset();
  const support::TempFolder not_mounted;
  std::string why;
  std::string to;
  SUBCASE("its folder is on the ledger's own disk") {
    to = not_mounted.path();
    why = "is the second one mounted?";
  }
  SUBCASE("it has no folder") {
    to = box.disk.file("none");
    why = "cannot use";
  }
  SUBCASE("it cannot be written") {
    to = box.disk.path();
    fs::create_directory(box.disk.keys());
    why = "cannot replace";
  }
  box.open_with_copy(to);
  CHECK(box.waits_for([&](const Health& h) { return h.trouble.find(why) != h.trouble.npos; }));
  CHECK(box.ledger->health().second_copy.find("none since the start; ") != std::string::npos);
  const auto ana = box.opt_in(kAna);
  wait_for(box, erase(box, ana.subject), State::Ended);
  CHECK_FALSE(fs::exists(keys_path(not_mounted.path())));
}

}  // namespace counterfoil::ledger::test
