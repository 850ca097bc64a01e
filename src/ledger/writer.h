// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The one thread that writes. Jobs queue up while a commit is under way and go together into the next one
// (group commit), so that many callers share one sync. It also copies the write-ahead logs back, and keeps
// the anchor's high-water mark. Thread rule: run() from any thread; the rest from the owner.
#pragma once

#include "base/seams.h"
#include "ledger/anchor_record.h"
#include "ledger/commit.h"
#include "ledger/head.h"
#include "ledger/job.h"
#include "ledger/plan.h"
#include "ledger/reserve.h"

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
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
    ErasableAnchor* anchor = nullptr;
    AnchorRecord anchor_record;
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

  Reserve reserve_;
  const std::unique_ptr<Committer> committer_;
  Keyring& keyring_;
  Memory& memory_;
  Head& head_;
  const Clock& clock_;
  ErasableAnchor& anchor_;
  AnchorRecord anchor_record_;
  Position position_;
  bool position_known_ = true;
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
