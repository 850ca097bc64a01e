// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "ledger/subtrees.h"

#include "counterfoil/proof/tree.h"

namespace counterfoil::ledger {
namespace {

constexpr unsigned kRowLevels = 8;
constexpr std::uint64_t kRowHashes = std::uint64_t{1} << kRowLevels;

std::vector<std::vector<Hash>> levels_of(std::vector<Hash> row) {
  std::vector<std::vector<Hash>> out = {std::move(row)};
  while (out.size() <= kRowLevels && out.back().size() > 1) {
    std::vector<Hash> above;
    for (std::size_t i = 0; i + 1 < out.back().size(); i += 2)
      above.push_back(proof::node_hash(out.back()[i], out.back()[i + 1]));
    out.push_back(std::move(above));
  }
  return out;
}

}  // namespace

Result<std::vector<Hash>> Subtrees::row(Reader& reader, unsigned base, std::uint64_t tile) {
  if (base == 0) return reader.leaf_hashes(tile * kRowHashes, (tile + 1) * kRowHashes);
  std::vector<Hash> out;
  for (std::uint64_t n = tile * kRowHashes; n < (tile + 1) * kRowHashes; ++n) {
    auto hash = reader.node(base, n);
    if (!hash && hash.error().code == Code::NotFound) break;
    if (!hash) return hash.error();
    out.push_back(*hash);
  }
  return out;
}

Result<Hash> Subtrees::at(unsigned level, std::uint64_t n) {
  if (level > 56) return fail(Code::BadInput, "no tree is that high");
  const unsigned base = level / kRowLevels * kRowLevels;
  const unsigned above = level - base;
  const std::uint64_t tile = n >> (kRowLevels - above);
  const std::uint64_t inside = n - (tile << (kRowLevels - above));
  const bool kept =
      tile_ == tile && base_ == base && above < levels_.size() && inside < levels_[above].size();
  if (!kept) {
    if (pool_ != nullptr) {
      CF_TRY(auto lease, pool_->lease());
      CF_TRY(auto hashes, row(*lease, base, tile));
      levels_ = levels_of(std::move(hashes));
    } else {
      CF_TRY(auto hashes, row(*reader_, base, tile));
      levels_ = levels_of(std::move(hashes));
    }
    base_ = base;
    tile_ = tile;
  }
  if (above >= levels_.size() || inside >= levels_[above].size())
    return fail(Code::BadInput, "that subtree is not complete");
  return levels_[above][inside];
}

}  // namespace counterfoil::ledger
