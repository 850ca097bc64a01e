// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Private to store: the SQLite handle that a Database and its Statements share, and the one place where
// SQLite's result codes become ours.
#pragma once

#include "store/database.h"

#include <SQLiteCpp/Database.h>

namespace counterfoil::store {

class Connection {
 public:
  /// Throws SQLite::Exception.
  Connection(std::string path, const std::string& uri, int flags, int busy_timeout_ms);

  [[nodiscard]] sqlite3* handle() const { return db_.getHandle(); }
  SQLite::Database& db() { return db_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::int64_t wal_pages() const { return wal_pages_; }
  void set_wal_pages(std::int64_t pages) { wal_pages_ = pages; }

  Status exec(const char* sql) noexcept;
  /// What SQLite last complained about on this connection.
  [[nodiscard]] Error last_error(int code) const;

 private:
  std::string path_;
  SQLite::Database db_;
  std::int64_t wal_pages_ = 0;
};

/// Our error for an SQLite result code, with the file and SQLite's words.
Error sqlite_error(int code, const std::string& path, std::string_view words);

}  // namespace counterfoil::store
