// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// A receipt a customer can check at home: c2sp.org/tlog-proof@v1 text that carries the exact line, both salts
// and both disclosures. Thread rule: value types.
#pragma once

#include "counterfoil/proof/key_chain.h"

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace counterfoil::proof {

struct Receipt {
  std::string line;                              // exact leaf line
  std::array<Entry::Disclosure, 2> disclosures;  // both salts and texts
  std::uint64_t index = 0;
  std::vector<Hash> proof;  // RFC 9162 inclusion proof
  std::string checkpoint;   // signed note
  bool operator==(const Receipt&) const = default;
};

/// The line "extra" is the base64 of the entry line (leaf.h) that shows both disclosures. Empty when the
/// parts cannot be written (a line that is not UTF-8, a disclosure that is too long).
std::string write_receipt(const Receipt& receipt);
Result<Receipt> read_receipt(std::string_view text);

struct CheckedReceipt {
  Leaf leaf;
  Hash leaf_hash{};
  consent::Identity identity;
  std::string body;  // disclosure 1, canonical JSON
  Checkpoint checkpoint;
};
/// Demands: signature by a key of the log, inclusion, line.seq = index, line.log = origin, both commitments
/// open. Fails with Corrupt, WrongKey or BadInput, saying which.
Result<CheckedReceipt> check_receipt(std::string_view text, const KeyChain& keys);

}  // namespace counterfoil::proof
