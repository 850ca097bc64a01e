// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The log as one recipient may read it. Its sharing agreement decides what the lines disclose: without one
// hashes and signed sizes only; the controller itself needs none (GDPR Art. 4(9), 28). Thread rule: a value,
// its methods may be called from any thread; the desk outlives it. Errors: BadInput for what lies beyond the
// signed size, and whatever the ledger says.
#pragma once

#include "ledger/ledger.h"

namespace counterfoil::desk {

/// Whom this recipient is to forget (GDPR Art. 19), by its own handle.
struct ErasureNotice {
  std::string handle;
  Instant gone = 0;  // when the keys were destroyed
};

class LogView {
 public:
  LogView(const consent::Business& business, const consent::RecipientId& recipient, ledger::Ledger& ledger);

  /// May the lines show who (disclosure 0), and to what they agreed (disclosure 1)?
  [[nodiscard]] bool shows_identity() const { return agreed_.identity; }
  [[nodiscard]] bool shows_consent() const { return agreed_.consent; }

  [[nodiscard]] Result<std::string> checkpoint() const { return ledger_->checkpoint(); }
  [[nodiscard]] std::vector<std::string> key_lines() const { return ledger_->log_keys().lines; }
  [[nodiscard]] std::uint64_t signed_size() const { return ledger_->signed_size(); }
  /// Lines [start, end) without newlines; identities only for those who ask for them and may see them.
  Status entries(std::uint64_t start, std::uint64_t end, bool ask_identity,
                 const std::function<Status(std::string_view line)>& each) const;
  [[nodiscard]] Result<std::vector<Hash>> inclusion(std::uint64_t index, std::uint64_t size) const;
  [[nodiscard]] Result<std::vector<Hash>> consistency(std::uint64_t from, std::uint64_t to) const;
  [[nodiscard]] Result<Bytes> leaf_tile(std::uint64_t n) const { return ledger_->leaf_tile(n); }
  /// At most limits::kNoticesPerAnswerMax, the oldest first; the same again until they are acknowledged.
  [[nodiscard]] Result<std::vector<ErasureNotice>> erasures() const;
  /// The recipient has deleted what it had; how many of the handles were waiting for that.
  Result<std::size_t> acknowledge(const std::vector<std::string>& handles) const;
  [[nodiscard]] ledger::Health health() const { return ledger_->health(); }

 private:
  ledger::Ledger* ledger_;
  ledger::View agreed_;
};

}  // namespace counterfoil::desk
