// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// A figure is a ratio to a floor measured in the same run; the table and the JSON are made from the same
// rows. Thread rule: one thread.
#pragma once

#include "counterfoil/base/canonical_json.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace counterfoil::bench {

struct Figure {
  std::string name;
  double value = 0;  // measured
  double floor = 0;  // measured in the same run; 0: the figure stands for itself against its goal
  std::string unit;
  double ratio_goal = 0;  // value / floor shall be at least this …
  bool at_most = false;   // … or at most, when smaller is better
  double goal = 0;        // without a floor: the budget for the value itself
  [[nodiscard]] double ratio() const { return floor == 0 ? 0 : value / floor; }
  [[nodiscard]] bool holds() const;
};

class Report {
 public:
  void add(Figure figure);
  void fact(std::string name, std::string value) { facts_.emplace_back(std::move(name), std::move(value)); }
  [[nodiscard]] bool holds() const;
  [[nodiscard]] std::string table() const;
  [[nodiscard]] Result<std::string> json() const;

 private:
  std::vector<Figure> figures_;
  std::vector<std::pair<std::string, std::string>> facts_;
};

struct Options {
  bool full = false;              // a million events instead of a hundred thousand
  std::string folder;             // scratch
  std::vector<std::string> only;  // append, bytes, pull, erase, memory, scrub, tls; empty: all
  [[nodiscard]] bool wants(std::string_view figure) const {
    return only.empty() || std::find(only.begin(), only.end(), figure) != only.end();
  }
};

/// Lets so many invented people say yes in an existing data folder that no daemon uses, so that the budgets
/// of a whole daemon can be measured on it.
Status enrol(const std::string& folder, const std::string& anchor, std::uint64_t people);

Status bench_ledger(const Options& options, Report& report);
Status bench_scrub(const Options& options, Report& report);
Status bench_tls(const Options& options, Report& report);

/// Seconds of the monotonic clock.
double wall_s();
/// CPU seconds of this process so far, all threads.
double process_cpu_s();
/// A number of "/proc/self/…": for example ("io", "write_bytes:").
std::uint64_t proc_self(const std::string& file, const std::string& key);

}  // namespace counterfoil::bench
