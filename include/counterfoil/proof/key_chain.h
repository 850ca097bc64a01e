// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The keys of one log: the first, which whoever checks was given, and those that sys.key lines brought in.
// A key counts when one that was valid before it vouched for it and it proved itself (FORMAT.md, V9). Thread
// rule: value type.
#pragma once

#include "counterfoil/base/canonical_json.h"
#include "counterfoil/proof/leaf.h"
#include "counterfoil/proof/note.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace counterfoil::proof {

/// What both signatures of a sys.key line are over.
std::string key_statement(std::string_view origin, const Hash& key, std::uint64_t seq);

class KeyChain {
 public:
  /// A key alone is a chain of one, wherever a chain is asked for.
  KeyChain(LogKey first);

  [[nodiscard]] const LogKey& first() const { return keys_.front().key; }
  /// Takes the body of one line in. Fails with BadInput, saying why; then nothing has changed.
  Status follow(const json::Value& body, std::uint64_t seq);
  /// The same for whole lines of this log, in their order and nothing else: lines without what is between
  /// them, as a receipt carries them.
  Status follow_lines(const std::vector<std::string>& lines);
  /// By any key that is valid after as many lines as the checkpoint covers, of those that were taken in.
  /// Fails as open_checkpoint does.
  [[nodiscard]] Result<Checkpoint> open(std::string_view note) const;
  /// A statement (jws.h) made when the log had that many lines or more, by a key that was not retired then.
  /// Fails as open_jws does.
  [[nodiscard]] Result<json::Value> open_statement(std::string_view jws, std::string_view typ,
                                                   std::uint64_t size) const;
  /// SHA-256 of those that are valid after all lines that were taken in, in the order in which they came.
  [[nodiscard]] std::vector<Hash> valid() const;

 private:
  static constexpr std::uint64_t kNever = ~std::uint64_t{0};
  struct Known {
    LogKey key;
    Hash hash{};
    std::uint64_t from = 0;        // the smallest log that it may sign
    std::uint64_t until = kNever;  // the largest: lines before the one that retired it
  };
  Known* find(const Hash& hash);
  std::vector<Known> keys_;
};

}  // namespace counterfoil::proof
