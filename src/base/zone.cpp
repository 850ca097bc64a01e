// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "counterfoil/base/zone.h"

#include <algorithm>

namespace counterfoil {
namespace {

auto first_after(const Zone& zone, Instant t) {
  return std::upper_bound(zone.changes.begin(), zone.changes.end(), t,
                          [](Instant a, const Zone::Change& change) { return a < change.from; });
}

}  // namespace

int Zone::offset_at(Instant t) const {
  const auto next = first_after(*this, t);
  return next == changes.begin() ? changes.front().offset_s : std::prev(next)->offset_s;
}

Instant Zone::next_change(Instant t) const {
  const auto next = first_after(*this, t);
  return next == changes.end() ? kNever : next->from;
}

LocalDay Zone::day_at(Instant t) const {
  const Instant wall = local(t);
  return wall >= 0 ? wall / kDay_s : -((kDay_s - 1 - wall) / kDay_s);
}

}  // namespace counterfoil
