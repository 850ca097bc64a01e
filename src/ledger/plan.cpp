// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "ledger/plan.h"

#include "base/limits.h"
#include "crypto/crypto.h"
#include "ledger/key_tree.h"

#include <algorithm>
#include <limits>

namespace counterfoil::ledger {
namespace {

constexpr unsigned kTileLevels = 8;  // a tile has 2^8 hashes

ClockState judged(const Clock& clock, Instant now, Instant trusted_t) {
  // A clock that stands before a recorded event is wrong now or was wrong then; nobody can tell which.
  return now < trusted_t ? ClockState::Untrusted : clock.state();
}

// Root of 2^k hashes.
Hash root_of(std::vector<Hash> hashes) {
  while (hashes.size() > 1) {
    for (std::size_t i = 0; i < hashes.size() / 2; ++i)
      hashes[i] = proof::node_hash(hashes[2 * i], hashes[2 * i + 1]);
    hashes.resize(hashes.size() / 2);
  }
  return hashes.front();
}

}  // namespace

Plan::Plan(const Keyring& keyring, const Clock& clock, Position before, EventCounter count, StoredNode node)
    : keyring_(keyring),
      clock_(clock),
      position_(std::move(before)),
      count_(std::move(count)),
      node_(std::move(node)),
      now_(clock.now()),
      clock_state_(judged(clock, now_, position_.trusted_t)) {}

proof::Leaf Plan::blank_leaf(consent::EventType type, std::uint64_t seq) const {
  proof::Leaf leaf;
  leaf.log = keyring_.origin();
  leaf.seq = consent::Seq{seq};
  leaf.t = now_;
  leaf.ck = clock_state_;
  leaf.boot = clock_.boot_id();
  leaf.bt_ms = clock_.boot_ms();
  leaf.typ = type;
  return leaf;
}

std::pair<std::int64_t, Key> Plan::cohort_for(const Retention& retention) {
  if (const auto known = keyring_.cohort_id(retention)) {
    if (auto key = keyring_.cohort(*known)) return {*known, std::move(*key)};
  }
  for (const NewCohort& fresh : cohorts_) {
    if (fresh.retention.retention_class == retention.retention_class &&
        fresh.retention.cohort == retention.cohort)
      return {fresh.id, fresh.key.clone()};
  }
  const std::int64_t id = new_row_number();
  cohorts_.push_back({id, retention, crypto::random_key()});
  return {id, cohorts_.back().key.clone()};
}

Key Plan::bucket_for(std::uint64_t n) {
  const std::uint64_t b = n / kSubjectsPerBucket;
  if (auto key = keyring_.bucket(b)) return std::move(*key);
  const auto at = buckets_.find(b);
  if (at != buckets_.end()) return at->second.clone();
  return buckets_.emplace(b, crypto::random_key()).first->second.clone();
}

Result<PlannedLeaf> Plan::person_leaf(const PersonDraft& draft, std::uint64_t seq, std::uint64_t n,
                                      Counts& counts) {
  auto count = counts.find(draft.subject);
  if (count == counts.end()) {
    std::uint64_t events = 0;
    if (const auto planned = counts_.find(draft.subject); planned != counts_.end()) {
      events = planned->second;
    } else if (draft.n != 0) {
      CF_TRY(events, count_(draft.key));
    }
    count = counts.emplace(draft.subject, events).first;
  }
  if (count->second >= limits::kEventsPerSubjectMax)
    return fail(Code::Limit, "this submission has too many events");
  proof::Leaf leaf = blank_leaf(draft.type, seq);
  leaf.person = proof::PersonPart{.c = draft.commitments,
                                  .coh = draft.retention.cohort,
                                  .h = chain_value(draft.key, count->second),
                                  .rc = draft.retention.retention_class};
  PlannedLeaf out;
  CF_TRY(out.line, proof::encode_leaf(leaf));
  out.seq = seq;
  out.hash = proof::leaf_hash(out.line);
  out.h = leaf.person->h;
  out.owner = static_cast<Ordinal>(n);
  const auto [cohort, cohort_key] = cohort_for(draft.retention);
  const Key key = record_key(draft.key, cohort_key, draft.row_salt, keyring_.origin(), seq);
  out.payload = PayloadRow{.cohort = cohort,
                           .salt = Bytes(draft.row_salt.begin(), draft.row_salt.end()),
                           .sealed = seal_payload(key, out.hash, draft.disclosures)};
  ++count->second;
  return out;
}

PlannedMove Plan::moved(const Move& move) {
  const auto [cohort, cohort_key] = cohort_for(move.to);
  Hash row_salt{};
  crypto::random(row_salt);  // a record key serves once
  const Key key = record_key(move.subject, cohort_key, row_salt, keyring_.origin(), move.seq);
  return {move.seq,
          {cohort, Bytes(row_salt.begin(), row_salt.end()), seal_payload(key, move.leaf, move.disclosures)}};
}

Result<PlannedLeaf> Plan::log_leaf(const LogDraft& draft, std::uint64_t seq) {
  proof::Leaf leaf = blank_leaf(draft.type, seq);
  leaf.body = draft.body;
  if (draft.type == consent::EventType::SysKey) {
    CF_TRY(leaf.body, key_body(draft, seq));
  }
  PlannedLeaf out;
  CF_TRY(out.line, proof::encode_leaf(leaf));
  out.seq = seq;
  out.hash = proof::leaf_hash(out.line);
  return out;
}

Status Plan::complete_tile() {
  const std::uint64_t size = position_.frontier.size();
  Hash root = root_of(std::move(position_.tile));
  position_.tile.clear();
  for (unsigned level = kTileLevels; size % (std::uint64_t{1} << level) == 0; level += kTileLevels) {
    const std::uint64_t n = (size >> level) - 1;
    nodes_.push_back({level, n, root});
    const unsigned above = level + kTileLevels;
    if (size % (std::uint64_t{1} << above) != 0) break;
    std::vector<Hash> row;
    for (std::uint64_t i = n - 255; i <= n; ++i) {
      const auto here = std::find_if(nodes_.begin(), nodes_.end(),
                                     [&](const PlannedNode& x) { return x.level == level && x.n == i; });
      if (here != nodes_.end()) {
        row.push_back(here->hash);
        continue;
      }
      CF_TRY(const Hash stored, node_(level, i));
      row.push_back(stored);
    }
    root = root_of(std::move(row));
  }
  return {};
}

Status Plan::push(PlannedLeaf leaf) {
  position_.frontier.push(leaf.hash);
  position_.tile.push_back(leaf.hash);
  if (position_.tile.size() == std::size_t{1} << kTileLevels) CF_CHECK(complete_tile());
  leaves_.push_back(std::move(leaf));
  return {};
}

Result<std::vector<Committed>> Plan::add(const Job& job) {
  std::map<consent::SubjectId, std::uint64_t> ordinals;
  std::vector<PlannedSubject> subjects;
  for (const NewSubject& subject : job.subjects) {
    const std::uint64_t n = position_.next_subject + subjects.size();
    if (n > std::numeric_limits<Ordinal>::max()) return fail(Code::Limit, "no room for another submission");
    ordinals[subject.id] = n;
    subjects.push_back({n, &subject, Keyring::wrap_subject(bucket_for(n), subject.id, subject.key)});
  }
  Counts counts;  // of this job's subjects
  std::vector<PlannedLeaf> leaves;
  for (const PersonDraft& draft : job.events) {
    const std::uint64_t n = draft.n != 0 ? draft.n : ordinals[draft.subject];
    if (leaving_ != nullptr && leaving_->contains(n)) {
      if (draft.type == consent::EventType::Stop) continue;
      return fail(Code::NotFound, "no such submission");
    }
    const std::uint64_t seq = position_.frontier.size() + leaves.size();
    CF_TRY(auto leaf, person_leaf(draft, seq, n, counts));
    leaves.push_back(std::move(leaf));
  }
  std::string key_line;
  LogKeyPtr new_log_key;
  for (const LogDraft& draft : job.log_events) {
    CF_TRY(auto leaf, log_leaf(draft, position_.frontier.size() + leaves.size()));
    if (draft.type == consent::EventType::SysKey) {
      key_line = leaf.line;
      new_log_key = draft.log_key;
    }
    leaves.push_back(std::move(leaf));
  }
  std::vector<PlannedTombstone> tombstones;
  for (const Tombstone& tombstone : job.tombstones) {
    tombstones.push_back({position_.frontier.size() + leaves.size(), &tombstone});
    CF_TRY(auto leaf, log_leaf(tombstone.leaf, tombstones.back().seq));
    leaves.push_back(std::move(leaf));
  }
  // From here nothing fails for a reason of the job's own.
  for (const auto& [subject, events] : counts) counts_[subject] = events;
  if (!key_line.empty()) {
    key_line_ = std::move(key_line);
    new_log_key_ = std::move(new_log_key);
  }
  position_.next_subject += subjects.size();
  std::move(subjects.begin(), subjects.end(), std::back_inserter(subjects_));
  std::vector<Committed> out;
  for (PlannedLeaf& leaf : leaves) {
    out.push_back({consent::Seq{leaf.seq}, now_, clock_state_});
    if (auto status = push(std::move(leaf)); !status) {
      soundness_ = status;
      return status.error();
    }
  }
  // A stop that only its tags tell of.
  if (out.empty() && !job.events.empty()) out.push_back({consent::Seq{0}, now_, clock_state_});
  if (!leaves.empty() && clock_state_ != ClockState::Untrusted) position_.trusted_t = now_;
  sign_ = sign_ || job.sign;
  tags_.insert(tags_.end(), job.tags.begin(), job.tags.end());
  for (const ItemChange& item : job.items) items_.push_back(&item);
  for (const Move& move : job.moves) moves_.push_back(moved(move));
  kept_.insert(kept_.end(), job.kept.begin(), job.kept.end());
  for (const NewEnding& ending : job.endings) endings_.push_back(&ending);
  tombstones_.insert(tombstones_.end(), tombstones.begin(), tombstones.end());
  orphans_.insert(orphans_.end(), job.orphans.begin(), job.orphans.end());
  return out;
}

}  // namespace counterfoil::ledger
