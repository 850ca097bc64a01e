// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// A true proof with the input's changes: it verifies exactly when it is still the true one. The first two
// bytes say which one, then each three bytes change one: which hash, which byte, how. One byte left over
// drops a hash, two add one.
#include "counterfoil/proof/tree.h"

#include "fuzz.h"

#include <map>

namespace {

using namespace counterfoil;
using counterfoil::proof::NodeReader;

const NodeReader& nodes() {
  static const NodeReader reader = [](unsigned level, std::uint64_t n) -> Result<Hash> {
    static std::map<std::pair<unsigned, std::uint64_t>, Hash> known;
    const auto found = known.find({level, n});
    if (found != known.end()) return found->second;
    if (level == 0) return known[{0, n}] = proof::leaf_hash(std::to_string(n));
    CF_TRY(const Hash left, nodes()(level - 1, 2 * n));
    CF_TRY(const Hash right, nodes()(level - 1, 2 * n + 1));
    return known[{level, n}] = proof::node_hash(left, right);
  };
  return reader;
}

std::vector<Hash> changed(std::vector<Hash> proof, ByteView how) {
  for (; how.size() >= 3 && !proof.empty(); how = how.subspan(3))
    proof[how[0] % proof.size()][how[1] % 32] ^= how[2];
  if (how.size() == 1 && !proof.empty())
    proof.erase(proof.begin() + how[0] % static_cast<std::ptrdiff_t>(proof.size()));
  if (how.size() == 2) proof.push_back(Hash{how[0], how[1]});
  return proof;
}

}  // namespace

CF_FUZZ(tree) {
  if (input.size() < 2) return;
  const std::uint64_t size = input[0] + 1U;
  const std::uint64_t index = input[1] % size;
  const auto how = input.subspan(2);
  const Hash root = *proof::root_at(size, nodes());

  const auto path = *proof::inclusion_proof(index, size, nodes());
  const auto other_path = changed(path, how);
  const bool included =
      proof::verify_inclusion(*nodes()(0, index), index, size, other_path, root).has_value();
  fuzz::require(included == (other_path == path), "one proof of each leaf");

  const std::uint64_t old_size = index + 1;
  const auto steps = *proof::consistency_proof(old_size, size, nodes());
  const auto other_steps = changed(steps, how);
  const bool grown =
      proof::verify_consistency(old_size, size, *proof::root_at(old_size, nodes()), root, other_steps)
          .has_value();
  fuzz::require(grown == (other_steps == steps), "one proof of each growth");
}
