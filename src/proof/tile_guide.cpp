// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "proof/tile_guide.h"

#include <algorithm>
#include <limits>

namespace counterfoil::proof {
void TileGuide::begin(const Frontier& frontier) {
  frontier_ = frontier;
  position_ = frontier.size();
  own_first_ = position_;
}

void TileGuide::give(std::uint64_t n, std::vector<Hash> hashes) {
  if (hashes.size() > kTileHashes || !tiles_.emplace(n, std::move(hashes)).second) return;
  any_ = true;
  if (frontier_.size() / kTileHashes == n) settle(n, std::numeric_limits<std::uint64_t>::max());
}

// Moves the frontier through tile n as far as its hashes, or else the lines' own, reach.
void TileGuide::settle(std::uint64_t n, std::uint64_t size_max) {
  const std::uint64_t first = n * kTileHashes;
  const auto tile = tiles_.find(n);
  while (frontier_.size() / kTileHashes == n && frontier_.size() < size_max) {
    const std::uint64_t seq = frontier_.size();
    if (tile != tiles_.end()) {
      if (seq - first >= tile->second.size()) return;
      frontier_.push(tile->second[seq - first]);
    } else {
      if (seq < own_first_ || seq - own_first_ >= own_.size()) return;
      frontier_.push(own_[seq - own_first_]);
      blind_.add(seq, seq);
    }
  }
}

void TileGuide::line(const Hash& own) {
  own_.push_back(own);
  if (++position_ % kTileHashes != 0) return;
  const std::uint64_t n = position_ / kTileHashes - 1;
  settle(n, std::numeric_limits<std::uint64_t>::max());
  own_.clear();
  own_first_ = position_;
  // One tile behind is kept for lines that moved a little.
  if (n > 0) tiles_.erase(tiles_.begin(), tiles_.lower_bound(n - 1));
}

std::optional<Hash> TileGuide::at(std::uint64_t seq) const {
  const auto tile = tiles_.find(seq / kTileHashes);
  if (tile == tiles_.end() || seq % kTileHashes >= tile->second.size()) return std::nullopt;
  return tile->second[seq % kTileHashes];
}

void TileGuide::end(std::uint64_t size) {
  while (frontier_.size() < size) {
    const std::uint64_t before = frontier_.size();
    settle(before / kTileHashes, size);
    if (frontier_.size() == before) return;
  }
}

}  // namespace counterfoil::proof
