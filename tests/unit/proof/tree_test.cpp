// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "counterfoil/proof/tree.h"

#include "crypto/crypto.h"
#include "log_maker.h"

#include <doctest/doctest.h>

#include <bit>

namespace counterfoil::proof {

namespace {

constexpr std::uint64_t kSizeMax = 257;

std::vector<Hash> test_leaves(std::uint64_t n) {
  std::vector<Hash> out;
  for (std::uint64_t i = 0; i < n; ++i) out.push_back(leaf_hash("leaf " + std::to_string(i)));
  return out;
}

// MTH, PATH and SUBPROOF exactly as RFC 9162 section 2.1 writes them.
Hash brute_root(const std::vector<Hash>& d, std::uint64_t begin, std::uint64_t end) {
  if (begin == end) return counterfoil::crypto::sha256({});
  if (end - begin == 1) return d[begin];
  const std::uint64_t k = std::bit_floor(end - begin - 1);
  return node_hash(brute_root(d, begin, begin + k), brute_root(d, begin + k, end));
}

std::vector<Hash> brute_path(const std::vector<Hash>& d, std::uint64_t m, std::uint64_t begin,
                             std::uint64_t end) {
  if (end - begin == 1) return {};
  const std::uint64_t k = std::bit_floor(end - begin - 1);
  std::vector<Hash> out = m < k ? brute_path(d, m, begin, begin + k) : brute_path(d, m - k, begin + k, end);
  out.push_back(m < k ? brute_root(d, begin + k, end) : brute_root(d, begin, begin + k));
  return out;
}

std::vector<Hash> brute_subproof(const std::vector<Hash>& d, std::uint64_t m, std::uint64_t begin,
                                 std::uint64_t end, bool whole) {
  if (m == end - begin) return whole ? std::vector<Hash>{} : std::vector<Hash>{brute_root(d, begin, end)};
  const std::uint64_t k = std::bit_floor(end - begin - 1);
  std::vector<Hash> out = m <= k ? brute_subproof(d, m, begin, begin + k, whole)
                                 : brute_subproof(d, m - k, begin + k, end, false);
  out.push_back(m <= k ? brute_root(d, begin + k, end) : brute_root(d, begin, begin + k));
  return out;
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

TEST_CASE("the empty tree and the first trees have the roots of RFC 6962's test data") {
  // Certificate Transparency's public reference leaves.
  const std::vector<std::string> leaves = {"", std::string(1, '\0'), "\x10", "\x20\x21"};
  Frontier f;
  CHECK(counterfoil::hex(f.root()) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  f.push(leaf_hash(leaves[0]));
  CHECK(counterfoil::hex(f.root()) == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  f.push(leaf_hash(leaves[1]));
  CHECK(counterfoil::hex(f.root()) == "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125");
  f.push(leaf_hash(leaves[2]));
  CHECK(counterfoil::hex(f.root()) == "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77");
  f.push(leaf_hash(leaves[3]));
  CHECK(counterfoil::hex(f.root()) == "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7");
}

TEST_CASE("frontier, node reader and recursion agree on every size up to 257") {
  const auto leaves = test_leaves(kSizeMax);
  const NodeReader nodes = testing::nodes_of(leaves);
  Frontier f;
  for (std::uint64_t n = 0; n <= kSizeMax; ++n) {
    const Hash root = brute_root(leaves, 0, n);
    REQUIRE(f.root() == root);
    REQUIRE(*root_at(n, nodes) == root);
    REQUIRE(f.bytes().size() == 32U * static_cast<unsigned>(std::popcount(n)));
    REQUIRE(*Frontier::from(n, f.bytes()) == f);
    if (n < kSizeMax) f.push(leaves[n]);
  }
  CHECK_FALSE(Frontier::from(3, counterfoil::Bytes(32)));
  CHECK_FALSE(Frontier::from(4, counterfoil::Bytes(33)));
}

TEST_CASE("inclusion proofs of every leaf of every tree up to 257 are those of the RFC and verify") {
  const auto leaves = test_leaves(kSizeMax);
  const NodeReader nodes = testing::nodes_of(leaves);
  for (std::uint64_t n = 1; n <= kSizeMax; ++n) {
    const Hash root = brute_root(leaves, 0, n);
    for (std::uint64_t m = 0; m < n; ++m) {
      const auto proof = inclusion_proof(m, n, nodes);
      REQUIRE(proof);
      REQUIRE(verify_inclusion(leaves[m], m, n, *proof, root));
      if (n < 40 || m % 16 == 0) REQUIRE(*proof == brute_path(leaves, m, 0, n));
    }
    CHECK_FALSE(inclusion_proof(n, n, nodes));
  }
}

TEST_CASE("consistency proofs of every pair of trees up to 257 are those of the RFC and verify") {
  const auto leaves = test_leaves(kSizeMax);
  const NodeReader nodes = testing::nodes_of(leaves);
  std::vector<Hash> roots;
  for (std::uint64_t n = 0; n <= kSizeMax; ++n) roots.push_back(brute_root(leaves, 0, n));
  for (std::uint64_t n = 1; n <= kSizeMax; ++n) {
    for (std::uint64_t m = 1; m <= n; ++m) {
      const auto proof = consistency_proof(m, n, nodes);
      REQUIRE(proof);
      REQUIRE(verify_consistency(m, n, roots[m], roots[n], *proof));
      if (n < 40 || m % 16 == 1) REQUIRE(*proof == brute_subproof(leaves, m, 0, n, true));
    }
    CHECK_FALSE(consistency_proof(0, n, nodes));
    CHECK_FALSE(consistency_proof(n + 1, n, nodes));
  }
}

TEST_CASE("a bent inclusion proof, index, size, leaf or root is refused") {
  const auto leaves = test_leaves(40);
  const NodeReader nodes = testing::nodes_of(leaves);
  for (std::uint64_t n = 1; n <= 40; ++n) {
    const Hash root = brute_root(leaves, 0, n);
    for (std::uint64_t m = 0; m < n; ++m) {
      const auto proof = *inclusion_proof(m, n, nodes);
      for (const auto& bad : bent(proof)) REQUIRE_FALSE(verify_inclusion(leaves[m], m, n, bad, root));
      for (std::uint64_t i = 0; i <= n; ++i)
        if (i != m) REQUIRE_FALSE(verify_inclusion(leaves[m], i, n, proof, root));
      REQUIRE_FALSE(verify_inclusion(leaves[(m + 1) % 40], m, n, proof, root));
      REQUIRE_FALSE(verify_inclusion(leaves[m], m, n, proof, Hash{}));
    }
    REQUIRE_FALSE(verify_inclusion(leaves[0], 0, 0, {}, root));
  }
}

TEST_CASE("a bent consistency proof is refused, also in its middle") {
  const auto leaves = test_leaves(40);
  const NodeReader nodes = testing::nodes_of(leaves);
  for (std::uint64_t n = 1; n <= 40; ++n) {
    const Hash root = brute_root(leaves, 0, n);
    for (std::uint64_t m = 1; m <= n; ++m) {
      const Hash old_root = brute_root(leaves, 0, m);
      const auto proof = *consistency_proof(m, n, nodes);
      for (const auto& bad : bent(proof)) REQUIRE_FALSE(verify_consistency(m, n, old_root, root, bad));
      REQUIRE_FALSE(verify_consistency(m, n, Hash{}, root, proof));
      REQUIRE_FALSE(verify_consistency(m, n, old_root, Hash{}, proof));
      REQUIRE_FALSE(verify_consistency(n + 1, n, old_root, root, proof));
      REQUIRE_FALSE(verify_consistency(0, n, old_root, root, proof));
      if (m < n) REQUIRE_FALSE(verify_consistency(m, n, old_root, root, {}));
    }
  }
}

}  // namespace counterfoil::proof
