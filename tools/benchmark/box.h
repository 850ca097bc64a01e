// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// A ledger of its own in a folder, as the figures need one. Thread rule: one thread.
#pragma once

#include "base/fd.h"
#include "board/board.h"
#include "board/fake/manual_clock.h"
#include "ledger/ledger.h"

#include <sys/stat.h>

#include <cerrno>
#include <memory>
#include <string>

namespace counterfoil::bench {

constexpr int kReady_ms = 300'000;  // a million people are read in at the start

inline ledger::Retention stops_until_2030(Instant /*now*/) {
  return {"proof", "2030-11"};
}

class Box {
 public:
  static Result<Box> make(const std::string& folder) {
    Box box;
    box.folder_ = folder;
    if (::mkdir(folder.c_str(), 0700) != 0) return errno_error(errno, "cannot make " + folder);
    board::BoardOptions options;
    options.anchor_path = folder + "/anchor";
    CF_TRY(box.board_, board::make("fake", options));
    box.clock_ = std::make_unique<board::ManualClock>();
    CF_CHECK(ledger::Ledger::create(box.options()));
    CF_CHECK(box.open());
    return box;
  }
  Status open(ledger::Timing timing = {}) {
    ledger.reset();
    auto with = options();
    with.timing = timing;
    CF_TRY(ledger, ledger::Ledger::open(with));
    return ledger->wait_ready(kReady_ms);
  }
  [[nodiscard]] const std::string& folder() const { return folder_; }
  [[nodiscard]] const Clock& clock() const { return *clock_; }

 private:
  ledger::Options options() {
    ledger::Options out;
    out.folder = folder_;
    out.origin = "bench.example/box/1";
    out.clock = clock_.get();
    out.anchor = board_.anchor.get();
    out.retention_of_stop = stops_until_2030;
    return out;
  }
  std::string folder_;
  Board board_;
  std::unique_ptr<board::ManualClock> clock_;

 public:
  std::unique_ptr<ledger::Ledger> ledger;  // last: it uses the clock and the board until it is gone
};

}  // namespace counterfoil::bench
