// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What ends: people who ask for it, and cohorts whose time has come. Here it is only recorded; epochs.cpp
// does it.
#include "base/limits.h"
#include "base/log.h"
#include "counterfoil/proof/jws.h"
#include "crypto/crypto.h"
#include "ledger/file_ledger.h"
#include "ledger/key_tree.h"

#include <algorithm>

namespace counterfoil::ledger {
namespace {

// Where desk.db keeps when the ledger last looked at what is due.
constexpr std::string_view kSweepKind = "ledger";
constexpr std::string_view kSweepId = "sweep";

NewEnding new_ending(EndingJob::Kind kind) {
  NewEnding out;
  out.job.id = new_row_number();
  out.job.kind = kind;
  out.key = crypto::random_key();
  return out;
}

}  // namespace

Result<std::int64_t> FileLedger::erase(const std::vector<consent::SubjectId>& subjects,
                                       const consent::EraseBody& body, const Retention& retention,
                                       const std::vector<consent::RecipientId>& recipients) {
  if (subjects.empty()) return fail(Code::BadInput, "an erasure names at least one submission");
  if (subjects.size() > limits::kErasureSubjectsMax)
    return fail(Code::Limit, "too many submissions in one erasure");
  CF_CHECK(wait_ready(limits::kIndexWait_ms));
  const std::lock_guard one_at_a_time(keeping_mutex_);
  const Instant now = head_.certain_now(*options_.clock);
  Job job;
  NewEnding ending = new_ending(EndingJob::Kind::Erase);
  std::vector<consent::Address> stopped;
  {
    CF_TRY(auto reader, readers_.lease());
    for (const auto& id : subjects) {
      CF_TRY(const auto known, know(*reader, id));
      CF_TRY(auto draft, next_event(known, body, retention));
      job.events.push_back(std::move(draft));
      for (const auto& address : known.identity.addresses) {
        job.tags.push_back({suppression_tag(keyring_.roots().supp, address), body.by});
        stopped.push_back(address);
      }
      const Ordinal n = static_cast<Ordinal>(known.found.row.n);
      ending.job.what.subjects.insert(n);
      for (const auto& recipient : recipients)
        ending.job.notices.push_back({recipient, handle_for(known.found.key, recipient)});
      ending.job.held |= known.state.held_until() > now || memory_.kept.is_held(n, now);
    }
  }
  const std::int64_t id = ending.job.id;
  job.endings.push_back(std::move(ending));
  CF_CHECK(writer_->run(std::move(job)));
  // Other submissions may name the same addresses; their recipients have no tags. Not at the next pull only:
  // until then the addresses would stay in memory.
  for (const auto& address : stopped) follow_earlier_stop({address});
  wake_builder();
  return id;
}

Result<EndingReport> FileLedger::erasure(std::int64_t id) const {
  if (const auto report = memory_.endings.of(id)) return *report;
  CF_TRY(auto reader, readers_.lease());
  return reader->ended(id);
}

std::vector<Retention> FileLedger::due(Instant now) const {
  // "2028-11-22" is over when a later day has begun, "2028-11" when a later month has: names of one length
  // compare like the days they name.
  const std::string today = rfc3339(now);
  std::vector<Retention> out;
  for (const auto& [id, retention] : keyring_.cohorts()) {
    const std::string_view present = std::string_view(today).substr(0, retention.cohort.size());
    if (retention.cohort < present) out.push_back(retention);
  }
  return out;
}

// Deletion cannot be undone, so the clock must be trusted, and must not have leapt.
Status FileLedger::check_leap(bool clock_is_right) {
  if (clock_state() == ClockState::Untrusted)
    return fail(Code::Refused, "the clock is not trusted: nothing is deleted by schedule until it is set");
  const Instant now = options_.clock->now();
  const auto last = item(kSweepKind, kSweepId);
  if (!last && last.error().code != Code::NotFound) return last.error();
  if (last && !clock_is_right) {
    CF_TRY(const Instant at, last->integer_at("at"));
    if (now - at > limits::kClockJumpMax_s) {
      head_.set_waiting("nothing is deleted by schedule: the clock is " +
                        std::to_string((now - at) / kDay_s) +
                        " days ahead of the last look at what is due; if it is right, run 'counterfoil "
                        "retention run --clock-is-right'");
      return fail(Code::Conflict, head_.waiting());
    }
    if (now - at < limits::kSweepNoted_s) return {};  // an idle box writes next to nothing
  }
  head_.set_waiting({});
  return put_item(kSweepKind, kSweepId, json::Object{{"at", now}});
}

Result<std::int64_t> FileLedger::sweep(bool clock_is_right) {
  CF_CHECK(wait_built(Built::Owners, limits::kIndexWait_ms));
  // A hold that was set after the copy is in nobody's chain now, and what it held cannot be brought back.
  if (head_.unvouched())
    return fail(
        Code::Conflict,
        "a restored log deletes nothing by its schedule before somebody said that what came after the "
        "copy is in again: counterfoil restore --stops-are-in");
  CF_CHECK(check_leap(clock_is_right));
  const auto cohorts = due(options_.clock->now());
  if (cohorts.empty()) return fail(Code::NotFound, "nothing is due");
  move_kept(cohorts);
  return expire(cohorts);
}

void FileLedger::keep_house() {
  const auto warn = [](std::string_view what, const Error& error) {
    log::warning(what, {{"error", error.message()}});
  };
  const auto swept = sweep(false);
  if (!swept && swept.error().code != Code::NotFound) warn("ledger.sweep_waits", swept.error());
  if (const auto retired = retire_log_key(); !retired) warn("ledger.log_key_stays", retired.error());
  if (std::chrono::steady_clock::now() >= copy_at_) copy_keys_elsewhere();
  const std::int64_t day = options_.clock->now() / kDay_s;
  if (day == buried_on_) return;
  if (const auto buried = write_tombstones(); !buried) return warn("ledger.tombstones", buried.error());
  buried_on_ = day;
}

// Never over a better copy: of a keys.db with a key missing, the copy may be the newest that has it.
void FileLedger::copy_keys_elsewhere() {
  if (!head_.checked() || head_.read_only()) return;
  copy_at_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(limits::kLedgerIdle_ms);
  second_copy_.ask();
}

Result<std::int64_t> FileLedger::expire(const std::vector<Retention>& cohorts) {
  NewEnding ending = new_ending(EndingJob::Kind::Expire);
  for (const Retention& retention : cohorts) {
    const auto id = keyring_.cohort_id(retention);
    if (!id) return fail(Code::NotFound, "no such retention cohort");
    ending.job.what.cohorts.insert(*id);
  }
  if (ending.job.what.cohorts.empty()) return fail(Code::BadInput, "nothing is due");
  const std::int64_t id = ending.job.id;
  Job job;
  job.endings.push_back(std::move(ending));
  CF_CHECK(writer_->run(std::move(job)));
  return id;
}

// A proof of an address joins the submissions that have it.
Result<std::vector<consent::SubjectId>> FileLedger::joined(const consent::SubjectId& id) const {
  CF_CHECK(wait_ready(limits::kIndexWait_ms));
  CF_TRY(auto reader, readers_.lease());
  CF_TRY(auto row, reader->subject(id));
  CF_TRY(const auto found, open_row(std::move(row)));
  CF_TRY(const auto state, fold(*reader, found.key));
  std::vector<consent::SubjectId> out = {id};
  for (const auto& address : state.addresses) {
    if (address.proof == consent::Evidence::Claimed) continue;
    for (const Ordinal n : memory_.index.by_address(address)) {
      auto other_row = reader->subject(n);
      if (!other_row) continue;
      const auto other = open_row(*std::move(other_row));
      if (!other || std::find(out.begin(), out.end(), other->row.id) != out.end()) continue;
      const auto other_state = fold(*reader, other->key);
      if (other_state && other_state->proof_of(address) > consent::Evidence::Claimed)
        out.push_back(other->row.id);
    }
  }
  return out;
}

Result<std::string> FileLedger::sign(std::string_view typ, const json::Value& statement) const {
  const auto signers = keyring_.signers();
  if (signers.empty()) return fail(Code::Crypto, "keys.db has no key that the log knows");
  const auto& key = *signers.back();
  return proof::sign_jws(
      statement, typ, {keyring_.origin(), key.spki()},
      [&](std::string_view message) -> Result<Bytes> { return key.sign(as_bytes(message)); });
}

Status FileLedger::write_tombstones() {
  Job job;
  job.bury = true;
  CF_CHECK(writer_->run(std::move(job)));
  return {};
}

}  // namespace counterfoil::ledger
