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
  Status put_items(const std::vector<const ItemChange*>& items);

  // Endings; each is one transaction of ledger.db.
  /// All rows of job; their keys are in keys.db. Keys without a row, left by a power cut, are swept.
  Result<std::vector<EndingJob>> endings();
  Status put_endings(const std::vector<EndingJob>& endings);
  /// Deletes lines and payloads of those that are Ended, and says so in their rows.
  Status delete_lines(const std::vector<EndingJob>& ended);
  /// The keys of jobs that are done: the tombstone is there.
  Status forget_job_keys(const std::vector<std::int64_t>& ids);
  /// Lines of a subject, none when there is no such subject, and of these cohorts.
  Result<std::vector<std::uint64_t>> lines_of_subject(std::uint64_t n);
  Result<std::vector<std::uint64_t>> lines_of_cohorts(const std::set<std::int64_t>& cohorts);
  Result<std::optional<std::int64_t>> cohort_of_line(std::uint64_t seq);

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
  Status insert_endings(const Plan& plan);
  Status move_payloads(const Plan& plan);
  Result<Key> job_key(std::int64_t id);
  Status put_ending(const EndingJob& ending);
  Status put_item(const ItemChange& item, ByteView sealed);
  Status remove_item(const ItemChange& item);
  Status store_edge(const Plan& plan);
  Result<std::string> sign_edge();
  Result<proof::Frontier> stored_frontier(Instant* trusted_t);
  Result<bool> has_h(const Handle& h);

  Files files_;
  const Keyring& keyring_;
  std::unique_ptr<Statements> st_;
};

}  // namespace counterfoil::ledger
