// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// One SQLite file, opened with the settings this product needs and nothing else. SQLiteCpp and sqlite3 stay
// behind this wall; their exceptions end here. Thread rule: a Database and its Statements belong to one
// thread at a time. Exactly one connection in the whole process writes and checkpoints (both Debian SQLites
// carry the WAL-reset bug, which needs two); others open read_only.
//
// Errors of every call: DiskFull (SQLITE_FULL), Refused (READONLY, CANTOPEN, PERM), Busy (BUSY, LOCKED),
// Corrupt (CORRUPT, NOTADB), Conflict (a broken constraint), else Io. Details name the file and SQLite's
// words, never a bound value.
#pragma once

#include "counterfoil/base/bytes.h"
#include "counterfoil/base/result.h"

#include <concepts>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace counterfoil::store {

struct OpenOptions {
  bool read_only = false;
  bool create = false;  // make the file (mode 0600) when absent; the folder must exist
  int page_size_bytes = 1024;
  bool secure_delete = true;
  /// False (psow=0) makes SQLite write whole 4096-byte sectors, so that a torn write cannot hurt an older
  /// commit on media that give no such promise; with 1024-byte pages that is about four times the bytes.
  bool power_safe_overwrite = true;
  /// What stands in the main file alone, without locks and without the WAL: only while nobody copies the WAL
  /// back.
  bool main_file_only = false;
  int busy_timeout_ms = 5000;
  int cache_kib = 1024;  // page cache of this connection
};

enum class Checkpoint {
  Passive,   // as much as possible without waiting for readers
  Truncate,  // all of it, then an empty WAL file; Busy when a reader is in the way
};
struct CheckpointFigures {
  std::int64_t wal_pages = 0;     // in the WAL before
  std::int64_t copied_pages = 0;  // of these now in the file
};

class Connection;  // private to the module

/// A prepared statement. May be kept for as long as its owner likes, also beyond the Database object.
/// Usage: st.reset().bind(1, seq).bind(2, hash); CF_TRY(const bool row, st.step());
class Statement {
 public:
  Statement(Statement&& o) noexcept;
  Statement& operator=(Statement&& o) noexcept;
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement();

  /// Back to before the first row; bindings are cleared. A statement that still has a row holds a snapshot,
  /// and with it the checkpoint: reset it when you stop before the last row.
  Statement& reset();
  // Indexes start at 1. A failed bind is reported by the next step() or run(). Bytes are copied.
  template <std::integral T>
  Statement& bind(int index, T value) {
    return bind_integer(index, static_cast<std::int64_t>(value));
  }
  Statement& bind(int index, std::string_view text);
  Statement& bind(int index, const char* text) { return bind(index, std::string_view(text)); }
  Statement& bind(int index, ByteView blob);
  Statement& bind_null(int index);

  /// True: a row is there; false: done. After an error the statement is reset.
  Result<bool> step();
  /// Steps to the end, ignoring rows, and resets.
  Status run();

  // Columns of the current row, from 0. Views live until the next step, reset or bind. Asking without a row
  // or beyond the last column is a mistake in the program: asserts, and gives 0 or nothing.
  [[nodiscard]] int columns() const;
  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::string_view text(int column) const;
  [[nodiscard]] ByteView blob(int column) const;

 private:
  friend class Database;
  struct Impl;
  explicit Statement(std::unique_ptr<Impl> impl);
  Statement& bind_integer(int index, std::int64_t value);
  [[nodiscard]] bool row_has(int column) const;
  std::unique_ptr<Impl> impl_;
};

class Transaction;

class Database {
 public:
  enum class Kind {
    Write,  // BEGIN IMMEDIATE
    Read,   // one consistent snapshot; keep it short, it holds back the checkpoint
  };

  /// A new file gets its page size and WAL mode under synchronous=EXTRA, so that a power cut during set-up
  /// leaves either no database or a whole one; then WAL with synchronous=FULL. Fails also with NotFound.
  static Result<Database> open(const std::string& path, const OpenOptions& options);
  Database(Database&& o) noexcept;
  Database& operator=(Database&& o) noexcept;
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  /// One or several statements without parameters.
  Status exec(const std::string& sql);
  Result<Statement> prepare(const std::string& sql);
  Result<Transaction> transaction(Kind kind = Kind::Write);
  /// First column of the first row of a statement without parameters. Fails with NotFound without a row.
  Result<std::int64_t> query_integer(const std::string& sql);

  /// Only the writer may call it, outside a transaction.
  Result<CheckpointFigures> checkpoint(Checkpoint mode);
  /// Closing this connection leaves the WAL as it is, also when it is the last one.
  void keep_wal();
  /// Pages in the WAL after the last commit of this connection; 0 before its first one.
  [[nodiscard]] std::int64_t wal_pages() const;
  /// A whole and consistent copy in a new file of mode 0600, synced; others may write meanwhile.
  Status copy_to(const std::string& path);
  /// SQLite's own check of the whole file. Fails with Corrupt.
  Status integrity_check();
  [[nodiscard]] std::int64_t last_insert_rowid() const;
  [[nodiscard]] std::int64_t changes() const;  // rows of the last insert, update or delete
  [[nodiscard]] const std::string& path() const;

 private:
  friend class Transaction;
  explicit Database(std::shared_ptr<Connection> connection);
  Status prepare_writer(const OpenOptions& options);
  Status prepare_reader(const OpenOptions& options);
  std::shared_ptr<Connection> connection_;
};

/// Rolls back when it goes out of scope uncommitted. One at a time per Database.
class Transaction {
 public:
  Transaction(Transaction&& o) noexcept = default;
  Transaction& operator=(Transaction&& o) noexcept;
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();
  /// After an error the transaction is rolled back; nothing of it remains.
  Status commit();
  void rollback() noexcept;

 private:
  friend class Database;
  explicit Transaction(std::shared_ptr<Connection> connection);
  std::shared_ptr<Connection> connection_;  // null when over
};

/// Brings the file to steps.size() by running each missing step in its own transaction and counting it in
/// user_version. application_id marks whose file it is. Fails with Conflict when the file belongs to another
/// program or is newer than the steps known here; the message says what to do.
Status migrate(Database& database, std::span<const std::string_view> steps, int application_id);

}  // namespace counterfoil::store
