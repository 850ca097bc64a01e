// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// A ledger in a folder of its own, with a clock that stands where the test puts it. Thread rule: one thread.
#pragma once

#include "board/fake/manual_clock.h"
#include "board/fake/memory_anchor.h"
#include "ledger/file_ledger.h"
#include "tests/support/people.h"
#include "tests/support/temp_folder.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>

namespace counterfoil::ledger::test {

inline constexpr const char* kAna = "+34600000001";
inline constexpr const char* kBea = "+34600000002";

struct Box {
  support::TempFolder folder;
  board::ManualClock clock{kStart};
  std::unique_ptr<ErasableAnchor> anchor = board::make_memory_anchor();
  std::unique_ptr<FileLedger> ledger;
  Timing timing{};

  [[nodiscard]] Options options() const {
    return {.folder = folder.path(),
            .origin = "tres-faroles.example/demo/1",
            .clock = &clock,
            .anchor = anchor.get(),
            .timing = timing,
            .retention_of_stop = [](Instant) { return kProof; }};
  }
  void create() {
    const auto status = Ledger::create(options());
    REQUIRE_MESSAGE(status, (status ? std::string() : status.error().message()));
  }
  void open() {
    auto opened = FileLedger::open(options());
    REQUIRE_MESSAGE(opened, (opened ? std::string() : opened.error().message()));
    ledger = *std::move(opened);
    REQUIRE(ledger->wait_ready(60'000));
  }
  /// That keys.db is in.
  [[nodiscard]] std::uint64_t anchor_epoch() const {
    auto keys = store::Database::open(keys_path(folder.path()), {.read_only = true});
    REQUIRE(keys);
    return stored_epoch(*keys).value();
  }
  void reopen() {
    ledger.reset();
    open();
  }
};

/// A new folder with an open ledger in it.
inline std::unique_ptr<Box> new_box() {
  auto out = std::make_unique<Box>();
  out->create();
  out->open();
  return out;
}

}  // namespace counterfoil::ledger::test
