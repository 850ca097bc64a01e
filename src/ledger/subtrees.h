// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Hashes of complete subtrees, from what is stored (leaf hashes and roots of 256, 65,536, … leaves); the
// levels between are computed from the last row of 256 that was read. Thread rule: one thread at a time.
#pragma once

#include "ledger/reader.h"

#include <optional>
#include <vector>

namespace counterfoil::ledger {

class Subtrees {
 public:
  /// With a reader of one's own, or with a pool to lend one for each reading.
  explicit Subtrees(Reader& reader) : reader_(&reader) {}
  explicit Subtrees(ReaderPool& pool) : pool_(&pool) {}

  /// Root of the n-th complete subtree with 2^level leaves. Fails with BadInput when it is not complete.
  Result<Hash> at(unsigned level, std::uint64_t n);

 private:
  Result<std::vector<Hash>> row(Reader& reader, unsigned base, std::uint64_t tile);

  Reader* reader_ = nullptr;
  ReaderPool* pool_ = nullptr;
  // The row of up to 256 hashes of level base_ that was read last, and the levels above it.
  unsigned base_ = 0;
  std::optional<std::uint64_t> tile_;
  std::vector<std::vector<Hash>> levels_;
};

}  // namespace counterfoil::ledger
