// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Read-only connections to the three files with their prepared statements, and the small pool that lends
// them. Thread rule: ReaderPool from any thread; a Reader belongs to whoever holds its Lease. A lease is held
// for one short reading: open snapshots hold back the writer's checkpoint.
#pragma once

#include "ledger/files.h"
#include "ledger/keyring.h"
#include "ledger/memory.h"
#include "ledger/record.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace counterfoil::ledger {

/// A leaf as stored; bytes is absent once it was deleted, payload for events about the log as well.
struct LeafRow {
  std::uint64_t seq = 0;
  Hash hash{};
  std::optional<Handle> h;
  std::optional<std::string> bytes;
  std::optional<PayloadRow> payload;
};

class Reader {
 public:
  static Result<std::unique_ptr<Reader>> open(const std::string& folder);

  // Subjects; each fails with NotFound.
  Result<SubjectRow> subject(Ordinal n);
  Result<SubjectRow> subject(const consent::SubjectId& id);
  Result<SubjectRow> subject_by_link(const Handle& link);
  /// Up to limits::kReadChunk_rows rows with n in [first, last], ascending.
  Result<std::vector<SubjectRow>> subjects(Ordinal first, Ordinal last);

  /// Ordinal of the newest subject, 0 when there is none.
  Result<std::uint64_t> last_subject();

  Result<LeafRow> leaf(std::uint64_t seq);  // NotFound
  Result<std::optional<LeafRow>> leaf_by_h(const Handle& h);
  Result<std::optional<std::uint64_t>> seq_by_h(const Handle& h);
  /// Leaves [start, end) with their payloads, ascending.
  Result<std::vector<LeafRow>> leaves(std::uint64_t start, std::uint64_t end);
  /// Hashes of leaves [start, end); shorter when the log is.
  Result<std::vector<Hash>> leaf_hashes(std::uint64_t start, std::uint64_t end);
  /// Of leaves [0, size): those that are there, those in somebody's chain, and those that are in a chain but
  /// about the log, or about a person but in no chain.
  struct LeafCounts {
    std::uint64_t all = 0, chained = 0, misplaced = 0;
  };
  Result<LeafCounts> count_leaves(std::uint64_t size);
  /// Those of leaves [0, size) that say what must be kept or may not be used, or that it is so no longer.
  Result<std::vector<std::uint64_t>> lines_about_keeping(std::uint64_t size);
  /// An ending that is complete; NotFound.
  Result<EndingReport> ended(std::int64_t id);
  /// Root of a complete subtree with 2^level leaves, level 8, 16, ….
  Result<Hash> node(unsigned level, std::uint64_t n);

  Result<Bytes> item(std::string_view kind, const Handle& id);  // NotFound
  struct ItemRow {
    Handle id{};
    Bytes sealed;
  };
  Result<std::vector<ItemRow>> items(std::string_view kind);

  Files& files() { return files_; }

 private:
  struct Statements;
  explicit Reader(Files files);
  Status prepare();

  Files files_;
  std::unique_ptr<Statements> st_;

 public:
  ~Reader();
};

class ReaderPool {
 public:
  explicit ReaderPool(std::string folder) : folder_(std::move(folder)) {}

  class Lease {
   public:
    Lease(ReaderPool& pool, std::unique_ptr<Reader> reader) : pool_(&pool), reader_(std::move(reader)) {}
    Lease(Lease&& o) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() {
      if (reader_) pool_->give_back(std::move(reader_));
    }
    Reader* operator->() { return reader_.get(); }
    Reader& operator*() { return *reader_; }

   private:
    ReaderPool* pool_;
    std::unique_ptr<Reader> reader_;
  };

  /// Waits at most limits::kReaderWait_ms for one of limits::kReadersMax. Fails with Busy, or as opening
  /// does.
  Result<Lease> lease();
  /// Closes the idle ones; during a pause, or when nobody reads any more.
  void close();

  /// As long as it lives nobody reads.
  class Pause {
   public:
    explicit Pause(ReaderPool& pool) : pool_(&pool) {}
    Pause(Pause&& o) noexcept : pool_(std::exchange(o.pool_, nullptr)) {}
    Pause& operator=(Pause&&) = delete;
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;
    ~Pause() {
      if (pool_ != nullptr) pool_->resume();
    }

   private:
    ReaderPool* pool_;
  };
  /// Lets nobody begin, and waits until those who read have finished. Fails with Busy.
  Result<Pause> pause(int timeout_ms);

 private:
  friend class Lease;
  void give_back(std::unique_ptr<Reader> reader);
  void resume();

  const std::string folder_;
  std::mutex mutex_;
  std::condition_variable freed_;
  // Guarded by mutex_:
  std::vector<std::unique_ptr<Reader>> idle_;
  std::size_t lent_ = 0;
  bool paused_ = false;
};

}  // namespace counterfoil::ledger
