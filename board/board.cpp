// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "board/board.h"

#include "board/fake/manual_clock.h"
#include "board/fake/memory_anchor.h"
#include "board/generic/file_anchor.h"
#include "board/generic/system_clock.h"
#include "board/notify.h"

namespace counterfoil::board {
namespace {

// Boards without a light or a button.
class NoLight final : public Light {
 public:
  void show(Show /*what*/) override {}
};
class NoButton final : public Button {
 public:
  int held_ms() override { return 0; }
};

class ServiceWatchdog final : public Watchdog {
 public:
  [[nodiscard]] int interval_ms() const override { return notify_interval_ms(); }
  void alive() override { notify_alive(); }
};

Board bare_board(std::string_view name) {
  Board board;
  board.name = name;
  board.light = std::make_unique<NoLight>();
  board.button = std::make_unique<NoButton>();
  board.watchdog = std::make_unique<ServiceWatchdog>();
  return board;
}

std::unique_ptr<ErasableAnchor> file_anchor(const BoardOptions& options) {
  return make_file_anchor(options.anchor_path, options.anchor_given ? AnchorFile::Given : AnchorFile::Own);
}

Result<Board> make_generic(const BoardOptions& options) {
  if (options.anchor_path.empty())
    return fail(Code::BadInput, "the generic board needs a file for its anchor");
  if (!options.clock_control_path.empty())
    return fail(Code::BadInput, "only the fake board takes its time from a file");
  Board board = bare_board("generic");
  board.clock = make_system_clock(options.clock == ClockWord::Trusted);
  board.anchor = file_anchor(options);
  return board;
}

Result<Board> make_fake(const BoardOptions& options) {
  Board board = bare_board("fake");
  if (options.clock_control_path.empty()) {
    board.clock = std::make_unique<ManualClock>();
  } else {
    CF_TRY(board.clock, make_file_clock(options.clock_control_path));
  }
  board.anchor = options.anchor_path.empty() ? make_memory_anchor() : file_anchor(options);
  return board;
}

}  // namespace

Result<Board> make(std::string_view name, const BoardOptions& options) {
  if (name == "generic") return make_generic(options);
  if (name == "fake") return make_fake(options);
  return fail(Code::NotFound, "there is no board \"" + std::string(name) + "\"; known are generic and fake");
}

}  // namespace counterfoil::board
