// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Re-reads everything and believes nothing: the files' own structure, every line and text through the same
// Verifier that strangers use, stored subtrees, and every checkpoint that was kept; when asked, and once a
// day.
#include "base/limits.h"
#include "base/log.h"
#include "base/stack.h"
#include "counterfoil/proof/verify.h"
#include "ledger/file_ledger.h"
#include "ledger/subtrees.h"

#include <algorithm>
#include <array>

namespace counterfoil::ledger {
namespace {

Error damaged_at(std::uint64_t seq, const std::string& what) {
  return fail(Code::Corrupt, "event " + std::to_string(seq) + ": " + what);
}

Error first_finding(const proof::Verifier& verifier) {
  const auto& finding = verifier.findings().front();
  return damaged_at(finding.seq, finding.text + " (" + finding.rule + ")");
}

}  // namespace

// Stored roots of 256, 65,536, … lines against those that the lines have.
class FileLedger::StoredNodes {
 public:
  Status push(const Hash& leaf, Reader& reader) {
    Hash hash = leaf;
    for (unsigned row = 0; row < rows_.size(); ++row) {
      rows_[row].open.push(hash);
      if (rows_[row].open.size() < kRowHashes) return {};
      hash = rows_[row].open.root();
      rows_[row].open = {};
      const std::uint64_t n = rows_[row].closed++;
      const auto stored = reader.node(kRowLevels * (row + 1), n);
      if (!stored && stored.error().code != Code::NotFound) return stored.error();
      if (stored && *stored == hash) continue;
      const std::uint64_t lines = std::uint64_t{1} << (kRowLevels * (row + 1));
      return fail(Code::Corrupt, "lines " + std::to_string(n * lines) + " to " +
                                     std::to_string((n + 1) * lines - 1) +
                                     ": the stored subtree has another root");
    }
    return {};
  }

 private:
  static constexpr unsigned kRowLevels = 8;
  static constexpr std::uint64_t kRowHashes = 256;
  struct Row {
    proof::Frontier open;
    std::uint64_t closed = 0;
  };
  std::array<Row, 7> rows_;
};

Status FileLedger::audit_rows(std::uint64_t at, std::uint64_t until, proof::Verifier& verifier,
                              StoredNodes& nodes) const {
  const View everything{.recipient = {}, .identity = true, .consent = true};
  KeyCache keys;  // no longer than the lease: what is erased meanwhile must not stay behind here
  CF_TRY(auto reader, readers_.lease());
  CF_TRY(const auto leaves, reader->leaves(at, until));
  if (leaves.size() != until - at)
    return damaged_at(at, "a leaf among the next " + std::to_string(until - at) + " is missing");
  for (const LeafRow& leaf : leaves) {
    if (leaf.bytes && proof::leaf_hash(*leaf.bytes) != leaf.hash)
      return damaged_at(leaf.seq, "the line is not the one that was hashed");
    const auto entry = entry_of(leaf, everything, *reader, keys);
    if (!entry) return damaged_at(leaf.seq, entry.error().message());
    CF_TRY(const auto line, proof::encode_entry(*entry));
    verifier.feed(line);
    if (!verifier.findings().empty()) return first_finding(verifier);
    CF_CHECK(nodes.push(leaf.hash, *reader));
  }
  return {};
}

Status FileLedger::audit_checkpoints(std::uint64_t size, const Progress& progress) const {
  for (std::int64_t last = -1; progress == nullptr || progress(size, size);) {
    CF_TRY(auto reader, readers_.lease());
    CF_TRY(auto st,
           reader->files().ledger.prepare(
               "SELECT size, note FROM checkpoint WHERE size > ? AND size <= ? ORDER BY size LIMIT 1"));
    CF_TRY(const bool row, st.bind(1, last).bind(2, size).step());
    if (!row) return {};
    last = st.integer(0);
    const std::string where = "checkpoint " + std::to_string(last) + ": ";
    const auto checkpoint = keyring_.log_keys().chain.open(st.text(1));
    if (!checkpoint) return fail(Code::Corrupt, where + checkpoint.error().message());
    if (checkpoint->size != static_cast<std::uint64_t>(last))
      return fail(Code::Corrupt, where + "it is stored under another size");
    Subtrees subtrees(*reader);
    const auto root = proof::root_at(checkpoint->size,
                                     [&](unsigned level, std::uint64_t n) { return subtrees.at(level, n); });
    if (!root || *root != checkpoint->root)
      return fail(Code::Corrupt, where + "the stored subtrees say another root");
  }
  return fail(Code::Timeout, "stopped before the end");
}

// Lines, texts, tree and checkpoints, in steps that hold no reader longer than one of them takes.
Status FileLedger::audit(std::uint64_t step_rows, const Progress& progress) const {
  auto covered = signed_head();
  // On a full disk no checkpoint can be kept; what the last one covers can still be proved.
  if (!covered && covered.error().code != Code::DiskFull) return covered.error();
  const Head::Signed newest = covered ? *std::move(covered) : head_.newest();
  proof::Verifier verifier(log_key_);
  StoredNodes nodes;
  for (std::uint64_t at = 0; at < newest.size;) {
    const std::uint64_t until = std::min(newest.size, at + step_rows);
    CF_CHECK(audit_rows(at, until, verifier, nodes));
    at = until;
    if (progress && !progress(at, newest.size)) return fail(Code::Timeout, "stopped before the end");
  }
  // Deleted since the checkpoint, or their tombstone is still due: the jobs and later tombstones say so.
  for (const auto& [first, last] : memory_.gone.ranges()) verifier.excuse(first, last);
  const auto checkpoint = verifier.finish(newest.note);
  if (!verifier.findings().empty()) return first_finding(verifier);
  if (!checkpoint) return fail(Code::Corrupt, checkpoint.error().message());
  CF_CHECK(audit_checkpoints(newest.size, progress));
  CF_CHECK(audit_cards(step_rows, [&] { return !progress || progress(newest.size, newest.size); }));
  CF_CHECK(audit_tags());
  return audit_items();
}

Status FileLedger::verify(const Progress& progress) const {
  CF_CHECK(wait_built(Built::Owners, limits::kVerifyWait_ms));
  {
    // Not lent from the pool: it takes long, and a rotation must not wait for it.
    CF_TRY(auto files, open_files(options_.folder, Access::Read));
    CF_CHECK(files.ledger.integrity_check());
    CF_CHECK(files.keys.integrity_check());
    CF_CHECK(files.desk.integrity_check());
  }
  return audit(limits::kReadChunk_rows, progress);
}

}  // namespace counterfoil::ledger
