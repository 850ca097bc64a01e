// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What a workload asked of a ledger and what it was answered, and when, counted in ops of the disk. Thread
// rule: value types.
#pragma once

#include "ledger/ledger.h"

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

namespace counterfoil::torture {

inline constexpr std::size_t kNever = std::numeric_limits<std::size_t>::max();

/// One call: from asked on it may have done something, from done on the caller had the word that it is done.
struct Call {
  std::size_t asked = kNever;
  std::size_t done = kNever;
  [[nodiscard]] bool may_hold(std::size_t point) const { return asked <= point; }
  [[nodiscard]] bool must_hold(std::size_t point) const { return done <= point; }
};

struct Event {
  consent::EventType type;
  Call call;
  consent::Seq seq{};
};

struct Person {
  std::string number;
  bool due_early = false;  // their one event goes with the sweep
  ledger::Opened opened{};
  std::vector<Event> events{};  // the first one is the yes
  Call stopped{};
  Call gone{};              // erased, or swept
  std::int64_t ending = 0;  // the number of that
  [[nodiscard]] const Call& yes() const { return events.front().call; }
};

struct Item {
  std::string id;
  Call put{};
  Call removed{};
};

struct Note {
  std::string text;
  std::size_t done;
};

struct Journal {
  Call created;
  std::vector<Person> people;
  std::vector<std::pair<std::string, Call>> stops;  // by numbers that nobody has
  std::vector<Item> items;
  Call log_key;             // another key signs the log
  std::vector<Note> notes;  // signed checkpoints that were handed out
  std::vector<Hash> leaves;
  std::vector<std::pair<std::size_t, Instant>> clock;  // from this op on
  Bytes spill;  // what the run left in the spill file, which is no database and stands on the real disk
};

inline std::string spill_path(const std::string& folder) {
  return folder + "/spill";
}

}  // namespace counterfoil::torture
