// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "ledger/commit.h"

#include "base/limits.h"
#include "ledger/key_tree.h"

#include <chrono>

namespace counterfoil::ledger {
namespace {

Error contradicts(const std::string& what) {
  return fail(Code::Corrupt, "ledger.db contradicts itself: " + what);
}

std::int64_t first_day_of_month(Instant t) {
  using namespace std::chrono;
  const year_month_day date{floor<days>(sys_seconds{seconds{t}})};
  return sys_days{date.year() / date.month() / 1}.time_since_epoch().count();
}

}  // namespace

struct Committer::Statements {
  store::Statement bucket, cohort, subject, orphan;
  store::Statement leaf, payload, node, supp, frontier, read_frontier, checkpoint, forget_checkpoint;
  store::Statement put_item, remove_item;
  store::Statement seq_h, stored_node, tail;
};

Committer::Committer(Files files, const Keyring& keyring) : files_(std::move(files)), keyring_(keyring) {}
Committer::~Committer() = default;

Result<std::unique_ptr<Committer>> Committer::make(Files files, const Keyring& keyring) {
  auto out = std::unique_ptr<Committer>(new Committer(std::move(files), keyring));
  CF_CHECK(out->prepare());
  return out;
}

Status Committer::prepare() {
  auto& [ledger, keys, desk] = files_;
  CF_TRY(auto bucket, keys.prepare("INSERT INTO bucket(b, w) VALUES(?, ?)"));
  CF_TRY(auto cohort, keys.prepare("INSERT INTO cohort(id, class, until, w) VALUES(?, ?, ?, ?)"));
  CF_TRY(auto subject, keys.prepare("INSERT INTO subj(n, sid, w, card, link) VALUES(?, ?, ?, ?, ?)"));
  CF_TRY(auto orphan, keys.prepare("DELETE FROM subj WHERE n = ?"));
  CF_TRY(auto leaf, ledger.prepare("INSERT INTO leaf(seq, hash, h, bytes) VALUES(?, ?, ?, ?)"));
  CF_TRY(auto payload, ledger.prepare("INSERT INTO payload(seq, cohort, salt, ct) VALUES(?, ?, ?, ?)"));
  CF_TRY(auto node, ledger.prepare("INSERT INTO node(level, n, hash) VALUES(?, ?, ?)"));
  CF_TRY(auto supp, ledger.prepare("INSERT INTO supp(tag, state, since_day) VALUES(?, ?, ?) "
                                   "ON CONFLICT(tag) DO UPDATE SET state = max(state, excluded.state)"));
  CF_TRY(auto frontier,
         ledger.prepare("INSERT INTO frontier(id, size, hashes, root, trusted_t) VALUES(1, ?, ?, ?, ?) "
                        "ON CONFLICT(id) DO UPDATE SET size = excluded.size, hashes = excluded.hashes, "
                        "root = excluded.root, trusted_t = excluded.trusted_t"));
  CF_TRY(auto read_frontier, ledger.prepare("SELECT size, hashes, root, trusted_t FROM frontier"));
  CF_TRY(auto checkpoint,
         ledger.prepare("INSERT INTO checkpoint(size, note) VALUES(?, ?) ON CONFLICT DO NOTHING"));
  CF_TRY(auto forget, ledger.prepare("DELETE FROM checkpoint WHERE size > ? AND size < ?"));
  CF_TRY(auto put_item, desk.prepare("INSERT INTO item(kind, id, w) VALUES(?, ?, ?) "
                                     "ON CONFLICT(kind, id) DO UPDATE SET w = excluded.w"));
  CF_TRY(auto remove_item, desk.prepare("DELETE FROM item WHERE kind = ? AND id = ?"));
  CF_TRY(auto seq_h, ledger.prepare("SELECT seq FROM leaf WHERE h = ?"));
  CF_TRY(auto stored_node, ledger.prepare("SELECT hash FROM node WHERE level = ? AND n = ?"));
  CF_TRY(auto tail, ledger.prepare("SELECT hash FROM leaf WHERE seq >= ? ORDER BY seq"));
  st_ = std::make_unique<Statements>(
      Statements{std::move(bucket), std::move(cohort), std::move(subject), std::move(orphan), std::move(leaf),
                 std::move(payload), std::move(node), std::move(supp), std::move(frontier),
                 std::move(read_frontier), std::move(checkpoint), std::move(forget), std::move(put_item),
                 std::move(remove_item), std::move(seq_h), std::move(stored_node), std::move(tail)});
  return {};
}

Status Committer::write_keys(const Plan& plan) {
  if (!plan.touches_keys()) return {};
  CF_TRY(auto transaction, files_.keys.transaction());
  for (const auto& [b, key] : plan.buckets())
    CF_CHECK(st_->bucket.reset().bind(1, b).bind(2, ByteView(keyring_.wrap_bucket(b, key))).run());
  for (const auto& cohort : plan.cohorts()) {
    auto& st = st_->cohort.reset().bind(1, cohort.id).bind(2, cohort.retention.retention_class);
    CF_CHECK(st.bind(3, cohort.retention.cohort)
                 .bind(4, ByteView(keyring_.wrap_cohort(cohort.retention, cohort.key)))
                 .run());
  }
  for (const PlannedSubject& planned : plan.subjects()) {
    auto& st = st_->subject.reset().bind(1, planned.n).bind(2, ByteView(planned.subject->id.bytes));
    st.bind(3, ByteView(planned.wrapped_key)).bind(4, ByteView(planned.subject->card));
    if (planned.subject->link) {
      st.bind(5, ByteView(*planned.subject->link));
    } else {
      st.bind_null(5);
    }
    CF_CHECK(st.run());
  }
  if (!plan.endings().empty()) {
    CF_TRY(auto job_key, files_.keys.prepare("INSERT INTO job(id, w) VALUES(?, ?)"));
    for (const NewEnding* ending : plan.endings()) {
      const Bytes wrapped = keyring_.wrap_job(ending->job.id, ending->key);
      CF_CHECK(job_key.reset().bind(1, ending->job.id).bind(2, ByteView(wrapped)).run());
    }
  }
  if (plan.new_log_key()) CF_CHECK(keyring_.put_log_key(files_.keys, *plan.new_log_key()));
  for (const Ordinal n : plan.orphans()) CF_CHECK(st_->orphan.reset().bind(1, n).run());
  return transaction.commit();
}

Status Committer::insert_leaves(const Plan& plan) {
  for (const PlannedLeaf& leaf : plan.leaves()) {
    auto& st = st_->leaf.reset().bind(1, leaf.seq).bind(2, ByteView(leaf.hash));
    if (leaf.h) {
      st.bind(3, ByteView(*leaf.h));
    } else {
      st.bind_null(3);
    }
    CF_CHECK(st.bind(4, leaf.line).run());
    if (!leaf.payload) continue;
    auto& payload = st_->payload.reset().bind(1, leaf.seq).bind(2, leaf.payload->cohort);
    CF_CHECK(payload.bind(3, ByteView(leaf.payload->salt)).bind(4, ByteView(leaf.payload->sealed)).run());
  }
  for (const PlannedNode& node : plan.nodes())
    CF_CHECK(st_->node.reset().bind(1, node.level).bind(2, node.n).bind(3, ByteView(node.hash)).run());
  return {};
}

Status Committer::insert_tags(const Plan& plan) {
  // The month is enough for the yearly review. A day would tell which stops are a person's first and which
  // repeat an earlier one, and so tie lines together.
  const std::int64_t day = first_day_of_month(plan.now());
  for (const Tag& tag : plan.tags())
    CF_CHECK(st_->supp.reset().bind(1, ByteView(tag.handle)).bind(2, supp_state(tag.by)).bind(3, day).run());
  return {};
}

Result<proof::Frontier> Committer::stored_frontier(Instant* trusted_t) {
  auto& st = st_->read_frontier.reset();
  CF_TRY(const bool found, st.step());
  if (!found) return fail(Code::NotFound, "there is no log yet");
  auto frontier = proof::Frontier::from(static_cast<std::uint64_t>(st.integer(0)), st.blob(1));
  const Bytes root(st.blob(2).begin(), st.blob(2).end());
  if (trusted_t != nullptr) *trusted_t = st.integer(3);
  st.reset();
  if (!frontier || !equal_constant_time(frontier->root(), root))
    return contradicts("the tree's edge is damaged");
  return frontier;
}

Status Committer::store_edge(const Plan& plan) {
  const proof::Frontier& frontier = plan.position().frontier;
  const Hash root = frontier.root();
  auto& st = st_->frontier.reset().bind(1, frontier.size()).bind(2, ByteView(frontier.bytes()));
  CF_CHECK(st.bind(3, ByteView(root)).bind(4, plan.position().trusted_t).run());
  CF_TRY(const proof::Frontier back, stored_frontier(nullptr));
  if (back != frontier) return contradicts("the tree's edge was not stored as computed");
  return {};
}

// The root that is signed is computed from bytes that were read back: a flipped bit in memory must not be
// signed, since a log that signed a wrong root once is lost.
Result<std::string> Committer::sign_edge() {
  CF_TRY(const proof::Frontier back, stored_frontier(nullptr));
  const proof::Checkpoint checkpoint{keyring_.origin(), back.size(), back.root()};
  std::string note;
  for (const LogKeyPtr& key : keyring_.signers()) {
    const auto sign = [&](std::string_view text) -> Result<Bytes> { return key->sign(as_bytes(text)); };
    CF_TRY(const auto one, proof::sign_checkpoint(checkpoint, {keyring_.origin(), key->spki()}, sign));
    note += note.empty() ? one : one.substr(one.find("\n\n") + 2);
  }
  CF_TRY(const auto opened, keyring_.log_keys().chain.open(note));
  if (opened != checkpoint) return fail(Code::Crypto, "a checkpoint was not signed as written");

  // Older notes of the same block of leaves are covered by this one.
  const std::uint64_t block = checkpoint.size - checkpoint.size % limits::kCheckpointKept_leaves;
  CF_CHECK(st_->forget_checkpoint.reset().bind(1, block).bind(2, checkpoint.size).run());
  CF_CHECK(st_->checkpoint.reset().bind(1, checkpoint.size).bind(2, note).run());
  return note;
}

Result<std::string> Committer::write_log(const Plan& plan) {
  if (!plan.touches_log()) return std::string();
  CF_TRY(auto transaction, files_.ledger.transaction());
  std::string note;
  CF_CHECK(insert_tags(plan));
  CF_CHECK(insert_endings(plan));
  CF_CHECK(move_payloads(plan));
  if (!plan.leaves().empty()) {
    const std::uint64_t first = plan.leaves().front().seq;
    const auto before = stored_frontier(nullptr);
    if (!before && before.error().code != Code::NotFound) return before.error();
    if ((before ? before->size() : 0) != first) return contradicts("it is not where the writer left it");
    CF_CHECK(insert_leaves(plan));
    CF_CHECK(store_edge(plan));
  }
  if (plan.signs()) {
    CF_TRY(note, sign_edge());
  }
  CF_CHECK(transaction.commit());
  return note;
}

Status Committer::write_desk(const Plan& plan) {
  return put_items(plan.items());
}

Status Committer::put_items(const std::vector<const ItemChange*>& items) {
  if (items.empty()) return {};
  CF_TRY(auto transaction, files_.desk.transaction());
  for (const ItemChange* item : items)
    CF_CHECK(item->sealed ? put_item(*item, *item->sealed) : remove_item(*item));
  return transaction.commit();
}

Status Committer::put_item(const ItemChange& item, ByteView sealed) {
  return st_->put_item.reset().bind(1, item.kind).bind(2, ByteView(item.id)).bind(3, sealed).run();
}

// A put whose sync failed may come back with the next start, unless something is written over it in the log:
// a removal that finds nothing must write as well.
Status Committer::remove_item(const ItemChange& item) {
  auto& st = st_->remove_item;
  CF_CHECK(st.reset().bind(1, item.kind).bind(2, ByteView(item.id)).run());
  if (files_.desk.changes() > 0) return {};
  CF_CHECK(put_item(item, {}));
  return st.reset().bind(1, item.kind).bind(2, ByteView(item.id)).run();
}

Result<Position> Committer::position() {
  Position out;
  CF_TRY(const auto last_n, files_.keys.query_integer("SELECT coalesce(max(n), 0) FROM subj"));
  out.next_subject = static_cast<std::uint64_t>(last_n) + 1;
  CF_TRY(const auto leaves, files_.ledger.query_integer("SELECT coalesce(max(seq) + 1, 0) FROM leaf"));
  CF_TRY(out.frontier, stored_frontier(&out.trusted_t));
  if (out.frontier.size() != static_cast<std::uint64_t>(leaves))
    return contradicts("the tree and the leaves are not of one length");
  auto& st = st_->tail.reset().bind(1, out.frontier.size() - out.frontier.size() % 256);
  while (true) {
    CF_TRY(const bool row, st.step());
    if (!row) break;
    const auto hash = exactly<32>(st.blob(0));
    if (!hash) return contradicts("a hash has another length");
    out.tile.push_back(*hash);
  }
  st.reset();
  if (out.tile.size() != out.frontier.size() % 256) return contradicts("a leaf is missing");
  return out;
}

Result<bool> Committer::has_h(const Handle& h) {
  auto& st = st_->seq_h.reset().bind(1, ByteView(h));
  CF_TRY(const bool found, st.step());
  st.reset();
  return found;
}

// A chain has no gaps, so its length is found by doubling and halving instead of walking.
Result<std::uint64_t> Committer::events_of(const Key& subject) {
  std::uint64_t known = 0;  // h of all n < known is there
  std::uint64_t probe = 1;
  while (probe <= 2 * limits::kEventsPerSubjectMax) {
    CF_TRY(const bool there, has_h(chain_value(subject, probe - 1)));
    if (!there) break;
    known = probe;
    probe *= 2;
  }
  std::uint64_t missing = probe;  // h of n = missing - 1 is not there
  while (missing - known > 1) {
    const std::uint64_t middle = known + (missing - known) / 2;
    CF_TRY(const bool there, has_h(chain_value(subject, middle - 1)));
    (there ? known : missing) = middle;
  }
  return known;
}

Result<Hash> Committer::stored_node(unsigned level, std::uint64_t n) {
  auto& st = st_->stored_node.reset().bind(1, level).bind(2, n);
  CF_TRY(const bool found, st.step());
  if (!found) return contradicts("a subtree is missing");
  const auto hash = exactly<32>(st.blob(0));
  st.reset();
  if (!hash) return contradicts("a hash has another length");
  return *hash;
}

}  // namespace counterfoil::ledger
