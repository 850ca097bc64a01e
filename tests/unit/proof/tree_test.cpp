// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "counterfoil/proof/tree.h"

#include "crypto/crypto.h"
#include "log_maker.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <map>

namespace counterfoil::proof {

namespace {

constexpr std::uint64_t kSizeMax = 257;

std::vector<Hash> test_leaves(std::uint64_t n) {
  std::vector<Hash> out;
  for (std::uint64_t i = 0; i < n; ++i) out.push_back(leaf_hash("leaf " + std::to_string(i)));
  return out;
}

// One hash of a proof and the side it stands on.
struct Step {
  Hash hash;
  bool on_the_left;
  bool operator==(const Step&) const = default;
};

// MTH, PATH and SUBPROOF exactly as RFC 9162 section 2.1 writes them.
class Rfc9162 {
 public:
  explicit Rfc9162(std::vector<Hash> leaves) : d_(std::move(leaves)) {}

  Hash root(std::uint64_t begin, std::uint64_t end) {
    if (begin == end) return counterfoil::crypto::sha256({});
    if (end - begin == 1) return d_[begin];
    const auto known = roots_.find({begin, end});  // every pair of trees asks for the same subtrees
    if (known != roots_.end()) return known->second;
    const std::uint64_t k = std::bit_floor(end - begin - 1);
    return roots_[{begin, end}] = node_hash(root(begin, begin + k), root(begin + k, end));
  }

  std::vector<Step> path(std::uint64_t m, std::uint64_t begin, std::uint64_t end) {
    if (end - begin == 1) return {};
    const std::uint64_t k = std::bit_floor(end - begin - 1);
    auto out = m < k ? path(m, begin, begin + k) : path(m - k, begin + k, end);
    out.push_back(m < k ? Step{root(begin + k, end), false} : Step{root(begin, begin + k), true});
    return out;
  }

  std::vector<Step> subproof(std::uint64_t m, std::uint64_t begin, std::uint64_t end, bool whole) {
    if (m == end - begin && whole) return {};
    if (m == end - begin) return {Step{root(begin, end), false}};
    const std::uint64_t k = std::bit_floor(end - begin - 1);
    auto out = m <= k ? subproof(m, begin, begin + k, whole) : subproof(m - k, begin + k, end, false);
    out.push_back(m <= k ? Step{root(begin + k, end), false} : Step{root(begin, begin + k), true});
    return out;
  }

 private:
  std::vector<Hash> d_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, Hash> roots_;
};

std::vector<Hash> hashes_of(const std::vector<Step>& steps) {
  std::vector<Hash> out;
  for (const Step& step : steps) out.push_back(step.hash);
  return out;
}

bool same_turns(const std::vector<Step>& a, const std::vector<Step>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Step& x, const Step& y) { return x.on_the_left == y.on_the_left; });
}

// Every way to bend a proof by one hash.
std::vector<std::vector<Hash>> bent(const std::vector<Hash>& proof) {
  std::vector<std::vector<Hash>> out;
  for (std::size_t i = 0; i < proof.size(); ++i) {
    auto flipped = proof;
    flipped[i][i % 32] ^= 1;
    out.push_back(flipped);
    auto dropped = proof;
    dropped.erase(dropped.begin() + static_cast<std::ptrdiff_t>(i));
    out.push_back(dropped);
    auto doubled = proof;
    doubled.insert(doubled.begin() + static_cast<std::ptrdiff_t>(i), proof[i]);
    out.push_back(doubled);
    if (i > 0) {
      auto swapped = proof;
      std::swap(swapped[i], swapped[i - 1]);
      out.push_back(swapped);
    }
  }
  auto longer = proof;
  longer.push_back(Hash{});
  out.push_back(longer);
  return out;
}

}  // namespace

TEST_CASE("frontier, node reader and recursion agree on every size up to 257") {
  const auto leaves = test_leaves(kSizeMax);
  const NodeReader nodes = testing::nodes_of(leaves);
  Rfc9162 rfc(leaves);
  Frontier f;
  for (std::uint64_t n = 0; n <= kSizeMax; ++n) {
    const Hash root = rfc.root(0, n);
    REQUIRE(f.root() == root);
    REQUIRE(*root_at(n, nodes) == root);
    REQUIRE(f.bytes().size() == 32U * static_cast<unsigned>(std::popcount(n)));
    REQUIRE(*Frontier::from(n, f.bytes()) == f);
    if (n < kSizeMax) f.push(leaves[n]);
  }
  CHECK_FALSE(Frontier::from(3, counterfoil::Bytes(32)));
  CHECK_FALSE(Frontier::from(4, counterfoil::Bytes(33)));
}

TEST_CASE("inclusion proofs of every leaf of every tree up to 257 are the RFC's, and bent ones are refused") {
  const auto leaves = test_leaves(kSizeMax + 1);
  const NodeReader nodes = testing::nodes_of(leaves);
  Rfc9162 rfc(leaves);
  for (std::uint64_t n = 1; n <= kSizeMax; ++n) {
    const Hash root = rfc.root(0, n);
    for (std::uint64_t m = 0; m < n; ++m) {
      const auto steps = rfc.path(m, 0, n);
      const auto proof = hashes_of(steps);
      REQUIRE(*inclusion_proof(m, n, nodes) == proof);
      REQUIRE(verify_inclusion(leaves[m], m, n, proof, root));
      REQUIRE(std::ranges::none_of(bent(proof), [&](const auto& bad) {
        return verify_inclusion(leaves[m], m, n, bad, root).has_value();
      }));
      REQUIRE_FALSE(verify_inclusion(leaves[m + 1], m, n, proof, root));
      REQUIRE_FALSE(verify_inclusion(leaves[m], m, n, proof, Hash{}));
      REQUIRE_FALSE(verify_inclusion(leaves[m], m + 1, n, proof, root));
      REQUIRE_FALSE(verify_inclusion(leaves[m], m - 1, n, proof, root));
      // A root does not know its size, the note over both does: a proof fits a tree of another size exactly
      // when the way to the leaf turns the same way there.
      for (const std::uint64_t other : {n - 1, n + 1})
        REQUIRE(verify_inclusion(leaves[m], m, other, proof, root).has_value() ==
                (m < other && same_turns(rfc.path(m, 0, other), steps)));
    }
    CHECK_FALSE(inclusion_proof(n, n, nodes));
  }
}

TEST_CASE("consistency proofs of every pair of trees up to 257 are the RFC's, and bent ones are refused") {
  const auto leaves = test_leaves(kSizeMax + 1);
  const NodeReader nodes = testing::nodes_of(leaves);
  Rfc9162 rfc(leaves);
  for (std::uint64_t n = 1; n <= kSizeMax; ++n) {
    const Hash root = rfc.root(0, n);
    for (std::uint64_t m = 1; m <= n; ++m) {
      const Hash old_root = rfc.root(0, m);
      const auto steps = rfc.subproof(m, 0, n, true);
      const auto proof = hashes_of(steps);
      REQUIRE(*consistency_proof(m, n, nodes) == proof);
      REQUIRE(verify_consistency(m, n, old_root, root, proof));
      REQUIRE(std::ranges::none_of(bent(proof), [&](const auto& bad) {
        return verify_consistency(m, n, old_root, root, bad).has_value();
      }));
      REQUIRE_FALSE(verify_consistency(m, n, Hash{}, root, proof));
      REQUIRE_FALSE(verify_consistency(m, n, old_root, Hash{}, proof));
      REQUIRE_FALSE(verify_consistency(m - 1, n, old_root, root, proof));
      REQUIRE_FALSE(verify_consistency(m + 1, n, old_root, root, proof));
      for (const std::uint64_t other : {n - 1, n + 1})
        REQUIRE(verify_consistency(m, other, old_root, root, proof).has_value() ==
                (m < other && m < n && same_turns(rfc.subproof(m, 0, other, true), steps)));
    }
    CHECK_FALSE(consistency_proof(0, n, nodes));
    CHECK_FALSE(consistency_proof(n + 1, n, nodes));
    CHECK_FALSE(verify_consistency(n + 1, n, root, root, {}));
  }
}

}  // namespace counterfoil::proof
