// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The power is cut ten thousand times, and nobody who was told anything is lost. Boxes that would lose
// somebody are caught by the same checks.
#include "tests/torture/torture.h"

#include "base/log.h"
#include "tests/support/temp_folder.h"
#include "tests/torture/faults.h"
#include "tests/torture/power_cut.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>
#include <optional>

namespace counterfoil::torture {
namespace {

constexpr std::uint64_t kSeed = 1;

Tally torture(Campaign campaign) {
  log::start(log::Level::Error);
  campaign.seed = kSeed;
  const support::TempFolder folder(kMemoryFolder);
  return run(campaign, folder.path());
}

std::string words_of(const Failure& failure) {
  std::string out = failure.where;
  for (const auto& wrong : failure.wrongs) out += "\n  " + wrong;
  return out;
}

/// How many of the failures that were kept say one of these.
std::ptrdiff_t saying(const Tally& tally, std::initializer_list<std::string_view> words) {
  return std::count_if(tally.failures.begin(), tally.failures.end(), [&](const Failure& failure) {
    const std::string text = words_of(failure);
    return std::any_of(words.begin(), words.end(),
                       [&](std::string_view word) { return text.find(word) != text.npos; });
  });
}

TEST_CASE("after any of 10,000 power cuts all that was acknowledged is there, and nothing false") {
  const Tally tally = torture({.images = 10'000});
  for (const Failure& failure : tally.failures) FAIL_CHECK(words_of(failure));
  CHECK(tally.failed == 0);
  CHECK(tally.images == 10'000);
  CHECK(tally.second_cuts > 1'000);
  MESSAGE(tally.images << " images, " << tally.distinct << " distinct, " << tally.second_cuts
                       << " of them cut again, of " << tally.workloads << " workloads with " << tally.points
                       << " points");
}

TEST_CASE("commits that are not synced are caught") {
  const Tally tally = torture({.images = 300, .syncs = CrashVfs::Syncs::Normal});
  CHECK(tally.failed > 30);
  CHECK(saying(tally, {"lost", "shorter than a checkpoint"}) > 0);
}

TEST_CASE("a disk that says ok and keeps nothing is caught") {
  const Tally tally = torture({.images = 300, .spoil = [](CrashDisk& disk) { disk.lie_about(""); }});
  CHECK(tally.failed > 100);
  CHECK(saying(tally, {"lost", "does not open", "cannot be done again"}) > 0);
}

// It loses the last of what it was told, or all of it since the lie. One that loses the middle can tear any
// single copy of anything.
TEST_CASE("a disk that lies between the commit of new keys and the end of the old ones loses nobody") {
  const Tally tally = torture({.images = 1'000,
                               .images_per_workload = 500,
                               .days = Days::Erasure,
                               .keeps = {Keep::Nothing, Keep::Beginning, Keep::Torn, Keep::Everything},
                               .spoil = [](CrashDisk& disk) { disk.lie_in_rotation("keys.db"); }});
  for (const Failure& failure : tally.failures) FAIL_CHECK(words_of(failure));
  CHECK(tally.failed == 0);
}

TEST_CASE("an event that is durable before its key is caught") {
  const Tally tally = torture(
      {.images = 1'200, .spoil = [](CrashDisk& disk) { disk.delay("keys.db-wal", "ledger.db-wal"); }});
  CHECK(tally.failed > 10);
  CHECK(saying(tally, {"the keys of", "damaged", "does not decrypt"}) > 0);
}

void fail_in_turn(std::size_t every) {
  log::start(log::Level::Error);
  const support::TempFolder folder(kMemoryFolder);
  const Tally tally = run_faults({.seed = kSeed, .every = every}, folder.path());
  for (const Failure& failure : tally.failures) FAIL_CHECK(words_of(failure));
  CHECK(tally.failed == 0);
  MESSAGE(tally.workloads << " faults, " << tally.images << " images judged");
}

TEST_CASE("no write, sync or removal that fails makes a false ok") {
  fail_in_turn(7);
}

/// Opens what is left when each op of a put fails in its turn, and demands that it is as promised.
void after_each_failed_put(std::optional<Image> (*left_by)(const std::string& folder, std::size_t failing),
                           bool (*as_promised)(const ledger::FileLedger&)) {
  log::start(log::Level::Error);
  const support::TempFolder folder(kMemoryFolder);
  std::size_t failed = 0;
  for (std::size_t failing = 0; failing < 12; ++failing) {
    const auto left = left_by(folder.path(), failing);
    if (!left) continue;
    ++failed;
    CrashDisk disk{*left};
    CrashAnchor anchor(disk);
    const board::ManualClock clock;
    const CrashVfs vfs(disk, folder.path());
    const auto opened = ledger::FileLedger::open(options_of(folder.path(), clock, anchor));
    REQUIRE(opened);
    CHECK_MESSAGE(as_promised(**opened), "the put failed at its op " << failing);
  }
  CHECK(failed >= 3);  // two frames and their sync
}

/// What the disk holds after a put that failed at its op with this number and a removal that said ok; nothing
/// when the put went well.
std::optional<Image> removed_after_failed_put(const std::string& folder, std::size_t failing) {
  CrashDisk disk{Image()};
  CrashAnchor anchor(disk);
  const board::ManualClock clock;
  const auto options = options_of(folder, clock, anchor);
  const CrashVfs vfs(disk, folder);
  REQUIRE(ledger::Ledger::create(options));
  const auto opened = ledger::FileLedger::open(options);
  REQUIRE(opened);
  REQUIRE((*opened)->wait_ready(10'000));
  disk.set_fault({.at = disk.position() + failing, .error = EIO});
  if ((*opened)->put_item("link", "caja", json::Object{})) return std::nullopt;
  REQUIRE((*opened)->remove_item("link", "caja"));
  return disk.seen();
}

TEST_CASE("an item that was removed stays away, whatever became of its put") {
  after_each_failed_put(removed_after_failed_put, [](const ledger::FileLedger& ledger) {
    const auto found = ledger.item("link", "caja");
    return !found && found.error().code == Code::NotFound;
  });
}

/// What a power cut leaves of an item that was put after the program was killed and started again, because a
/// put before had failed at its op with this number; nothing when that one went well.
std::optional<Image> put_after_failed_put(const std::string& folder, std::size_t failing) {
  CrashDisk disk{Image()};
  CrashAnchor anchor(disk);
  const board::ManualClock clock;
  const auto options = options_of(folder, clock, anchor);
  {
    const CrashVfs vfs(disk, folder);
    REQUIRE(ledger::Ledger::create(options));
    auto opened = ledger::FileLedger::open(options);
    REQUIRE((opened && (*opened)->wait_ready(10'000)));
    disk.set_fault({.at = disk.position() + failing, .error = EIO});
    const bool went_well = (*opened)->put_item("link", "caja", json::Object{}).has_value();
    disk.set_fault({});
    disk.set_dead(true);
    opened->reset();
    if (went_well) return std::nullopt;
    disk.set_dead(false);
    opened = ledger::FileLedger::open(options);
    REQUIRE((opened && (*opened)->wait_ready(10'000)));
    REQUIRE((*opened)->put_item("link", "bar", json::Object{}));
    disk.set_dead(true);
  }
  const Recording recording = disk.take_recording();
  PowerCut cut(recording);
  cut.advance_to(recording.ops.size());
  Random random(failing);
  return cut.image(Keep::Nothing, random);
}

TEST_CASE("what a start finds in a log whose sync failed is made durable before anything comes after it") {
  after_each_failed_put(put_after_failed_put, [](const ledger::FileLedger& ledger) {
    return ledger.item("link", "bar").has_value();
  });
}

TEST_CASE("every op fails in turn, in every way" * doctest::skip()) {
  fail_in_turn(1);
}

}  // namespace
}  // namespace counterfoil::torture
