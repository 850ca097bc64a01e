// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "base/fd.h"
#include "board/fake/manual_clock.h"
#include "board/generic/system_clock.h"
#include "tests/support/temp_folder.h"

#include <doctest/doctest.h>

#include <ctime>

namespace counterfoil::board {

TEST_CASE("a clock is believed as far as something vouches for it") {
  const Instant now = 1'790'000'000;
  CHECK(judge_clock({now, true, true, true}) == ClockState::Synced);
  CHECK(judge_clock({now, true, false, false}) == ClockState::Synced);
  CHECK(judge_clock({now, false, true, false}) == ClockState::Rtc);
  CHECK(judge_clock({now, false, false, true}) == ClockState::Rtc);
  CHECK(judge_clock({now, false, false, false}) == ClockState::Untrusted);
  // A date before this program existed is wrong, whoever vouches for it.
  CHECK(judge_clock({0, true, true, true}) == ClockState::Untrusted);
  CHECK(judge_clock({kEarliestPlausible - 1, false, true, true}) == ClockState::Untrusted);
  CHECK(judge_clock({kEarliestPlausible, false, true, false}) == ClockState::Rtc);
}

TEST_CASE("the system clock is the machine's") {
  const auto clock = make_system_clock(true);
  CHECK(std::abs(clock->now() - std::time(nullptr)) <= 1);
  const auto first = clock->boot_ms();
  CHECK(first > 0);
  CHECK(clock->boot_ms() >= first);
  CHECK(clock->boot_id().size() == 32);
  CHECK(from_hex(clock->boot_id()));
  CHECK(clock->boot_id() == make_system_clock(false)->boot_id());
  if (clock->now() >= kEarliestPlausible) CHECK(clock->state() != ClockState::Untrusted);
}

TEST_CASE("a manual clock moves only when told") {
  ManualClock clock(1000, ClockState::Rtc);
  CHECK(clock.now() == 1000);
  CHECK(clock.state() == ClockState::Rtc);
  clock.advance(60);
  CHECK(clock.now() == 1060);
  CHECK(clock.boot_ms() == 60'000);
  clock.set(5);
  clock.set_state(ClockState::Untrusted);
  CHECK(clock.now() == 5);
  CHECK(clock.boot_ms() == 60'000);
  CHECK(clock.state() == ClockState::Untrusted);
  const std::string before = clock.boot_id();
  clock.reboot();
  CHECK(clock.boot_ms() == 0);
  CHECK(clock.boot_id() != before);
  CHECK(clock.boot_id().size() == 32);
}

TEST_CASE("a file drives the clock of a running program") {
  const support::TempFolder folder;
  const std::string path = folder.file("clock");
  CHECK(make_file_clock(path).error().code == Code::NotFound);
  REQUIRE(write_file_durably(path, as_bytes("1790000000 synced\n")));
  auto clock = make_file_clock(path);
  REQUIRE(clock);
  CHECK((*clock)->now() == 1'790'000'000);
  CHECK((*clock)->state() == ClockState::Synced);
  REQUIRE(write_file_durably(path, as_bytes("1790003600 untrusted\n")));
  CHECK((*clock)->now() == 1'790'003'600);
  CHECK((*clock)->state() == ClockState::Untrusted);
  for (const char* text : {"", "179", "1790007200 synced", "1790007200 syn\n", "-5 synced\n", "x synced\n",
                           "1790007200  synced\n", "1790007200 synced\n\n"}) {
    CAPTURE(text);
    REQUIRE(write_file_durably(path, as_bytes(text)));
    CHECK((*clock)->now() == 1'790'003'600);  // the last good reading stays
    CHECK(make_file_clock(path).error().code == Code::BadInput);
  }
  CHECK((*clock)->boot_ms() > 0);
  CHECK((*clock)->boot_id().size() == 32);
}

}  // namespace counterfoil::board
