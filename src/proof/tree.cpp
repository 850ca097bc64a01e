// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "counterfoil/proof/tree.h"

#include "crypto/crypto.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace counterfoil::proof {
namespace {

// Largest power of two below n; n is at least 2.
std::uint64_t split_point(std::uint64_t n) {
  return std::bit_floor(n - 1);
}

// Hash of leaves [begin, end); begin is a multiple of the largest power of two that fits, as in every subtree
// of the tree.
Result<Hash> range_root(std::uint64_t begin, std::uint64_t end, const NodeReader& nodes) {
  const std::uint64_t count = end - begin;
  if (std::has_single_bit(count)) {
    const auto level = static_cast<unsigned>(std::countr_zero(count));
    return nodes(level, begin >> level);
  }
  const std::uint64_t middle = begin + split_point(count);
  CF_TRY(const Hash left, range_root(begin, middle, nodes));
  CF_TRY(const Hash right, range_root(middle, end, nodes));
  return node_hash(left, right);
}

Error no_proof() {
  return fail(Code::Corrupt, "the proof does not lead to the root");
}

}  // namespace

Hash leaf_hash(std::string_view line) {
  Bytes input;
  input.reserve(line.size() + 1);
  input.push_back(0);
  input.insert(input.end(), line.begin(), line.end());
  return crypto::sha256(input);
}

Hash node_hash(const Hash& left, const Hash& right) {
  std::array<std::uint8_t, 65> input{};
  input[0] = 1;
  std::memcpy(input.data() + 1, left.data(), left.size());
  std::memcpy(input.data() + 33, right.data(), right.size());
  return crypto::sha256(input);
}

void Frontier::push(const Hash& leaf) {
  stack_.push_back(leaf);
  ++size_;
  // Each trailing zero of the new size completes one subtree.
  for (std::uint64_t n = size_; (n & 1) == 0; n >>= 1) {
    const Hash right = stack_.back();
    stack_.pop_back();
    stack_.back() = node_hash(stack_.back(), right);
  }
}

Hash Frontier::root() const {
  if (stack_.empty()) return crypto::sha256({});
  Hash root = stack_.back();
  for (std::size_t i = stack_.size() - 1; i-- > 0;) root = node_hash(stack_[i], root);
  return root;
}

Bytes Frontier::bytes() const {
  Bytes out;
  out.reserve(stack_.size() * 32);
  for (const Hash& hash : stack_) out.insert(out.end(), hash.begin(), hash.end());
  return out;
}

Result<Frontier> Frontier::from(std::uint64_t size, ByteView bytes) {
  const auto count = static_cast<std::size_t>(std::popcount(size));
  if (bytes.size() != count * 32) return fail(Code::BadInput, "the frontier does not fit its size");
  Frontier out;
  out.size_ = size;
  for (std::size_t i = 0; i < count; ++i) {
    CF_TRY(const Hash hash, exactly<32>(bytes.subspan(i * 32, 32)));
    out.stack_.push_back(hash);
  }
  return out;
}

Result<std::vector<Hash>> inclusion_proof(std::uint64_t index, std::uint64_t size, const NodeReader& nodes) {
  if (index >= size) return fail(Code::BadInput, "there is no leaf at that index");
  std::vector<Hash> proof;
  std::uint64_t begin = 0;
  std::uint64_t end = size;
  while (end - begin > 1) {
    const std::uint64_t middle = begin + split_point(end - begin);
    if (index < middle) {
      CF_TRY(const Hash sibling, range_root(middle, end, nodes));
      proof.push_back(sibling);
      end = middle;
    } else {
      CF_TRY(const Hash sibling, range_root(begin, middle, nodes));
      proof.push_back(sibling);
      begin = middle;
    }
  }
  std::reverse(proof.begin(), proof.end());
  return proof;
}

Result<std::vector<Hash>> consistency_proof(std::uint64_t old_size, std::uint64_t size,
                                            const NodeReader& nodes) {
  if (old_size == 0 || old_size > size)
    return fail(Code::BadInput, "the old size must be from 1 to the new size");
  std::vector<Hash> proof;
  std::uint64_t begin = 0;
  std::uint64_t end = size;
  while (old_size != end) {
    const std::uint64_t middle = begin + split_point(end - begin);
    if (old_size <= middle) {
      CF_TRY(const Hash sibling, range_root(middle, end, nodes));
      proof.push_back(sibling);
      end = middle;
    } else {
      CF_TRY(const Hash sibling, range_root(begin, middle, nodes));
      proof.push_back(sibling);
      begin = middle;
    }
  }
  // A whole old tree is known to the asker; only a part of it must be sent.
  if (begin != 0) {
    CF_TRY(const Hash part, range_root(begin, end, nodes));
    proof.push_back(part);
  }
  std::reverse(proof.begin(), proof.end());
  return proof;
}

Result<Hash> root_at(std::uint64_t size, const NodeReader& nodes) {
  if (size == 0) return crypto::sha256({});
  return range_root(0, size, nodes);
}

Status verify_inclusion(const Hash& leaf, std::uint64_t index, std::uint64_t size,
                        const std::vector<Hash>& proof, const Hash& root) {
  if (index >= size) return fail(Code::Corrupt, "the index lies outside the tree");
  std::uint64_t fn = index;  // names as in RFC 9162
  std::uint64_t sn = size - 1;
  Hash hash = leaf;
  for (const Hash& sibling : proof) {
    if (sn == 0) return no_proof();
    if ((fn & 1) != 0 || fn == sn) {
      hash = node_hash(sibling, hash);
      while ((fn & 1) == 0 && fn != 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      hash = node_hash(hash, sibling);
    }
    fn >>= 1;
    sn >>= 1;
  }
  if (sn != 0 || hash != root) return no_proof();
  return {};
}

Status verify_consistency(std::uint64_t old_size, std::uint64_t size, const Hash& old_root, const Hash& root,
                          const std::vector<Hash>& proof) {
  if (old_size == 0 || old_size > size)
    return fail(Code::Corrupt, "the old size must be from 1 to the new size");
  if (old_size == size) return proof.empty() && old_root == root ? Status{} : Status(no_proof());
  if (proof.empty()) return no_proof();
  const bool whole = std::has_single_bit(old_size);
  std::size_t next = whole ? 0 : 1;
  Hash old_hash = whole ? old_root : proof.front();
  Hash hash = old_hash;
  std::uint64_t fn = old_size - 1;
  std::uint64_t sn = size - 1;
  while ((fn & 1) != 0) {
    fn >>= 1;
    sn >>= 1;
  }
  for (; next < proof.size(); ++next) {
    const Hash& sibling = proof[next];
    if (sn == 0) return no_proof();
    if ((fn & 1) != 0 || fn == sn) {
      old_hash = node_hash(sibling, old_hash);
      hash = node_hash(sibling, hash);
      while ((fn & 1) == 0 && fn != 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      hash = node_hash(hash, sibling);
    }
    fn >>= 1;
    sn >>= 1;
  }
  if (sn != 0 || old_hash != old_root || hash != root) return no_proof();
  return {};
}

}  // namespace counterfoil::proof
