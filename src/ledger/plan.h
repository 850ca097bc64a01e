// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The group that is about to be committed, worked out in memory before anything is written: places in the
// log, lines, ciphertexts, new keys. When a commit fails the plan is thrown away and nothing has changed.
// Thread rule: the writer's thread.
#pragma once

#include "counterfoil/proof/tree.h"
#include "ledger/job.h"

#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace counterfoil::ledger {

/// Where the log stands.
struct Position {
  proof::Frontier frontier;
  std::vector<Hash> tile;  // leaf hashes after the last multiple of 256
  Instant trusted_t = 0;   // time of the newest leaf whose clock was trusted
  std::uint64_t next_subject = 1;
};

struct PlannedLeaf {
  std::uint64_t seq = 0;
  Hash hash{};
  std::string line;
  std::optional<Handle> h;
  std::optional<PayloadRow> payload;
  Ordinal owner = 0;
};

struct PlannedSubject {
  std::uint64_t n = 0;
  const NewSubject* subject = nullptr;  // in its job
  Bytes wrapped_key;
};

struct PlannedMove {
  std::uint64_t seq = 0;
  PayloadRow row;
};

struct PlannedNode {
  unsigned level = 0;
  std::uint64_t n = 0;
  Hash hash{};
};

/// Answers how many events a subject has in the log.
using EventCounter = std::function<Result<std::uint64_t>(const Key& subject)>;
/// Roots of complete subtrees that are in the log already, by (level, n).
using StoredNode = proof::NodeReader;

class Plan {
 public:
  Plan(const Keyring& keyring, const Clock& clock, Position before, EventCounter count, StoredNode node);

  /// Subjects about which nothing more is recorded: a stop of theirs is their tags alone.
  void leave_out(const Leaving& leaving) { leaving_ = &leaving; }
  /// Adds a job as a whole or, on failure, nothing of it. The job must outlive the plan.
  Result<std::vector<Committed>> add(const Job& job);
  /// Not well: the log could not be read while planning, and the whole plan must be thrown away.
  [[nodiscard]] const Status& soundness() const { return soundness_; }

  [[nodiscard]] const Position& position() const { return position_; }
  [[nodiscard]] bool touches_keys() const {
    return !subjects_.empty() || !buckets_.empty() || !cohorts_.empty() || !orphans_.empty() ||
           !endings_.empty() || new_log_key_ != nullptr;
  }
  [[nodiscard]] bool touches_log() const {
    return !leaves_.empty() || !tags_.empty() || !endings_.empty() || sign_;
  }
  /// The plan ends with a signed checkpoint: a job asked for it, or the writer did.
  [[nodiscard]] bool signs() const { return sign_; }
  void ask_for_checkpoint() { sign_ = true; }
  [[nodiscard]] bool touches_desk() const { return !items_.empty(); }

  struct NewCohort {
    std::int64_t id;
    Retention retention;
    Key key;
  };
  [[nodiscard]] const std::vector<PlannedLeaf>& leaves() const { return leaves_; }
  [[nodiscard]] const std::vector<PlannedSubject>& subjects() const { return subjects_; }
  [[nodiscard]] const std::vector<PlannedNode>& nodes() const { return nodes_; }
  [[nodiscard]] const std::map<std::uint64_t, Key>& buckets() const { return buckets_; }
  [[nodiscard]] const std::vector<NewCohort>& cohorts() const { return cohorts_; }
  [[nodiscard]] const std::vector<Tag>& tags() const { return tags_; }
  [[nodiscard]] const std::vector<const ItemChange*>& items() const { return items_; }
  [[nodiscard]] const std::vector<Ordinal>& orphans() const { return orphans_; }
  [[nodiscard]] const std::vector<const NewEnding*>& endings() const { return endings_; }
  [[nodiscard]] const std::vector<PlannedMove>& moves() const { return moves_; }
  [[nodiscard]] const std::vector<KeptChange>& kept() const { return kept_; }
  /// At most one sys.key line, and the key that it brings in, if any.
  [[nodiscard]] const std::string& key_line() const { return key_line_; }
  [[nodiscard]] const LogKeyPtr& new_log_key() const { return new_log_key_; }
  struct PlannedTombstone {
    std::uint64_t seq = 0;
    const Tombstone* tombstone = nullptr;  // in its job
  };
  [[nodiscard]] const std::vector<PlannedTombstone>& tombstones() const { return tombstones_; }
  [[nodiscard]] Instant now() const { return now_; }

 private:
  using Counts = std::map<consent::SubjectId, std::uint64_t>;
  Result<PlannedLeaf> person_leaf(const PersonDraft& draft, std::uint64_t seq, std::uint64_t n,
                                  Counts& counts);
  PlannedMove moved(const Move& move);
  Result<PlannedLeaf> log_leaf(const LogDraft& draft, std::uint64_t seq);
  Result<json::Value> key_body(const LogDraft& draft, std::uint64_t seq) const;
  [[nodiscard]] proof::Leaf blank_leaf(consent::EventType type, std::uint64_t seq) const;
  std::pair<std::int64_t, Key> cohort_for(const Retention& retention);
  Key bucket_for(std::uint64_t n);
  Status push(PlannedLeaf leaf);
  Status complete_tile();

  const Keyring& keyring_;
  const Clock& clock_;
  Position position_;
  const EventCounter count_;
  const StoredNode node_;
  const Instant now_;
  const ClockState clock_state_;
  Counts counts_;
  std::vector<PlannedLeaf> leaves_;
  std::vector<PlannedSubject> subjects_;
  std::vector<PlannedNode> nodes_;
  std::map<std::uint64_t, Key> buckets_;
  std::vector<NewCohort> cohorts_;
  std::vector<Tag> tags_;
  std::vector<const ItemChange*> items_;
  std::vector<Ordinal> orphans_;
  std::vector<PlannedMove> moves_;
  std::vector<KeptChange> kept_;
  std::vector<const NewEnding*> endings_;
  std::vector<PlannedTombstone> tombstones_;
  const Leaving* leaving_ = nullptr;
  std::string key_line_;
  LogKeyPtr new_log_key_;
  Status soundness_;
  bool sign_ = false;
};

}  // namespace counterfoil::ledger
