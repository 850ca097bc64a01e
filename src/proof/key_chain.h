// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The keys of one log: the first, which whoever checks was given, and those that sys.key lines brought in.
// A key counts when one that was valid before it vouched for it and it proved itself (FORMAT.md, V9). Thread
// rule: value type.
#pragma once

#include "counterfoil/base/canonical_json.h"
#include "counterfoil/proof/note.h"
#include "crypto/signing.h"

#include <cstdint>
#include <string>
#include <vector>

namespace counterfoil::proof {

/// What both signatures of a sys.key line are over.
std::string key_statement(std::string_view origin, const Hash& key, std::uint64_t seq);

class KeyChain {
 public:
  explicit KeyChain(LogKey first);

  [[nodiscard]] const LogKey& first() const { return keys_.front().key; }
  /// Takes one line in. Fails with BadInput, saying why; then nothing has changed.
  Status follow(const json::Value& body, std::uint64_t seq);
  /// By any key that is valid after the lines that were taken in. Fails as open_checkpoint does.
  [[nodiscard]] Result<Checkpoint> open(std::string_view note) const;

 private:
  struct Known {
    LogKey key;
    Hash hash{};
    bool retired = false;
  };
  Known* find(const Hash& hash);
  std::vector<Known> keys_;
};

}  // namespace counterfoil::proof
