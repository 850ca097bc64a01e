// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// A set of line numbers kept as ranges, so that a million deleted lines in a row cost as much as one.
// Thread rule: value type.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace counterfoil::proof {

class RangeSet {
 public:
  using Range = std::pair<std::uint64_t, std::uint64_t>;  // first, last; both inside

  void add(std::uint64_t first, std::uint64_t last);
  void remove(std::uint64_t first, std::uint64_t last);
  [[nodiscard]] bool empty() const { return ranges_.empty(); }
  [[nodiscard]] bool contains(std::uint64_t first, std::uint64_t last) const;
  [[nodiscard]] std::vector<Range> ranges() const { return {ranges_.begin(), ranges_.end()}; }

 private:
  std::map<std::uint64_t, std::uint64_t> ranges_;  // disjoint, never touching
};

}  // namespace counterfoil::proof
