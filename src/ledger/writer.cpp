// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "ledger/writer.h"

#include "base/limits.h"
#include "base/log.h"
#include "base/stack.h"

#include <algorithm>
#include <chrono>

#ifndef CF_VERSION
#error "the build passes CF_VERSION"
#endif

namespace counterfoil::ledger {
namespace {

constexpr std::int64_t kPage_bytes = 1024;

Error read_only_error(const Head& head) {
  return fail(Code::Corrupt, "the ledger is read-only: " + head.trouble());
}

// What the disk that was put aside is for: a stop in any of its forms, and what starting and proving need.
bool may_use_reserve(const Job& job) {
  using consent::EventType;
  const auto is_urgent = [](const PersonDraft& draft) {
    return draft.type == EventType::Stop || draft.type == EventType::Withdraw;
  };
  const auto is_boot = [](const LogDraft& draft) {
    return draft.type == EventType::SysBoot || draft.type == EventType::SysMeta;
  };
  return job.items.empty() && job.endings.empty() && !job.bury &&
         std::all_of(job.events.begin(), job.events.end(), is_urgent) &&
         std::all_of(job.log_events.begin(), job.log_events.end(), is_boot);
}

}  // namespace

Writer::Writer(Parts parts)
    : reserve_(parts.folder),
      committer_(std::move(parts.committer)),
      keyring_(*parts.keyring),
      memory_(*parts.memory),
      head_(*parts.head),
      clock_(*parts.clock),
      readers_(*parts.readers),
      keys_cache_(*parts.keys_cache),
      second_copy_(*parts.second_copy),
      anchor_kind_(std::move(parts.anchor_kind)),
      timing_(parts.timing),
      anchor_(std::move(parts.anchor)),
      endings_(std::move(parts.endings)),
      overwrite_at_(std::chrono::steady_clock::now() + std::chrono::milliseconds(timing_.overwrite_after_ms)),
      copy_until_(overwrite_at_ + std::chrono::milliseconds(limits::kSecondCopyWait_ms)),
      rotate_at_(std::chrono::steady_clock::now()),
      position_(std::move(parts.position)),
      backlogs_{Backlog{&committer_->files().keys}, Backlog{&committer_->files().ledger},
                Backlog{&committer_->files().desk}},
      thread_([this] { loop(); }) {}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_all();
  thread_.join();
  if (head_.read_only()) {
    // The log may be the only whole copy: on a disk that lost what it was told, SQLite would delete it now.
    for (const Backlog& backlog : backlogs_) backlog.database->keep_wal();
    return;
  }
  for (Backlog& backlog : backlogs_) copy_back(backlog, store::Checkpoint::Truncate);
  if (const auto status = store_anchor(); !status)
    log::error("ledger.anchor", {{"error", status.error().message()}});
}

Result<Writer::Future> Writer::enqueue(Job job) {
  auto owned = std::make_unique<Job>(std::move(job));
  auto future = owned->done.get_future();
  Error refused = fail(Code::Busy, "the ledger's queue is full");
  {
    const std::lock_guard lock(mutex_);
    if (head_.read_only()) {
      refused = read_only_error(head_);
    } else if (stopping_) {
      refused = fail(Code::NotReady, "the ledger is closing");
    } else if (queue_.size() < limits::kWriterQueueMax) {
      queue_.push_back(std::move(owned));
    }
  }
  if (!owned) {
    work_.notify_one();
    return future;
  }
  for (const NewSubject& subject : owned->subjects) memory_.index.release_code(subject.code);
  return refused;
}

Result<std::vector<Committed>> Writer::run(Job job) {
  CF_TRY(auto future, enqueue(std::move(job)));
  if (future.wait_for(std::chrono::milliseconds(limits::kCommitDeadline_ms)) != std::future_status::ready)
    return fail(Code::Timeout, "the ledger did not record it in time");
  try {
    return future.get();
  } catch (const std::future_error&) {
    return fail(Code::Internal, "the ledger's writer gave the job up");
  }
}

Status Writer::post(Job job) {
  CF_TRY(const auto future, enqueue(std::move(job)));
  return {};
}

// A signature costs more than all the rest of an opt-in, so one is made when somebody asks for it (a receipt,
// a pull), and otherwise once for many leaves.
bool Writer::checkpoint_is_due(const Plan& plan) const {
  const std::uint64_t unsigned_leaves = plan.position().frontier.size() - head_.newest().size;
  return unsigned_leaves >= limits::kCheckpointKept_leaves || (unsigned_leaves > 0 && is_stale());
}

bool Writer::is_stale() const {
  return std::chrono::steady_clock::now() - signed_at_ >=
         std::chrono::milliseconds(limits::kCheckpointAfter_ms);
}

Writer::Group Writer::next_group() {
  const bool unsigned_leaves = !head_.read_only() && position_.frontier.size() > head_.newest().size;
  int wait_ms = unsigned_leaves ? limits::kCheckpointAfter_ms : limits::kLedgerIdle_ms;
  if (head_.disk_full()) wait_ms = limits::kStopReserveRetry_ms;
  auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(wait_ms);
  bool epoch_first = false;
  if (const auto step = next_epoch_step(); step && *step < until) {
    until = *step;
    epoch_first = true;
  }
  std::unique_lock lock(mutex_);
  const bool work = work_.wait_until(lock, until, [this] { return stopping_ || !queue_.empty(); });
  if (!work && epoch_first) return {};
  Group group;
  // Not while closing: the next start signs, and a disk that refuses must not hold the end up.
  if (queue_.empty() && unsigned_leaves && !stopping_ && !head_.disk_full()) {
    group.push_back(std::make_unique<Job>());
    group.back()->sign = true;
    return group;
  }
  while (!queue_.empty() && group.size() < limits::kGroupCommitMax) {
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return group;
}

void Writer::loop() {
  auto housekeeping = std::chrono::steady_clock::now();
  while (true) {
    Group group = next_group();
    if (group.empty()) {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      if (head_.disk_full()) head_.set_disk_full(!reserve_.hold());
    } else {
      commit_walled(std::move(group));
    }
    step_epoch();
    burn_stack();
    const auto now = std::chrono::steady_clock::now();
    if (now - housekeeping >= std::chrono::milliseconds(limits::kLedgerIdle_ms)) {
      housekeeping = now;
      hourly();
    }
  }
}

// An exception (no memory, as a rule) costs the group, never the thread: what the files hold is read anew.
void Writer::commit_walled(Group group) {
  try {
    commit_group(std::move(group));
  } catch (const std::exception& e) {
    position_known_ = false;
    log::error("ledger.writer_exception", {{"what", e.what()}});
  }
}

void Writer::commit_group(Group group) {
  std::vector<Planned> planned;
  if (head_.read_only()) {
    for (const auto& job : group) planned.push_back({job.get(), {}});
    return fail_group(planned, read_only_error(head_));
  }
  if (!reserve_.hold())
    group = only_urgent(std::move(group), fail(Code::DiskFull, "the room that is left is kept for stops"));
  if (head_.incomplete())
    group = only_urgent(std::move(group),
                        fail(Code::Corrupt, "only stops are recorded: " + head_.why_incomplete()));
  head_.set_disk_full(!reserve_.held());
  if (group.empty()) return;
  if (!position_known_) recover(fail(Code::Io));
  if (!position_known_) {
    for (const auto& job : group) planned.push_back({job.get(), {}});
    return fail_group(planned, fail(Code::Io, "the ledger cannot be read at the moment"));
  }
  Plan plan(
      keyring_, clock_, position_, [this](const Key& subject) { return committer_->events_of(subject); },
      [this](unsigned level, std::uint64_t n) { return committer_->stored_node(level, n); });
  plan.leave_out(memory_.leaving);
  // First, so that what they tell is true of all lines before theirs.
  std::stable_partition(group.begin(), group.end(), [](const auto& job) { return job->state; });
  std::string told;
  bool buried = false;
  for (const auto& job : group) {
    if (job->state) tell_state(*job, told);
    if (job->bury && !buried) {
      job->tombstones = due_tombstones();
      buried = true;
    }
    auto committed = plan.add(*job);
    if (committed) {
      planned.push_back({job.get(), *std::move(committed)});
    } else {
      fail_group({{job.get(), {}}}, committed.error());
    }
  }
  if (checkpoint_is_due(plan)) plan.ask_for_checkpoint();
  std::string note;
  const Status status = plan.soundness() ? write(plan, note) : plan.soundness();
  if (!status) {
    recover(status.error());
    if (status.error().code == Code::DiskFull && reserve_.held())
      return use_reserve(std::move(group), planned, status.error());
    return fail_group(planned, status.error());
  }
  publish(plan, note);
  if (!told.empty()) told_ = std::move(told);
  const Status desk = committer_->write_desk(plan);
  if (!desk) log::error("ledger.desk_failed", {{"error", desk.error().message()}});
  for (auto& [job, committed] : planned) {
    if (!desk && !job->items.empty()) {
      job->done.set_value(desk.error());
    } else {
      job->done.set_value(std::move(committed));
    }
  }
  count_backlog(plan);
}

// What must only grow, and what no outsider can count.
void Writer::tell_state(Job& job, std::string& told) const {
  std::erase_if(job.log_events, [](const LogDraft& d) { return d.type == consent::EventType::SysMeta; });
  const json::Value body =
      json::Object{{"anchor", anchor_kind_},
                   {"boots", anchor_.record().boots},
                   {"epoch", anchor_.record().epoch},
                   {"supp_digest", base64url(memory_.suppressions.digest(keyring_.roots().supp))},
                   {"version", CF_VERSION}};
  const auto text = json::write(body);
  if (!text || *text == (told.empty() ? told_ : told)) return;
  told = *text;
  job.log_events.push_back({consent::EventType::SysMeta, body});
}

// The disk is full: what was put aside is for the stops among these jobs, the others fail.
void Writer::use_reserve(Group group, const std::vector<Planned>& planned, const Error& error) {
  reserve_.release();
  head_.set_disk_full(true);
  log::error("ledger.disk_full");
  Group urgent;
  for (const Planned& p : planned) {
    if (!may_use_reserve(*p.job)) {
      fail_group({{p.job, {}}}, error);
      continue;
    }
    const auto owner =
        std::find_if(group.begin(), group.end(), [&](const auto& job) { return job.get() == p.job; });
    urgent.push_back(std::move(*owner));
  }
  if (!urgent.empty()) commit_group(std::move(urgent));
}

Writer::Group Writer::only_urgent(Group group, const Error& refusal) {
  Group urgent;
  for (auto& job : group) {
    if (may_use_reserve(*job)) {
      urgent.push_back(std::move(job));
    } else {
      fail_group({{job.get(), {}}}, refusal);
    }
  }
  return urgent;
}

Status Writer::write(const Plan& plan, std::string& note) {
  CF_CHECK(committer_->write_keys(plan));
  // From now on these keys are in keys.db, whatever becomes of the events: a key without an event is swept
  // away at the next start.
  adopt_keys(plan);
  CF_TRY(note, committer_->write_log(plan));
  return {};
}

void Writer::adopt_keys(const Plan& plan) {
  for (const auto& [b, key] : plan.buckets()) keyring_.add_bucket(b, key.clone());
  for (const auto& cohort : plan.cohorts())
    keyring_.add_cohort(cohort.id, cohort.retention, cohort.key.clone());
  if (plan.new_log_key()) keyring_.add_log_key(plan.new_log_key());
}

void Writer::publish(const Plan& plan, const std::string& note) {
  position_ = plan.position();
  if (plan.touches_log()) {
    commits_.fetch_add(1);
    head_.set_trusted_t(position_.trusted_t);
    head_.set_size(position_.frontier.size());
  }
  if (!plan.key_line().empty()) {
    if (const auto followed = keyring_.follow(plan.key_line()); !followed)
      head_.turn_read_only(followed.error().message());
  }
  if (!note.empty()) {
    head_.set_newest(position_.frontier.size(), note);
    signed_at_ = std::chrono::steady_clock::now();
  }
  for (const PlannedLeaf& leaf : plan.leaves()) {
    if (leaf.owner != 0) memory_.owners.set(leaf.seq, leaf.owner);
  }
  for (const KeptChange& change : plan.kept()) memory_.kept.set(change.n, change.terms);
  for (const Tag& tag : plan.tags()) memory_.suppressions.add(tag.handle, tag.by);
  for (const PlannedSubject& subject : plan.subjects()) {
    const auto n = static_cast<Ordinal>(subject.n);
    for (const auto& address : subject.subject->addresses) memory_.index.add_address(address, n);
    if (!subject.subject->code.empty()) {
      memory_.index.add_code(subject.subject->code, n);
      memory_.index.release_code(subject.subject->code);
    }
  }
  for (const NewEnding* ending : plan.endings()) {
    if (!ending->job.held) {
      memory_.leaving.add(ending->job.what.subjects);
      memory_.index.forget(ending->job.what.subjects);
    }
    endings_.push_back(ending->job);
    report(ending->job, std::nullopt);
  }
  if (!plan.tombstones().empty()) bury(plan);
  memory_.subjects.fetch_add(plan.subjects().size());
  memory_.subjects.fetch_sub(plan.orphans().size());
}

void Writer::fail_group(const std::vector<Planned>& planned, const Error& error) {
  for (const auto& [job, committed] : planned) {
    for (const NewSubject& subject : job->subjects) memory_.index.release_code(subject.code);
    job->done.set_value(error);
  }
}

// After a failed commit the files say where the log stands, not the memory.
void Writer::recover(const Error& error) {
  if (error.code == Code::Corrupt || error.code == Code::Crypto) {
    head_.turn_read_only(error.message());
    log::error("ledger.read_only", {{"error", error.message()}});
    return;
  }
  auto position = committer_->position();
  position_known_ = position.has_value();
  if (position) {
    const auto next_subject = std::max(position_.next_subject, position->next_subject);
    position_ = *std::move(position);
    position_.next_subject = next_subject;
  } else if (position.error().code == Code::Corrupt) {
    head_.turn_read_only(position.error().message());
  }
  log::error("ledger.commit_failed", {{"error", error.message()}, {"readable", position_known_ ? 1 : 0}});
}

void Writer::count_backlog(const Plan& plan) {
  if (plan.touches_keys()) ++backlogs_[0].commits;
  if (plan.touches_log()) ++backlogs_[1].commits;
  if (plan.touches_desk()) ++backlogs_[2].commits;
  for (Backlog& backlog : backlogs_) {
    const std::int64_t pages = backlog.database->wal_pages() - backlog.pages_left;
    if (backlog.commits >= limits::kCommitsBeforeCheckpoint ||
        pages * kPage_bytes >= limits::kWalBytesBeforeCheckpoint)
      copy_back(backlog, store::Checkpoint::Passive);
  }
}

void Writer::copy_back(Backlog& backlog, store::Checkpoint mode) {
  backlog.commits = 0;
  const auto figures = backlog.database->checkpoint(mode);
  if (!figures) log::warning("ledger.copy_back", {{"error", figures.error().message()}});
  // A reader in the way keeps the log from starting over; then it may grow as much again before the next try.
  const bool whole = figures && figures->copied_pages == figures->wal_pages;
  backlog.pages_left = whole ? 0 : backlog.database->wal_pages();
}

// All that an idle ledger writes but for the note of its last sweep, and only when something was recorded
// since.
void Writer::hourly() {
  if (head_.read_only() || anchor_.record().size == position_.frontier.size()) return;
  for (Backlog& backlog : backlogs_) copy_back(backlog, store::Checkpoint::Passive);
  if (const auto status = store_anchor(); !status)
    log::error("ledger.anchor", {{"error", status.error().message()}});
}

Status Writer::store_anchor() {
  if (anchor_.record().size == position_.frontier.size()) return {};
  return anchor_.update(anchor_.record().boots, position_.frontier.size(), position_.frontier.root());
}

}  // namespace counterfoil::ledger
