// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Re-reads everything and believes nothing: the files' own structure, every line and text through the same
// Verifier that strangers use, stored subtrees, and every checkpoint that was kept.
#include "base/limits.h"
#include "counterfoil/proof/verify.h"
#include "ledger/file_ledger.h"
#include "ledger/subtrees.h"

#include <algorithm>

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

Status FileLedger::audit_leaves(std::uint64_t size, proof::Verifier& verifier,
                                const Progress& progress) const {
  const View everything{.recipient = {}, .identity = true, .consent = true};
  KeyCache keys;
  for (std::uint64_t at = 0; at < size;) {
    const std::uint64_t until = std::min(size, at + limits::kReadChunk_rows);
    CF_TRY(auto reader, readers_.lease());
    CF_TRY(const auto leaves, reader->leaves(at, until));
    if (leaves.size() != until - at) return damaged_at(at, "a leaf among the next 256 is missing");
    for (const LeafRow& leaf : leaves) {
      if (leaf.bytes && proof::leaf_hash(*leaf.bytes) != leaf.hash)
        return damaged_at(leaf.seq, "the line is not the one that was hashed");
      const auto entry = entry_of(leaf, everything, *reader, keys);
      if (!entry) return damaged_at(leaf.seq, entry.error().message());
      CF_TRY(const auto line, proof::encode_entry(*entry));
      verifier.feed(line);
      if (!verifier.findings().empty()) return first_finding(verifier);
    }
    at = until;
    if (progress && !progress(at, size)) return fail(Code::Timeout, "stopped before the end");
  }
  return {};
}

Status FileLedger::audit_checkpoints(std::uint64_t size) const {
  CF_TRY(auto reader, readers_.lease());
  CF_TRY(auto st,
         reader->files().ledger.prepare("SELECT size, note FROM checkpoint WHERE size <= ? ORDER BY size"));
  st.bind(1, size);
  Subtrees subtrees(*reader);
  const auto node = [&](unsigned level, std::uint64_t n) { return subtrees.at(level, n); };
  while (true) {
    CF_TRY(const bool row, st.step());
    if (!row) return {};
    const std::string where = "checkpoint " + std::to_string(st.integer(0)) + ": ";
    const auto checkpoint = proof::open_checkpoint(st.text(1), log_key_);
    if (!checkpoint) return fail(Code::Corrupt, where + checkpoint.error().message());
    if (checkpoint->size != static_cast<std::uint64_t>(st.integer(0)))
      return fail(Code::Corrupt, where + "it is stored under another size");
    const auto root = proof::root_at(checkpoint->size, node);
    if (!root || *root != checkpoint->root)
      return fail(Code::Corrupt, where + "the stored subtrees say another root");
  }
}

Status FileLedger::verify(const Progress& progress) const {
  CF_CHECK(wait_built(Built::Owners, limits::kVerifyWait_ms));
  auto covered = signed_head();
  // On a full disk no checkpoint can be kept; what the last one covers can still be proved.
  if (!covered && covered.error().code != Code::DiskFull) return covered.error();
  const Head::Signed newest = covered ? *std::move(covered) : head_.newest();
  {
    // Not lent from the pool: it takes long, and a rotation must not wait for it.
    CF_TRY(auto files, open_files(options_.folder, Access::Read));
    CF_CHECK(files.ledger.integrity_check());
    CF_CHECK(files.keys.integrity_check());
    CF_CHECK(files.desk.integrity_check());
  }
  proof::Verifier verifier(log_key_);
  CF_CHECK(audit_leaves(newest.size, verifier, progress));
  // Deleted since the checkpoint, or their tombstone is still due: the jobs and later tombstones say so.
  for (const auto& [first, last] : memory_.gone.ranges()) verifier.excuse(first, last);
  const auto checkpoint = verifier.finish(newest.note);
  if (!verifier.findings().empty()) return first_finding(verifier);
  if (!checkpoint) return fail(Code::Corrupt, checkpoint.error().message());
  return audit_checkpoints(newest.size);
}

}  // namespace counterfoil::ledger
