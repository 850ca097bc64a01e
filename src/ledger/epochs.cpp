// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// How the writer destroys keys. A rotation has two halves. The first moves keys.db into the next epoch, whose
// secret is in the anchor already; the second, no sooner than the disk can have been lying, reads keys.db
// anew and overwrites the old secret. A power cut anywhere leaves one of the two epochs whole: the next start
// sees which one keys.db is in.
#include "base/limits.h"
#include "base/log.h"
#include "crypto/crypto.h"
#include "ledger/writer.h"

#include <algorithm>
#include <iterator>

namespace counterfoil::ledger {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

bool is_in(const EndingJob& ending, EndingJob::State state) {
  return ending.state == state;
}

}  // namespace

// An erasure that a hold keeps waiting begins once nothing of it is held any more.
bool Writer::is_ready(const EndingJob& ending) const {
  if (!is_in(ending, EndingJob::State::Asked)) return false;
  if (!ending.held) return true;
  const Instant now = head_.certain_now(clock_);
  return std::none_of(ending.what.subjects.begin(), ending.what.subjects.end(),
                      [&](std::uint64_t n) { return memory_.kept.is_held(n, now); });
}

// Nothing: there is nothing to end, or it must not be ended now.
std::optional<Writer::Time> Writer::next_epoch_step() const {
  using State = EndingJob::State;
  if (head_.read_only() || head_.disk_full() || !head_.checked()) return std::nullopt;
  const auto any = [this](const auto& what) { return std::any_of(endings_.begin(), endings_.end(), what); };
  if (anchor_.has_leftover() || any([](const auto& e) { return is_in(e, State::Ending); }))
    return overwrite_at_;
  if (any([this](const auto& e) { return is_ready(e); }) || keyring_.has_spent_key()) return rotate_at_;
  return std::nullopt;
}

void Writer::step_epoch() {
  const auto step = next_epoch_step();
  if (!step || steady_clock::now() < *step) return;
  const bool second_half = anchor_.has_leftover();
  if (second_half && waits_for_copy()) return;
  Status done;
  try {
    if (second_half) {
      done = end_epoch();
    } else if (std::any_of(endings_.begin(), endings_.end(),
                           [](const auto& e) { return is_in(e, EndingJob::State::Ending); })) {
      done = finish_endings();
    } else {
      done = begin_epoch();
    }
  } catch (const std::exception& e) {
    done = fail(Code::Internal, e.what());
  }
  if (done) return;
  log::error("ledger.epoch", {{"half", second_half ? 2 : 1}, {"error", done.error().message()}});
  const bool busy = done.error().code == Code::Busy;
  const auto again =
      steady_clock::now() + milliseconds(busy ? limits::kEpochBusy_ms : limits::kEpochRetry_ms);
  overwrite_at_ = again;
  rotate_at_ = again;
  // Nobody is lost: the old secret is still there.
  if (done.error().code == Code::Corrupt) head_.turn_read_only(done.error().message());
}

// The copy of before the rotation opens nothing once the old secret is gone, so the next one is waited for;
// but not long, because the erasure is a promise and the copy is not.
bool Writer::waits_for_copy() {
  const auto now = steady_clock::now();
  if (!second_copy_.is_under_way() || now >= copy_until_) return false;
  overwrite_at_ = std::min(now + milliseconds(limits::kSecondCopyLook_ms), copy_until_);
  return true;
}

// A person ends with the last of their lines.
Result<bool> Writer::is_ending(std::uint64_t n, const std::set<std::int64_t>& cohorts) {
  CF_TRY(const auto lines, committer_->lines_of_subject(n));
  for (const std::uint64_t seq : lines) {
    if (memory_.gone.covers(seq)) continue;
    CF_TRY(const auto cohort, committer_->cohort_of_line(seq));
    if (!cohort || !cohorts.contains(*cohort)) return false;
  }
  return !lines.empty();
}

// A cohort with a line that must be kept waits for the next sweep, which moves the line on first.
Status Writer::leave_kept_cohorts(EndingJob& ending) {
  const Instant now = head_.certain_now(clock_);
  std::set<std::int64_t> left;
  for (const std::int64_t cohort : ending.what.cohorts) {
    CF_TRY(const auto lines, committer_->lines_of_cohorts({cohort}));
    const bool keeps = std::any_of(lines.begin(), lines.end(), [&](std::uint64_t seq) {
      return memory_.kept.is_kept(memory_.owners.of(seq), now);
    });
    if (!keeps) left.insert(cohort);
  }
  ending.what.cohorts = std::move(left);
  return {};
}

// Without those that another job of this rotation ends: a line has one tombstone.
Status Writer::find_lines(EndingJob& ending, proof::RangeSet& taken) {
  CF_CHECK(leave_kept_cohorts(ending));
  CF_TRY(auto lines, committer_->lines_of_cohorts(ending.what.cohorts));
  std::set<std::uint64_t> owners;
  for (const std::uint64_t seq : lines) owners.insert(memory_.owners.of(seq));
  owners.erase(0);
  for (const std::uint64_t n : ending.what.subjects) {
    CF_TRY(const auto own, committer_->lines_of_subject(n));
    lines.insert(lines.end(), own.begin(), own.end());
  }
  for (const std::uint64_t n : owners) {
    CF_TRY(const bool ends, is_ending(n, ending.what.cohorts));
    if (ends) ending.what.subjects.insert(n);
  }
  proof::RangeSet found;
  for (const std::uint64_t seq : lines) {
    if (memory_.gone.covers(seq) || taken.contains(seq, seq)) continue;
    found.add(seq, seq);
  }
  ending.lines = found.ranges();
  for (const auto& [first, last] : ending.lines) taken.add(first, last);
  return {};
}

Status Writer::begin_epoch() {
  const std::uint64_t epoch = anchor_.record().epoch + 1;
  std::vector<EndingJob> begun;
  Ending ending;
  proof::RangeSet taken;
  for (const EndingJob& asked : endings_) {
    if (!is_ready(asked)) continue;
    EndingJob next = asked;
    next.state = EndingJob::State::Ending;
    next.epoch = epoch;
    CF_CHECK(find_lines(next, taken));
    ending.subjects.insert(next.what.subjects.begin(), next.what.subjects.end());
    ending.cohorts.insert(next.what.cohorts.begin(), next.what.cohorts.end());
    begun.push_back(std::move(next));
  }
  // What they end is written down before it can no longer be found.
  CF_CHECK(committer_->put_endings(begun));
  AnchorRecord next{epoch, crypto::random_key(), anchor_.record().boots, position_.frontier.size(),
                    position_.frontier.root()};
  CF_CHECK(anchor_.prepare(next));
  {
    CF_TRY(const auto pause, readers_.pause(limits::kRotationReaders_ms));
    store::Database& keys = committer_->files().keys;
    auto moved = write_epoch(keys, keyring_, next.secret, epoch, ending);
    if (!moved) {
      const auto stored = stored_epoch(keys);
      if (stored && *stored == anchor_.record().epoch) return moved.error();
      return fail(Code::Corrupt, "keys.db moved on unseen; start the program again");
    }
    keyring_.adopt(*std::move(moved));
    adopt(ending, std::move(begun));
  }
  anchor_.advance(std::move(next));
  wrote_epoch_ = true;
  const auto now = steady_clock::now();
  overwrite_at_ = now + milliseconds(timing_.overwrite_after_ms);
  copy_until_ = overwrite_at_ + milliseconds(limits::kSecondCopyWait_ms);
  second_copy_.ask();
  rotate_at_ = now + milliseconds(timing_.rotate_every_ms);
  log::info("ledger.epoch", {{"epoch", epoch}, {"subjects", ending.subjects.size()}});
  return {};
}

void Writer::adopt(const Ending& ending, std::vector<EndingJob> begun) {
  memory_.leaving.add(ending.subjects);
  memory_.index.forget(ending.subjects);
  memory_.kept.forget(ending.subjects);
  memory_.subjects.fetch_sub(ending.subjects.size());
  for (EndingJob& next : begun) {
    memory_.gone.add(next.lines);
    for (const auto& [first, last] : next.lines)
      for (std::uint64_t seq = first; seq <= last; ++seq) memory_.owners.set(seq, 0);
    const auto at =
        std::find_if(endings_.begin(), endings_.end(), [&](const auto& e) { return e.id == next.id; });
    *at = std::move(next);
    report(*at, std::nullopt);
  }
}

// All of it, and an empty log: the log still holds what was overwritten in the file.
Status Writer::empty_log(store::Database& database) {
  CF_TRY(const auto pause, readers_.pause(limits::kRotationReaders_ms));
  CF_TRY(const auto figures, database.checkpoint(store::Checkpoint::Truncate));
  (void)figures;
  // Pages as they were before are still in the caches of this connection and of every reader's.
  readers_.close();
  return database.exec("PRAGMA shrink_memory");
}

Status Writer::end_epoch() {
  CF_CHECK(empty_log(committer_->files().keys));
  CF_CHECK(keys_cache_.drop());
  CF_CHECK(check_epoch(committer_->files().keys.path(), anchor_.record().secret, anchor_.record().epoch,
                       wrote_epoch_ ? &keyring_ : nullptr));
  CF_CHECK(anchor_.erase_leftover());
  gone_at_ = clock_.now();
  log::info("ledger.epoch_ended", {{"epoch", anchor_.record().epoch - 1}});
  return finish_endings();
}

// Before the rows say Ended: a power cut in between only writes them again.
Status Writer::write_notices(const std::vector<EndingJob>& ended) {
  std::vector<ItemChange> items;
  for (const EndingJob& ending : ended) {
    CF_TRY(auto notices, notices_of(keyring_.roots(), ending));
    std::move(notices.begin(), notices.end(), std::back_inserter(items));
  }
  std::vector<const ItemChange*> changes;
  for (const ItemChange& item : items) changes.push_back(&item);
  return committer_->put_items(changes);
}

Status Writer::finish_endings() {
  std::vector<EndingJob> ended;
  for (const EndingJob& ending : endings_) {
    if (!is_in(ending, EndingJob::State::Ending)) continue;
    ended.push_back(ending);
    ended.back().state = EndingJob::State::Ended;
    // Without a time of its own it was overwritten before this start.
    ended.back().gone_at = gone_at_ == 0 ? clock_.now() : gone_at_;
  }
  if (ended.empty()) return {};
  CF_CHECK(write_notices(ended));
  CF_CHECK(committer_->delete_lines(ended));
  CF_CHECK(empty_log(committer_->files().ledger));
  for (const EndingJob& next : ended) {
    const auto at =
        std::find_if(endings_.begin(), endings_.end(), [&](const auto& e) { return e.id == next.id; });
    *at = next;
    report(*at, std::nullopt);
  }
  return {};
}

void Writer::report(const EndingJob& ending, std::optional<std::uint64_t> tombstone) {
  memory_.endings.set(ending.id, report_of(ending, tombstone));
}

// All that ended since the last time, together, so that no tombstone says which lines were one person's. A
// job without a line of its own is done with the next tombstone there is.
std::vector<Tombstone> Writer::due_tombstones() const {
  std::vector<Tombstone> out;
  std::vector<EndingJob> done;
  for (const auto kind : {EndingJob::Kind::Erase, EndingJob::Kind::Expire}) {
    proof::RangeSet lines;
    std::uint64_t epoch = 0;
    for (const EndingJob& ending : endings_) {
      if (ending.kind != kind || !is_in(ending, EndingJob::State::Ended)) continue;
      done.push_back(ending);
      epoch = std::max(epoch, ending.epoch);
      for (const auto& [first, last] : ending.lines) lines.add(first, last);
    }
    const Ranges ranges = lines.ranges();
    for (std::size_t at = 0; at < ranges.size(); at += limits::kTombstoneRangesMax) {
      const std::size_t end = std::min(at + limits::kTombstoneRangesMax, ranges.size());
      out.push_back(tombstone_of(kind, epoch,
                                 {ranges.begin() + static_cast<std::ptrdiff_t>(at),
                                  ranges.begin() + static_cast<std::ptrdiff_t>(end)}));
    }
  }
  if (!out.empty()) out.back().jobs = std::move(done);
  return out;
}

Tombstone Writer::tombstone_of(EndingJob::Kind kind, std::uint64_t epoch, Ranges lines) const {
  json::Array seqs;
  for (const auto& [first, last] : lines) seqs.emplace_back(json::Array{first, last});
  json::Object body{{"anchor", anchor_kind_}, {"epoch", epoch}, {"seqs", std::move(seqs)}};
  if (kind == EndingJob::Kind::Expire)
    return {{consent::EventType::ExpireDone, json::Value(std::move(body))}, std::move(lines), {}};
  body.emplace("mode", "destroy");
  return {{consent::EventType::EraseDone, json::Value(std::move(body))}, std::move(lines), {}};
}

void Writer::bury(const Plan& plan) {
  std::vector<std::int64_t> buried;
  for (const auto& planned : plan.tombstones()) {
    for (const EndingJob& job : planned.tombstone->jobs) {
      const auto at =
          std::find_if(endings_.begin(), endings_.end(), [&](const auto& e) { return e.id == job.id; });
      if (at == endings_.end()) continue;
      report(*at, planned.seq);
      endings_.erase(at);
      buried.push_back(job.id);
    }
  }
  if (const auto status = committer_->forget_job_keys(buried); !status)
    log::warning("ledger.job_keys", {{"error", status.error().message()}});
}

}  // namespace counterfoil::ledger
