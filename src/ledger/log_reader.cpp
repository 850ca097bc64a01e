// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The log for recipients: checkpoints, entry lines, proofs, receipts, and what the health page shows.
#include "base/limits.h"
#include "base/log.h"
#include "ledger/file_ledger.h"
#include "ledger/key_tree.h"
#include "ledger/subtrees.h"

#include <algorithm>
#include <filesystem>

namespace counterfoil::ledger {
namespace {

constexpr std::uint64_t kTileHashes = 256;

// Keys are sorted: a line about the log begins with its body, one about a person with its boot id.
bool is_log_line(std::string_view line) {
  return line.starts_with(R"({"body":)");
}

// What people wrote is between them and the shop.
bool is_for_recipients(std::string_view line) {
  static const std::string kInbound =
      R"("typ":")" + std::string(consent::event_name(consent::EventType::Inbound)) + '"';
  return line.find(kInbound) == std::string_view::npos;
}

std::uint64_t file_bytes(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? 0 : size;
}

}  // namespace

Result<Head::Signed> FileLedger::signed_head() const {
  auto newest = head_.newest();
  if (newest.size < head_.size() && !head_.read_only()) {
    Job job;
    job.sign = true;
    CF_CHECK(writer_->run(std::move(job)));
    newest = head_.newest();
  }
  if (newest.note.empty()) return fail(Code::Corrupt, "there is no valid checkpoint: " + head_.trouble());
  return newest;
}

Result<std::string> FileLedger::checkpoint() {
  if (!head_.read_only()) {
    CF_CHECK(write_followers());
    Job job;
    job.bury = true;
    job.state = true;
    CF_CHECK(writer_->run(std::move(job)));
  }
  CF_TRY(auto newest, signed_head());
  return std::move(newest.note);
}

std::uint64_t FileLedger::signed_size() const {
  return head_.newest().size;
}

proof::NodeReader FileLedger::nodes() const {
  return [subtrees = std::make_shared<Subtrees>(readers_)](unsigned level, std::uint64_t n) {
    return subtrees->at(level, n);
  };
}

Result<Bytes> FileLedger::leaf_tile(std::uint64_t n) const {
  const std::uint64_t size = signed_size();
  if (n > size / kTileHashes || n * kTileHashes >= size) return fail(Code::NotFound, "there is no such tile");
  const std::uint64_t end = std::min(size, (n + 1) * kTileHashes);
  CF_TRY(auto reader, readers_.lease());
  CF_TRY(const auto hashes, reader->leaf_hashes(n * kTileHashes, end));
  if (hashes.size() != end - n * kTileHashes) return fail(Code::Corrupt, "a leaf is missing");
  Bytes out;
  for (const Hash& hash : hashes) out.insert(out.end(), hash.begin(), hash.end());
  return out;
}

Result<const Key*> FileLedger::owner_key(std::uint64_t seq, Reader& reader, KeyCache& keys) const {
  const Ordinal n = memory_.owners.of(seq);
  if (n == 0) return fail(Code::Corrupt, "an event's key is missing");
  auto at = keys.find(n);
  if (at == keys.end()) {
    if (keys.size() >= limits::kReadChunk_rows) keys.clear();
    CF_TRY(const auto row, reader.subject(n));
    CF_TRY(Key key, keyring_.subject_key(row));
    at = keys.emplace(n, std::move(key)).first;
  }
  return &at->second;
}

Result<proof::Entry> FileLedger::entry_of(const LeafRow& leaf, const View& view, Reader& reader,
                                          KeyCache& keys) const {
  proof::Entry out;
  out.hash = leaf.hash;
  if (!leaf.bytes) return out;
  out.leaf = *leaf.bytes;
  if (!view.identity && !view.consent) return out;
  if (!leaf.h && !is_log_line(*leaf.bytes))
    return fail(Code::Corrupt, "an event of a person has lost its place");
  if (!leaf.h) return out;
  // On its way out: nobody reads it any more, although it is still there.
  if (memory_.gone.covers(leaf.seq) || memory_.leaving.contains(memory_.owners.of(leaf.seq))) return out;
  CF_TRY(const Key* key, owner_key(leaf.seq, reader, keys));
  CF_TRY(auto disclosures, disclosures_of(leaf, *key));
  if (view.identity) out.d[0] = std::move(disclosures[0]);
  if (view.consent && is_for_recipients(*leaf.bytes)) out.d[1] = std::move(disclosures[1]);
  if (!view.recipient.empty()) out.p = handle_for(*key, view.recipient);
  return out;
}

Status FileLedger::entries(std::uint64_t start, std::uint64_t end, const View& view,
                           const std::function<Status(std::string_view line)>& each) const {
  if (start > end || end > signed_size()) return fail(Code::BadInput, "the log is not that long");
  if (end - start > limits::kEntriesPerRequestMax) return fail(Code::Limit, "too many lines at once");
  if (view.identity || view.consent) CF_CHECK(wait_built(Built::Owners, limits::kIndexWait_ms));
  KeyCache keys;
  for (std::uint64_t at = start; at < end;) {
    const std::uint64_t until = std::min(end, at + limits::kReadChunk_rows);
    std::vector<std::string> lines;
    {
      // The lease ends before the lines go out: whoever receives them may be slow.
      CF_TRY(auto reader, readers_.lease());
      // One snapshot for all keys of the piece: without it SQLite takes and leaves its locks for each.
      CF_TRY(const auto snapshot, reader->files().keys.transaction(store::Database::Kind::Read));
      CF_TRY(const auto leaves, reader->leaves(at, until));
      if (leaves.size() != until - at) return fail(Code::Corrupt, "a leaf is missing");
      for (const LeafRow& leaf : leaves) {
        auto entry = entry_of(leaf, view, *reader, keys);
        if (!entry) {
          // One damaged record must not keep all later ones from the recipient: it goes without its texts.
          head_.note_trouble("the text of event " + std::to_string(leaf.seq) + " does not open");
          log::error("ledger.record_damaged", {{"seq", leaf.seq}});
          entry = entry_of(leaf, {}, *reader, keys);
        }
        CF_TRY(auto line, proof::encode_entry(*entry));
        lines.push_back(std::move(line));
      }
    }
    for (const auto& line : lines) CF_CHECK(each(line));
    at = until;
  }
  return {};
}

Result<proof::Receipt> FileLedger::receipt(const consent::SubjectId& subject, consent::Seq seq) const {
  if (seq.value >= head_.size()) return fail(Code::NotFound, "no such event");
  CF_TRY(const auto newest, signed_head());
  if (seq.value >= newest.size) return fail(Code::Corrupt, "the event has no checkpoint: " + head_.trouble());
  CF_TRY(auto reader, readers_.lease());
  CF_TRY(const auto row, reader->subject(subject));
  CF_TRY(const Key key, keyring_.subject_key(row));
  CF_TRY(const auto leaf, reader->leaf(seq.value));
  if (!leaf.bytes || !leaf.payload || memory_.gone.covers(leaf.seq))
    return fail(Code::NotFound, "no such event");
  auto disclosures = disclosures_of(leaf, key);
  if (!disclosures && disclosures.error().code == Code::WrongKey)
    return fail(Code::NotFound, "no such event of this submission");
  if (!disclosures) return disclosures.error();
  proof::Receipt out;
  out.line = *leaf.bytes;
  out.disclosures = *std::move(disclosures);
  out.index = seq.value;
  out.checkpoint = newest.note;
  Subtrees subtrees(*reader);
  const auto node = [&](unsigned level, std::uint64_t n) { return subtrees.at(level, n); };
  CF_TRY(out.proof, proof::inclusion_proof(seq.value, newest.size, node));
  return out;
}

Health FileLedger::health() const {
  Health out;
  out.origin = keyring_.origin();
  out.size = head_.size();
  out.subjects = memory_.subjects.load();
  out.index_ready = wait_ready(0).has_value();
  out.read_only = head_.read_only();
  out.trouble = head_.trouble();
  if (out.trouble.empty() && head_.disk_full()) out.trouble = "the disk is full: only stops are recorded";
  if (out.trouble.empty() && head_.incomplete()) out.trouble = head_.why_incomplete();
  if (out.trouble.empty()) out.trouble = head_.waiting();
  if (out.trouble.empty()) out.trouble = second_copy_.trouble();
  out.scrubbed_at = head_.scrubbed().at;
  out.scrubbed = head_.scrubbed().lines;
  out.stops_waiting = spill_.count();
  out.clock = clock_state();
  out.anchor_promise = options_.anchor->promise();
  out.second_copy = second_copy_.words();
  for (const auto& path :
       {ledger_path(options_.folder), keys_path(options_.folder), desk_path(options_.folder)}) {
    out.ledger_bytes += file_bytes(path);
    out.wal_bytes += file_bytes(path + "-wal");
  }
  return out;
}

ClockState FileLedger::clock_state() const {
  if (options_.clock->now() < head_.trusted_t()) return ClockState::Untrusted;
  return options_.clock->state();
}

}  // namespace counterfoil::ledger
