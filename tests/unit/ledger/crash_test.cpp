// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// kill -9 while many callers write: whatever was acknowledged is there afterwards, and the log verifies.
#include "base/fd.h"
#include "board/board.h"
#include "child.h"
#include "fixture.h"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <random>
#include <sstream>
#include <thread>

namespace counterfoil::ledger::test {
namespace {

constexpr int kCrashRounds = 10;
constexpr unsigned kCrashCallers = 8;

board::BoardOptions board_options(const std::string& folder) {
  board::BoardOptions out;
  out.anchor_path = folder + "/anchor";
  return out;
}

Options ledger_options(const std::string& folder, const Board& board) {
  return {.folder = folder + "/data",
          .origin = "tres-faroles.example/demo/1",
          .clock = board.clock.get(),
          .anchor = board.anchor.get(),
          .retention_of_stop = [](Instant) { return kProof; }};
}

// Until a dozen more lines are there: however slow the machine is, the kill comes in the midst of work.
void wait_for_growth(const std::string& path) {
  constexpr std::uintmax_t kGrowth_bytes = 500;
  std::error_code ignored;
  const auto size = [&] {
    return std::filesystem::exists(path) ? std::filesystem::file_size(path, ignored) : 0;
  };
  const auto before = size();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (size() < before + kGrowth_bytes && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

// Lives until it is killed; every acknowledged token is one line of the file "acknowledged".
TEST_CASE("child: opt in until killed" * doctest::skip()) {
  const std::string folder = folder_from_parent();
  if (folder.empty()) return;
  const auto board = board::make("fake", board_options(folder)).value();
  const auto ledger = Ledger::open(ledger_options(folder, board)).value();
  const Fd out(::open((folder + "/acknowledged").c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
  std::vector<std::thread> threads;
  for (unsigned k = 0; k < kCrashCallers; ++k) {
    threads.emplace_back([&, k] {
      for (unsigned i = 0;; ++i) {
        const auto number = "+346" + std::to_string(10'000'000 + k * 1'000'000 + i);
        const auto opened = ledger->open_subject(somebody(number), grant(), kYes, true);
        if (!opened) continue;
        std::string line = opened->token + " " + number + "\n";
        if (i % 3 == 0 && ledger->stop({phone(number)}, stop_of_person(), kProof))
          line += opened->token + " " + number + " stopped\n";
        if (::write(out.get(), line.data(), line.size()) < 0) return;
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

TEST_CASE("what was acknowledged survives kill -9, ten times over") {
  const support::TempFolder folder;
  REQUIRE(std::filesystem::create_directory(folder.file("data")));
  std::filesystem::permissions(folder.file("data"), std::filesystem::perms::owner_all);
  {
    const auto board = board::make("fake", board_options(folder.path())).value();
    REQUIRE(Ledger::create(ledger_options(folder.path(), board)));
  }
  std::minstd_rand random(20'261'122);
  std::size_t acknowledged = 0;
  for (int round = 0; round < kCrashRounds; ++round) {
    {
      Child child("child: opt in until killed", folder.path());
      wait_for_growth(folder.file("acknowledged"));
      std::this_thread::sleep_for(std::chrono::milliseconds(random() % 200));
      child.kill();
      CHECK(child.wait() == -1);
    }
    const auto board = board::make("fake", board_options(folder.path())).value();
    const auto opened = Ledger::open(ledger_options(folder.path(), board));
    REQUIRE_MESSAGE(opened, (opened ? std::string() : opened.error().message()));
    Ledger& ledger = **opened;
    REQUIRE(ledger.wait_ready(60'000));
    // A number that was stopped in an earlier round is stopped by its tag; its newest chain says so from
    // here.
    const auto note = ledger.checkpoint();
    REQUIRE_MESSAGE(note, (note ? std::string() : note.error().message()));
    const auto verified = ledger.verify({});
    REQUIRE_MESSAGE(verified, (verified ? std::string() : verified.error().message()));
    CHECK_FALSE(ledger.health().read_only);
    REQUIRE((*opened)->checkpoint());  // by then a stop stands in every chain that it concerns
    const auto text = read_file(folder.file("acknowledged"), 1U << 24U);
    if (!text) continue;  // killed before the first one
    std::istringstream lines{std::string(as_text(*text))};
    acknowledged = 0;
    for (std::string line; std::getline(lines, line); ++acknowledged) {
      std::istringstream words(line);
      std::string token, number, stopped;
      words >> token >> number >> stopped;
      const auto subject = ledger.subject_by_token(token);
      REQUIRE(subject);
      REQUIRE_FALSE(subject->state.damaged);
      REQUIRE(ledger.person(phone(number))->subjects.size() >= 1);
      if (!stopped.empty()) REQUIRE((subject->state.stop && ledger.suppressed(phone(number))));
    }
  }
  MESSAGE("acknowledged events checked in the last round: " << acknowledged);
  CHECK(acknowledged > 100);
}

}  // namespace
}  // namespace counterfoil::ledger::test
