// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What memory holds is built here, in the background after each start: first who has which address (then
// checks answer), then whose leaf is whose (then pulls show texts); on the way it is seen whether all events
// are there, and keys without an event, left behind by a power cut, are found and swept. Afterwards the same
// thread writes what follows from stops.
#include "base/limits.h"
#include "base/log.h"
#include "base/stack.h"
#include "ledger/file_ledger.h"
#include "ledger/key_tree.h"

#include <chrono>

namespace counterfoil::ledger {

void FileLedger::set_built(Built what) {
  {
    const std::lock_guard lock(built_mutex_);
    built_ = what;
  }
  built_changed_.notify_all();
}

Status FileLedger::wait_built(Built what, int timeout_ms) const {
  std::unique_lock lock(built_mutex_);
  const bool done =
      built_changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms), [&] { return built_ >= what; });
  if (!done) return fail(Code::NotReady, "starting");
  return {};
}

Status FileLedger::wait_ready(int timeout_ms) const {
  return wait_built(Built::Addresses, timeout_ms);
}

// Rows up to the last subject that was there at the start: later ones the writer enters itself.
Status FileLedger::for_each_subject(Ordinal last,
                                    const std::function<Status(Reader&, const SubjectRow&)>& each) {
  Ordinal next = 1;
  while (next <= last && !closing_) {
    CF_TRY(auto reader, readers_.lease());
    CF_TRY(const auto rows, reader->subjects(next, last));
    if (rows.empty()) break;
    for (const SubjectRow& row : rows) {
      if (closing_) break;
      CF_CHECK(each(*reader, row));
    }
    next = static_cast<Ordinal>(rows.back().n) + 1;
  }
  if (closing_) return fail(Code::NotReady, "closing");
  return {};
}

Status FileLedger::build_addresses(Ordinal last) {
  const Instant now = options_.clock->now();
  std::uint64_t broken = 0;
  CF_CHECK(for_each_subject(last, [&](Reader&, const SubjectRow& row) -> Status {
    memory_.subjects.fetch_add(1);
    if (memory_.leaving.contains(row.n)) return {};
    const auto found = open_row(SubjectRow(row));
    if (!found) {
      ++broken;
      return {};
    }
    const auto n = static_cast<Ordinal>(row.n);
    for (const auto& address : found->card.identity.addresses) memory_.index.add_address(address, n);
    if (!found->card.code.empty() && now < found->card.code_ends) memory_.index.add_code(found->card.code, n);
    return {};
  }));
  if (broken != 0) {
    head_.set_incomplete(std::to_string(broken) +
                         " subject keys do not open; put back the second copy of keys.db");
    log::error("ledger.subjects_damaged", {{"count", broken}});
  }
  return {};
}

Status FileLedger::build_owners(Ordinal last) {
  Job sweep;
  std::uint64_t owned = 0;
  CF_CHECK(for_each_subject(last, [&](Reader& reader, const SubjectRow& row) -> Status {
    const auto key = keyring_.subject_key(row);
    if (!key) return {};
    std::uint64_t event = 0;
    for (; event < limits::kEventsPerSubjectMax; ++event) {
      CF_TRY(const auto seq, reader.seq_by_h(chain_value(*key, event)));
      if (!seq) break;
      memory_.owners.set(*seq, static_cast<Ordinal>(row.n));
      if (*seq < size_at_start_ && !memory_.gone.covers(*seq)) ++owned;
    }
    if (event == 0) sweep.orphans.push_back(static_cast<Ordinal>(row.n));
    return {};
  }));
  CF_CHECK(check_chains(owned));
  CF_CHECK(load_kept());
  head_.set_checked();
  copy_keys_elsewhere();
  // The writer may have been waiting for this with something that is to end.
  if (!head_.read_only()) CF_CHECK(writer_->post(Job{}));
  if (sweep.orphans.empty() || head_.read_only() || head_.incomplete()) return {};
  log::info("ledger.sweep", {{"keys", sweep.orphans.size()}});
  return writer_->post(std::move(sweep));
}

// A chain that ends early, or a person without a key, could be somebody's no: every event must be found from
// the keys, and every line must be in a chain or about the log. An older keys.db beside a newer ledger.db
// shows here as well.
Status FileLedger::check_chains(std::uint64_t owned) {
  CF_TRY(auto reader, readers_.lease());
  CF_TRY(const auto counts, reader->count_leaves(size_at_start_));
  const std::uint64_t gone = memory_.gone.count(size_at_start_);
  std::string why;
  if (counts.all != size_at_start_) {
    why = std::to_string(size_at_start_ - counts.all) + " events are missing";
  } else if (counts.misplaced != 0) {
    why = std::to_string(counts.misplaced) + " events have lost their place";
  } else if (counts.chained != owned + gone) {
    why = "the keys of " + std::to_string(counts.chained - owned - gone) +
          " events are missing; put back the newest keys.db";
  }
  if (why.empty()) return {};
  head_.set_incomplete(why);
  log::error("ledger.incomplete", {{"events", counts.all}, {"chained", counts.chained}, {"owned", owned}});
  return {};
}

void FileLedger::build() {
  try {
    build_index();
    while (!closing_) {
      if (!head_.read_only()) {
        if (const auto written = write_followers(); !written && !closing_)
          log::error("ledger.followers", {{"error", written.error().message()}});
        if (!closing_ && !head_.incomplete()) keep_house();
      }
      burn_stack();
      wait_for_followers(limits::kLedgerIdle_ms);
    }
  } catch (const std::exception& e) {
    head_.note_trouble("the index could not be built");
    log::error("ledger.index", {{"error", e.what()}});
  }
}

void FileLedger::wait_or_close(int timeout_ms) {
  std::unique_lock lock(built_mutex_);
  built_changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms), [this] { return closing_.load(); });
}

void FileLedger::wait_for_followers(int timeout_ms) {
  std::unique_lock lock(built_mutex_);
  built_changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                          [this] { return followers_wanted_ || closing_; });
  followers_wanted_ = false;
}

void FileLedger::wake_builder() {
  {
    const std::lock_guard lock(built_mutex_);
    followers_wanted_ = true;
  }
  built_changed_.notify_all();
}

void FileLedger::build_index() {
  const auto started = std::chrono::steady_clock::now();
  auto status = build_addresses(last_at_start_);
  if (status) {
    set_built(Built::Addresses);
    const auto took = std::chrono::steady_clock::now() - started;
    log::info("ledger.ready", {{"subjects", memory_.subjects.load()},
                               {"ms", std::chrono::duration_cast<std::chrono::milliseconds>(took).count()}});
    status = build_owners(last_at_start_);
  }
  if (status) set_built(Built::Owners);
  if (!status && !closing_) {
    head_.note_trouble("the index could not be built: " + status.error().message());
    log::error("ledger.index", {{"error", status.error().message()}});
  }
}

}  // namespace counterfoil::ledger
