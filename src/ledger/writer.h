// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The one thread that writes. Jobs queue up while a commit is under way and go together into the next one
// (group commit), so that many callers share one sync. It also copies the write-ahead logs back, and keeps
// the anchor's high-water mark. Thread rule: run() from any thread; the rest from the owner.
#pragma once

#include "base/seams.h"
#include "ledger/anchor.h"
#include "ledger/commit.h"
#include "ledger/head.h"
#include "ledger/job.h"
#include "ledger/plan.h"
#include "ledger/reader.h"
#include "ledger/reserve.h"
#include "ledger/second_copy.h"
#include "store/page_cache.h"

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace counterfoil::ledger {

class Writer {
 public:
  struct Parts {
    std::string folder;
    std::unique_ptr<Committer> committer;
    Keyring* keyring = nullptr;
    Memory* memory = nullptr;
    Head* head = nullptr;
    const Clock* clock = nullptr;
    ReaderPool* readers = nullptr;
    const store::PageCache* keys_cache = nullptr;
    SecondCopy* second_copy = nullptr;
    std::string anchor_kind;
    Anchor anchor;
    std::vector<EndingJob> endings;
    Timing timing;
    Position position;
  };
  explicit Writer(Parts parts);
  /// Finishes what is queued, copies the write-ahead logs back and closes the files.
  ~Writer();

  /// Queues the job and waits until it is durable, at most limits::kCommitDeadline_ms. Fails with Busy (queue
  /// full), Timeout, Corrupt (read-only), or as the commit did.
  Result<std::vector<Committed>> run(Job job);
  /// The same without waiting for the result.
  Status post(Job job);

  /// Commits of ledger.db so far, for figures.
  [[nodiscard]] std::uint64_t commits() const { return commits_.load(); }

 private:
  using Time = std::chrono::steady_clock::time_point;
  using Group = std::vector<std::unique_ptr<Job>>;
  using Future = std::future<Result<std::vector<Committed>>>;
  struct Planned {
    Job* job;
    std::vector<Committed> committed;
  };
  /// What one write-ahead log holds since it was copied back.
  struct Backlog {
    store::Database* database;
    unsigned commits = 0;
    std::int64_t pages_left = 0;  // that a reader kept from being copied
  };

  Result<Future> enqueue(Job job);
  void loop();
  Group next_group();
  [[nodiscard]] bool checkpoint_is_due(const Plan& plan) const;
  [[nodiscard]] bool is_stale() const;
  void commit_walled(Group group);
  void commit_group(Group group);
  void tell_state(Job& job, std::string& told) const;
  void use_reserve(Group group, const std::vector<Planned>& planned, const Error& error);
  Group only_urgent(Group group, const Error& refusal);
  Status write(const Plan& plan, std::string& note);
  void adopt_keys(const Plan& plan);
  void publish(const Plan& plan, const std::string& note);
  void fail_group(const std::vector<Planned>& planned, const Error& error);
  void recover(const Error& error);
  void count_backlog(const Plan& plan);
  static void copy_back(Backlog& backlog, store::Checkpoint mode);
  void hourly();
  Status store_anchor();

  // Epochs (epochs.cpp)
  [[nodiscard]] std::optional<Time> next_epoch_step() const;
  void step_epoch();
  bool waits_for_copy();
  Status begin_epoch();
  Status end_epoch();
  Status finish_endings();
  Status write_notices(const std::vector<EndingJob>& ended);
  Status empty_log(store::Database& database);
  [[nodiscard]] bool is_ready(const EndingJob& ending) const;
  Status leave_kept_cohorts(EndingJob& ending);
  Status find_lines(EndingJob& ending, proof::RangeSet& taken);
  Result<bool> is_ending(std::uint64_t n, const std::set<std::int64_t>& cohorts);
  void adopt(const Ending& ending, std::vector<EndingJob> begun);
  void report(const EndingJob& ending, std::optional<std::uint64_t> tombstone);
  [[nodiscard]] std::vector<Tombstone> due_tombstones() const;
  [[nodiscard]] Tombstone tombstone_of(EndingJob::Kind kind, std::uint64_t epoch, Ranges lines) const;
  void bury(const Plan& plan);

  Reserve reserve_;
  const std::unique_ptr<Committer> committer_;
  Keyring& keyring_;
  Memory& memory_;
  Head& head_;
  const Clock& clock_;
  ReaderPool& readers_;
  const store::PageCache& keys_cache_;
  SecondCopy& second_copy_;
  const std::string anchor_kind_;
  const Timing timing_;
  Anchor anchor_;
  std::vector<EndingJob> endings_;
  Time overwrite_at_;         // not before
  Time copy_until_;           // a second copy is waited for no longer
  Time rotate_at_;            // not before
  Instant gone_at_ = 0;       // of the newest epoch that ended
  bool wrote_epoch_ = false;  // the newest one, in this process
  Position position_;
  bool position_known_ = true;
  std::string told_;  // body of the newest sys.meta since the start
  std::chrono::steady_clock::time_point signed_at_ = std::chrono::steady_clock::now();
  std::array<Backlog, 3> backlogs_;
  std::atomic<std::uint64_t> commits_{0};

  std::mutex mutex_;
  std::condition_variable work_;
  // Guarded by mutex_:
  std::deque<std::unique_ptr<Job>> queue_;
  bool stopping_ = false;

  std::thread thread_;  // last: it uses everything above
};

}  // namespace counterfoil::ledger
