// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The leaf hashes a bundle brings along (tiles of level 0). Once they lead to the signed root they say which
// line was changed. Where a tile is not given, the lines' own hashes stand in. Memory: a few tiles.
// Thread rule: one thread at a time.
#pragma once

#include "counterfoil/proof/tree.h"
#include "proof/range_set.h"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace counterfoil::proof {

class TileGuide {
 public:
  /// Begins where an earlier, verified check ended.
  void begin(const Frontier& frontier);
  /// Tile n, up to 256 hashes; given once, in order, before its lines.
  void give(std::uint64_t n, std::vector<Hash> hashes);
  /// The next line's own hash.
  void line(const Hash& own);
  /// What the tile says about line seq.
  [[nodiscard]] std::optional<Hash> at(std::uint64_t seq) const;
  /// No more lines; size as signed.
  void end(std::uint64_t size);

  [[nodiscard]] bool any() const { return any_; }
  [[nodiscard]] const Frontier& frontier() const { return frontier_; }
  /// Lines that no tile speaks for.
  [[nodiscard]] const RangeSet& blind() const { return blind_; }

 private:
  void settle(std::uint64_t n, std::uint64_t size_max);
  Frontier frontier_;
  std::map<std::uint64_t, std::vector<Hash>> tiles_;
  std::vector<Hash> own_;        // own hashes of the tile the lines are in
  std::uint64_t own_first_ = 0;  // line of own_[0]
  std::uint64_t position_ = 0;   // next line
  RangeSet blind_;
  bool any_ = false;
};

}  // namespace counterfoil::proof
