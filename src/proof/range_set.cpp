// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "proof/range_set.h"

#include <algorithm>

namespace counterfoil::proof {

void RangeSet::add(std::uint64_t first, std::uint64_t last) {
  auto it = ranges_.upper_bound(first);
  if (it != ranges_.begin()) {
    const auto before = std::prev(it);
    if (before->second + 1 >= first) {
      first = before->first;
      last = std::max(last, before->second);
      ranges_.erase(before);
    }
  }
  while (it != ranges_.end() && it->first <= last + 1) {
    last = std::max(last, it->second);
    it = ranges_.erase(it);
  }
  ranges_.emplace(first, last);
}

void RangeSet::remove(std::uint64_t first, std::uint64_t last) {
  auto it = ranges_.upper_bound(first);
  if (it != ranges_.begin()) --it;
  while (it != ranges_.end() && it->first <= last) {
    const Range range = *it;
    if (range.second < first) {
      ++it;
      continue;
    }
    it = ranges_.erase(it);
    if (range.first < first) ranges_.emplace(range.first, first - 1);
    if (range.second > last) ranges_.emplace(last + 1, range.second);
  }
}

bool RangeSet::contains(std::uint64_t first, std::uint64_t last) const {
  const auto it = ranges_.upper_bound(first);
  return it != ranges_.begin() && std::prev(it)->second >= last;
}

}  // namespace counterfoil::proof
