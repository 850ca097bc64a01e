// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Disks that are full or cannot be written. Each test mounts a small file system in a name space of its own;
// where the machine does not allow that, it says so and checks nothing.
#include "child.h"
#include "fixture.h"

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

namespace counterfoil::ledger::test {
namespace {

// A file system of so many bytes at the folder, for this process only.
bool mount_small(const std::string& folder, const std::string& size) {
  const int spaces = ::geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER;
  if (::unshare(spaces) != 0) return false;
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
  return ::mount("tmpfs", folder.c_str(), "tmpfs", 0, ("mode=0700,size=" + size).c_str()) == 0;
}

bool remount(const std::string& folder, unsigned long flags, const std::string& size) {
  return ::mount("tmpfs", folder.c_str(), "tmpfs", MS_REMOUNT | flags, ("mode=0700,size=" + size).c_str()) ==
         0;
}

struct DiskBox {
  board::ManualClock clock{kStart};
  std::unique_ptr<ErasableAnchor> anchor = board::make_memory_anchor();
  Options options;
  explicit DiskBox(const std::string& folder)
      : options{.folder = folder,
                .origin = "tres-faroles.example/demo/1",
                .clock = &clock,
                .anchor = anchor.get(),
                .retention_of_stop = [](Instant) { return kProof; }} {}
};

std::string numbered(unsigned i) {
  return "+34" + std::to_string(600'000'000 + i);
}

TEST_CASE("child: full disk" * doctest::skip()) {
  const std::string folder = folder_from_parent();
  if (folder.empty()) return;
  if (!mount_small(folder, "8m")) {
    MESSAGE("no name spaces here: nothing checked");
    return;
  }
  DiskBox box(folder);
  REQUIRE(Ledger::create(box.options));
  std::vector<Opened> acknowledged;
  {
    const auto ledger = Ledger::open(box.options).value();
    REQUIRE(ledger->wait_ready(10'000));
    Status last;
    for (unsigned i = 0; i < 10'000 && last; ++i) {
      auto opened = ledger->open_subject(somebody(numbered(i)), grant(), kYes, true);
      if (opened) {
        acknowledged.push_back(*opened);
      } else {
        last = opened.error();
      }
    }
    REQUIRE_FALSE(last);
    CHECK(last.error().code == Code::DiskFull);
    CHECK(acknowledged.size() > 20);
    CHECK_FALSE(ledger->health().read_only);
    // Still full: it says so again, and everything recorded can be read.
    CHECK(ledger->open_subject(somebody(numbered(0)), grant(), kYes, true).error().code == Code::DiskFull);
    for (const auto& opened : acknowledged) CHECK(ledger->subject(opened.subject));
    CHECK(ledger->verify({}));
    // A stop is the one thing that is never refused: disk was put aside for it.
    CHECK(ledger->health().trouble.find("only stops") != std::string::npos);
    CHECK(ledger->stop({phone(numbered(0))}, stop_of_person(), kProof));
    CHECK(ledger->suppressed(phone(numbered(0))));
  }
  // Closing made room by copying the write-ahead logs back. Without that room the next start says so.
  {
    std::ofstream filler(folder + "/filler");
    while (filler << std::string(1024, 'x') << std::flush) {
    }
  }
  const auto full = Ledger::open(box.options);
  REQUIRE_FALSE(full);
  CHECK(full.error().code == Code::DiskFull);
  std::filesystem::remove(folder + "/filler");
  REQUIRE(remount(folder, 0, "8248k"));
  {
    const auto ledger = Ledger::open(box.options).value();
    REQUIRE(ledger->wait_ready(10'000));
    Status last;
    for (unsigned i = 0; i < 10'000 && last; ++i) {
      if (auto opened = ledger->open_subject(somebody(numbered(30'000 + i)), grant(), kYes, true)) {
        acknowledged.push_back(*opened);
      } else {
        last = opened.error();
      }
    }
    CHECK(last.error().code == Code::DiskFull);
    // Room again: it goes on without a restart.
    REQUIRE(remount(folder, 0, "16m"));
    for (int waited_ms = 0; waited_ms < 10'000 && !ledger->health().trouble.empty(); waited_ms += 50)
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    const auto later = ledger->open_subject(somebody(numbered(20'000)), grant(), kYes, true);
    REQUIRE_MESSAGE(later, (later ? std::string() : later.error().message()));
    acknowledged.push_back(*later);
  }
  const auto ledger = Ledger::open(box.options).value();
  REQUIRE(ledger->wait_ready(10'000));
  const auto verified = ledger->verify({});
  CHECK_MESSAGE(verified, (verified ? std::string() : verified.error().message()));
  for (const auto& opened : acknowledged) CHECK(ledger->subject_by_token(opened.token));
  // Keys whose event found no room are swept; an item goes through the same queue after them.
  REQUIRE(ledger->put_item("after", "sweep", json::Object{}));
  CHECK(ledger->health().subjects == acknowledged.size());
}

TEST_CASE("child: read-only folder" * doctest::skip()) {
  const std::string folder = folder_from_parent();
  if (folder.empty()) return;
  if (!mount_small(folder, "16m")) {
    MESSAGE("no name spaces here: nothing checked");
    return;
  }
  DiskBox box(folder);
  REQUIRE(Ledger::create(box.options));
  REQUIRE(remount(folder, MS_RDONLY, "16m"));
  const auto opened = Ledger::open(box.options);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == Code::Refused);
  MESSAGE(opened.error().message());
  REQUIRE(remount(folder, 0, "16m"));
  const auto ledger = Ledger::open(box.options).value();
  REQUIRE(ledger->wait_ready(10'000));
  CHECK(ledger->verify({}));
}

TEST_CASE("a full disk is said, and harms nothing") {
  const support::TempFolder folder;
  CHECK(Child("child: full disk", folder.path()).wait() == 0);
}

TEST_CASE("a folder that cannot be written is refused, and harmed by nothing") {
  const support::TempFolder folder;
  CHECK(Child("child: read-only folder", folder.path()).wait() == 0);
}

}  // namespace
}  // namespace counterfoil::ledger::test
