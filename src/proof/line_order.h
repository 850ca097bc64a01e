// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Which lines are missing, swapped, repeated or out of place, told from the numbers that the lines carry.
// Memory: one record per run of lines in order; a hopeless disorder is reported as such. Thread rule: one
// thread at a time.
#pragma once

#include "counterfoil/proof/verify.h"
#include "proof/range_set.h"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace counterfoil::proof {

/// "line 17", "lines 17 and 18", "lines 17 to 19".
std::string lines_text(std::uint64_t first, std::uint64_t last);

class LineOrder {
 public:
  explicit LineOrder(std::uint64_t start) : start_(start), end_(start) {}

  /// The next line says it has this number.
  void known(std::uint64_t seq);
  /// The next line does not say: it is deleted or cannot be read.
  void unknown() { ++end_; }
  /// The number that the next line should have, judging by the one before.
  [[nodiscard]] std::uint64_t expected() const;

  struct Report {
    std::vector<Finding> findings;
    std::set<std::uint64_t> strays;  // positions whose line carries a number it should not
  };
  /// size: what the checkpoint covers, when there is one to believe.
  [[nodiscard]] Report judge(std::optional<std::uint64_t> size) const;

 private:
  struct Run {
    std::uint64_t position;
    std::uint64_t seq;
    std::uint64_t length;
    [[nodiscard]] std::uint64_t position_end() const { return position + length; }
    [[nodiscard]] std::uint64_t seq_end() const { return seq + length; }
  };
  struct Judge;
  std::uint64_t start_;
  std::uint64_t end_;  // position of the next line
  std::vector<Run> runs_;
  bool hopeless_ = false;
};

}  // namespace counterfoil::proof
