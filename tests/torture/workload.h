// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Some days of a small shop on one ledger, in an order that the seed decides: set-up, yeses one by one and
// several at once, a list in one call, codes, withdrawals, stops, erasures, a sweep of what is due, items,
// checkpoints, restarts. Every answer goes into a journal. Thread rule: one thread.
#pragma once

#include "board/fake/manual_clock.h"
#include "ledger/file_ledger.h"
#include "tests/torture/crash_disk.h"
#include "tests/torture/journal.h"
#include "tests/torture/power_cut.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace counterfoil::torture {

enum class Days {
  Many,
  Few,      // every kind of call once: for faults, which are tried one op after the other
  Erasure,  // some people, and one who goes
};

ledger::Options options_of(const std::string& folder, const Clock& clock, ErasableAnchor& anchor);

class Workload {
 public:
  Workload(CrashDisk& disk, std::string folder, Days days, std::uint64_t seed);
  /// Calls that fail stay in the journal as asked.
  Journal run();

 private:
  void set_up();
  bool open();
  void restart();
  std::vector<std::function<void()>> steps(Days days);

  void opt_in(bool due_early);
  void opt_in_together();
  void open_list();
  void confirm();
  void withdraw();
  void stop_by_link();
  void stop_by_number();
  void stop_unknown();
  void erase(bool wait);
  void erase_among_others();
  void sweep();
  void put_item();
  void remove_item();
  void change_log_key();
  void checkpoint();

  std::size_t add_person(bool due_early);
  void ask_yes(Person& person);
  void ask_erasure(Person& person);
  Person* anybody();
  void record(Person& person, consent::EventType type, std::size_t asked,
              const Result<ledger::Committed>& answer);
  void wait_for_end(std::int64_t ending) const;
  void learn_leaves();

  CrashDisk& disk_;
  CrashAnchor anchor_;
  const std::string folder_;
  const Days days_;
  Random random_;
  board::ManualClock clock_;
  std::unique_ptr<ledger::FileLedger> ledger_;
  Journal journal_;
};

}  // namespace counterfoil::torture
