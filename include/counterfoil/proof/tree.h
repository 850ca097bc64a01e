// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The Merkle tree of RFC 9162 section 2.1 over SHA-256. Thread rule: value types; readers as they say.
#pragma once

#include "counterfoil/base/bytes.h"
#include "counterfoil/base/result.h"

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace counterfoil::proof {

/// Leaf hashes travel in tiles: the rows of complete subtrees of this many levels.
inline constexpr unsigned kTileLevels = 8;
inline constexpr std::uint64_t kTileHashes = std::uint64_t{1} << kTileLevels;

/// SHA-256(0x00 || line).
Hash leaf_hash(std::string_view line);
/// SHA-256(0x01 || left || right).
Hash node_hash(const Hash& left, const Hash& right);

/// The right edge of a tree: enough to append and to know the root. At most 64 hashes.
class Frontier {
 public:
  void push(const Hash& leaf);
  [[nodiscard]] std::uint64_t size() const { return size_; }
  /// Root of the tree so far; SHA-256 of nothing for size 0.
  [[nodiscard]] Hash root() const;
  /// Roots of the complete subtrees, largest first, 32 bytes each; their number is the popcount of size.
  [[nodiscard]] Bytes bytes() const;
  static Result<Frontier> from(std::uint64_t size, ByteView bytes);
  bool operator==(const Frontier&) const = default;

 private:
  std::uint64_t size_ = 0;
  std::vector<Hash> stack_;
};

/// Hash of the complete subtree with 2^level leaves, the n-th of its level; asked for complete subtrees only.
using NodeReader = std::function<Result<Hash>(unsigned level, std::uint64_t n)>;

/// RFC 9162 section 2.1.3.1. Fails with BadInput unless index < size.
Result<std::vector<Hash>> inclusion_proof(std::uint64_t index, std::uint64_t size, const NodeReader& nodes);
/// RFC 9162 section 2.1.4.1. Fails with BadInput unless 0 < old_size <= size.
Result<std::vector<Hash>> consistency_proof(std::uint64_t old_size, std::uint64_t size,
                                            const NodeReader& nodes);
/// Root of the first size leaves.
Result<Hash> root_at(std::uint64_t size, const NodeReader& nodes);

/// RFC 9162 section 2.1.3.2. Fails with Corrupt when the proof does not lead to the root.
Status verify_inclusion(const Hash& leaf, std::uint64_t index, std::uint64_t size,
                        const std::vector<Hash>& proof, const Hash& root);
/// RFC 9162 section 2.1.4.2.
Status verify_consistency(std::uint64_t old_size, std::uint64_t size, const Hash& old_root, const Hash& root,
                          const std::vector<Hash>& proof);

}  // namespace counterfoil::proof
