// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "ledger/reader.h"

#include "base/limits.h"

#include <algorithm>
#include <chrono>

namespace counterfoil::ledger {
namespace {

Result<Hash> hash_column(const store::Statement& st, int column) {
  auto hash = exactly<32>(st.blob(column));
  if (!hash) return fail(Code::Corrupt, "ledger.db: a hash has another length");
  return *hash;
}

Bytes blob_column(const store::Statement& st, int column) {
  const ByteView blob = st.blob(column);
  return Bytes(blob.begin(), blob.end());
}

// Columns n, sid, w, card.
Result<SubjectRow> subject_row(const store::Statement& st) {
  SubjectRow out;
  out.n = static_cast<std::uint64_t>(st.integer(0));
  const auto id = exactly<16>(st.blob(1));
  if (!id) return fail(Code::Corrupt, "keys.db: a subject's id has another length");
  out.id.bytes = *id;
  out.wrapped_key = blob_column(st, 2);
  out.card = blob_column(st, 3);
  return out;
}

// Columns seq, hash, h, bytes, cohort, salt, ct.
Result<LeafRow> leaf_row(const store::Statement& st) {
  LeafRow out;
  out.seq = static_cast<std::uint64_t>(st.integer(0));
  CF_TRY(out.hash, hash_column(st, 1));
  if (!st.is_null(2)) {
    const auto h = exactly<16>(st.blob(2));
    if (!h) return fail(Code::Corrupt, "ledger.db: a chain value has another length");
    out.h = *h;
  }
  if (!st.is_null(3)) out.bytes = std::string(st.text(3));
  if (!st.is_null(6)) out.payload = PayloadRow{st.integer(4), blob_column(st, 5), blob_column(st, 6)};
  return out;
}

constexpr const char* kSubjectColumns = "SELECT n, sid, w, card FROM subj ";
constexpr const char* kLeafColumns =
    "SELECT l.seq, l.hash, l.h, l.bytes, p.cohort, p.salt, p.ct FROM leaf l LEFT JOIN payload p USING(seq) ";

// One row or NotFound; the statement is reset either way, so that no snapshot stays open.
template <class Read>
auto one_row(store::Statement& st, const char* what, Read read) -> decltype(read(st)) {
  CF_TRY(const bool found, st.step());
  if (!found) {
    st.reset();
    return fail(Code::NotFound, what);
  }
  auto out = read(st);
  st.reset();
  return out;
}

template <class Row, class Read>
Result<std::vector<Row>> all_rows(store::Statement& st, Read read) {
  std::vector<Row> out;
  while (true) {
    CF_TRY(const bool found, st.step());
    if (!found) break;
    auto row = read(st);
    if (!row) {
      st.reset();
      return row.error();
    }
    out.push_back(*std::move(row));
  }
  st.reset();
  return out;
}

}  // namespace

struct Reader::Statements {
  store::Statement subject_n, subject_id, subject_link, subjects;
  store::Statement leaf, leaf_h, seq_h, leaves, hashes, node;
  store::Statement item, items;
};

Reader::Reader(Files files) : files_(std::move(files)) {}
Reader::~Reader() = default;

Status Reader::prepare() {
  const std::string subject = kSubjectColumns;
  const std::string leaf = kLeafColumns;
  CF_TRY(auto subject_n, files_.keys.prepare(subject + "WHERE n = ?"));
  CF_TRY(auto subject_id, files_.keys.prepare(subject + "WHERE sid = ?"));
  CF_TRY(auto subject_link, files_.keys.prepare(subject + "WHERE link = ?"));
  CF_TRY(auto subjects, files_.keys.prepare(subject + "WHERE n BETWEEN ? AND ? ORDER BY n LIMIT ?"));
  CF_TRY(auto leaf_seq, files_.ledger.prepare(leaf + "WHERE l.seq = ?"));
  CF_TRY(auto leaf_h, files_.ledger.prepare(leaf + "WHERE l.h = ?"));
  CF_TRY(auto seq_h, files_.ledger.prepare("SELECT seq FROM leaf WHERE h = ?"));
  CF_TRY(auto leaves, files_.ledger.prepare(leaf + "WHERE l.seq >= ? AND l.seq < ? ORDER BY l.seq"));
  CF_TRY(auto hashes, files_.ledger.prepare("SELECT hash FROM leaf WHERE seq >= ? AND seq < ? ORDER BY seq"));
  CF_TRY(auto node, files_.ledger.prepare("SELECT hash FROM node WHERE level = ? AND n = ?"));
  CF_TRY(auto item, files_.desk.prepare("SELECT w FROM item WHERE kind = ? AND id = ?"));
  CF_TRY(auto items, files_.desk.prepare("SELECT id, w FROM item WHERE kind = ?"));
  st_ = std::make_unique<Statements>(
      Statements{std::move(subject_n), std::move(subject_id), std::move(subject_link), std::move(subjects),
                 std::move(leaf_seq), std::move(leaf_h), std::move(seq_h), std::move(leaves),
                 std::move(hashes), std::move(node), std::move(item), std::move(items)});
  return {};
}

Result<std::unique_ptr<Reader>> Reader::open(const std::string& folder) {
  CF_TRY(auto files, open_files(folder, Access::Read));
  auto out = std::unique_ptr<Reader>(new Reader(std::move(files)));
  CF_CHECK(out->prepare());
  return out;
}

Result<SubjectRow> Reader::subject(Ordinal n) {
  return one_row(st_->subject_n.reset().bind(1, n), "no such subject", subject_row);
}

Result<SubjectRow> Reader::subject(const consent::SubjectId& id) {
  return one_row(st_->subject_id.reset().bind(1, ByteView(id.bytes)), "no such subject", subject_row);
}

Result<SubjectRow> Reader::subject_by_link(const Handle& link) {
  return one_row(st_->subject_link.reset().bind(1, ByteView(link)), "no such link", subject_row);
}

Result<std::vector<SubjectRow>> Reader::subjects(Ordinal first, Ordinal last) {
  auto& st = st_->subjects.reset().bind(1, first).bind(2, last).bind(3, limits::kReadChunk_rows);
  return all_rows<SubjectRow>(st, subject_row);
}

Result<LeafRow> Reader::leaf(std::uint64_t seq) {
  return one_row(st_->leaf.reset().bind(1, seq), "no such event", leaf_row);
}

Result<std::optional<LeafRow>> Reader::leaf_by_h(const Handle& h) {
  auto row = one_row(st_->leaf_h.reset().bind(1, ByteView(h)), "", leaf_row);
  if (!row && row.error().code == Code::NotFound) return std::optional<LeafRow>();
  if (!row) return row.error();
  return std::optional<LeafRow>(*std::move(row));
}

Result<std::optional<std::uint64_t>> Reader::seq_by_h(const Handle& h) {
  auto& st = st_->seq_h.reset().bind(1, ByteView(h));
  CF_TRY(const bool found, st.step());
  std::optional<std::uint64_t> out;
  if (found) out = static_cast<std::uint64_t>(st.integer(0));
  st.reset();
  return out;
}

Result<std::uint64_t> Reader::last_subject() {
  CF_TRY(const auto last, files_.keys.query_integer("SELECT coalesce(max(n), 0) FROM subj"));
  return static_cast<std::uint64_t>(last);
}

// Canonical lines about the log begin with their body; nothing of theirs is ever deleted.
Result<Reader::LeafCounts> Reader::count_leaves(std::uint64_t size) {
  CF_TRY(auto st, files_.ledger.prepare(
                      "SELECT count(*), count(h), "
                      "count(CASE WHEN (h IS NULL) != coalesce(bytes GLOB '{\"body\":*', 0) THEN 1 END) "
                      "FROM leaf WHERE seq < ?"));
  CF_TRY(const bool row, st.bind(1, size).step());
  if (!row) return fail(Code::Internal, "a count has no row");
  const auto column = [&](int i) { return static_cast<std::uint64_t>(st.integer(i)); };
  return LeafCounts{column(0), column(1), column(2)};
}

// The type stands at the end of a canonical line.
Result<std::vector<std::uint64_t>> Reader::lines_about_keeping(std::uint64_t size) {
  CF_TRY(auto st,
         files_.ledger.prepare("SELECT seq FROM leaf WHERE seq < ? AND h IS NOT NULL AND bytes IS NOT NULL "
                               "AND (instr(substr(bytes, -32), '\"hold.') != 0 "
                               "OR instr(substr(bytes, -32), '\"consent.restrict\"') != 0)"));
  st.bind(1, size);
  return all_rows<std::uint64_t>(st, [](const store::Statement& row) -> Result<std::uint64_t> {
    return static_cast<std::uint64_t>(row.integer(0));
  });
}

Result<EndingReport> Reader::ended(std::int64_t id) {
  CF_TRY(auto st, files_.ledger.prepare("SELECT epoch, lines, gone_at, seq FROM ended WHERE id = ?"));
  CF_TRY(const bool found, st.bind(1, id).step());
  if (!found) return fail(Code::NotFound, "no such erasure");
  EndingReport out;
  out.state = EndingReport::State::Ended;
  out.epoch = static_cast<std::uint64_t>(st.integer(0));
  out.lines = static_cast<std::uint64_t>(st.integer(1));
  out.gone_at = st.integer(2);
  // -1: the tombstone is a line of the log that this one continues.
  if (st.integer(3) >= 0) out.tombstone = static_cast<std::uint64_t>(st.integer(3));
  return out;
}

Result<std::vector<LeafRow>> Reader::leaves(std::uint64_t start, std::uint64_t end) {
  return all_rows<LeafRow>(st_->leaves.reset().bind(1, start).bind(2, end), leaf_row);
}

Result<std::vector<Hash>> Reader::leaf_hashes(std::uint64_t start, std::uint64_t end) {
  return all_rows<Hash>(st_->hashes.reset().bind(1, start).bind(2, end),
                        [](const store::Statement& st) { return hash_column(st, 0); });
}

Result<Hash> Reader::node(unsigned level, std::uint64_t n) {
  return one_row(st_->node.reset().bind(1, level).bind(2, n), "no such subtree",
                 [](const store::Statement& st) { return hash_column(st, 0); });
}

Result<Bytes> Reader::item(std::string_view kind, const Handle& id) {
  return one_row(st_->item.reset().bind(1, kind).bind(2, ByteView(id)), "no such item",
                 [](const store::Statement& st) { return Result<Bytes>(blob_column(st, 0)); });
}

Result<std::vector<Reader::ItemRow>> Reader::items(std::string_view kind) {
  return all_rows<ItemRow>(st_->items.reset().bind(1, kind),
                           [](const store::Statement& st) -> Result<ItemRow> {
                             const auto id = exactly<16>(st.blob(0));
                             if (!id) return fail(Code::Corrupt, "desk.db: an item's id has another length");
                             return ItemRow{*id, blob_column(st, 1)};
                           });
}

Result<ReaderPool::Lease> ReaderPool::lease() {
  std::unique_lock lock(mutex_);
  const bool free = freed_.wait_for(lock, std::chrono::milliseconds(limits::kReaderWait_ms),
                                    [&] { return !paused_ && lent_ < limits::kReadersMax; });
  if (!free) return fail(Code::Busy, "too many readings of the ledger at once");
  ++lent_;
  if (!idle_.empty()) {
    auto reader = std::move(idle_.back());
    idle_.pop_back();
    return Lease(*this, std::move(reader));
  }
  lock.unlock();
  auto opened = Reader::open(folder_);
  if (opened) return Lease(*this, *std::move(opened));
  lock.lock();
  --lent_;
  freed_.notify_all();
  return opened.error();
}

void ReaderPool::give_back(std::unique_ptr<Reader> reader) {
  const std::lock_guard lock(mutex_);
  --lent_;
  idle_.push_back(std::move(reader));
  freed_.notify_all();
}

Result<ReaderPool::Pause> ReaderPool::pause(int timeout_ms) {
  std::unique_lock lock(mutex_);
  paused_ = true;
  if (freed_.wait_for(lock, std::chrono::milliseconds(timeout_ms), [&] { return lent_ == 0; }))
    return Pause(*this);
  paused_ = false;
  freed_.notify_all();
  return fail(Code::Busy, "the ledger is being read");
}

void ReaderPool::resume() {
  const std::lock_guard lock(mutex_);
  paused_ = false;
  freed_.notify_all();
}

void ReaderPool::close() {
  const std::lock_guard lock(mutex_);
  idle_.clear();
}

}  // namespace counterfoil::ledger
