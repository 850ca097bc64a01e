// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Writes one plan into the files, in the order that a power cut can interrupt anywhere: keys.db, ledger.db
// with its signed checkpoint, desk.db. Thread rule: the writer's thread, or start-up before there is one.
#pragma once

#include "counterfoil/proof/note.h"
#include "ledger/files.h"
#include "ledger/plan.h"

#include <memory>
#include <string>

namespace counterfoil::ledger {

class Committer {
 public:
  static Result<std::unique_ptr<Committer>> make(Files files, const Keyring& keyring);
  ~Committer();

  Status write_keys(const Plan& plan);
  /// Returns the signed checkpoint that covers everything, empty when the plan does not sign. Fails with
  /// Corrupt when the files are not where the plan thinks they are.
  Result<std::string> write_log(const Plan& plan);
  Status write_desk(const Plan& plan);

  /// Where the files stand now. Fails with Corrupt when they contradict themselves, NotFound without a log.
  Result<Position> position();
  Result<std::uint64_t> events_of(const Key& subject);
  Result<Hash> stored_node(unsigned level, std::uint64_t n);

  Files& files() { return files_; }

 private:
  struct Statements;
  Committer(Files files, const Keyring& keyring);
  Status prepare();
  Status insert_leaves(const Plan& plan);
  Status insert_tags(const Plan& plan);
  Status store_edge(const Plan& plan);
  Result<std::string> sign_edge();
  Result<proof::Frontier> stored_frontier(Instant* trusted_t);
  Result<bool> has_h(const Handle& h);

  Files files_;
  const Keyring& keyring_;
  const proof::LogKey log_key_;
  std::unique_ptr<Statements> st_;
};

}  // namespace counterfoil::ledger
