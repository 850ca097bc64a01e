// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "store/connection.h"

#include "base/fd.h"

#include <sqlite3.h>

#include <cerrno>

namespace counterfoil::store {
namespace {

Code code_of(int sqlite_code) {
  switch (sqlite_code & 0xFF) {  // the low byte is the primary code
    case SQLITE_FULL:
      return Code::DiskFull;
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return Code::Refused;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Code::Busy;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Code::Corrupt;
    case SQLITE_CONSTRAINT:
      return Code::Conflict;
    default:
      return Code::Io;
  }
}

int note_wal_pages(void* connection, sqlite3* /*db*/, const char* /*schema*/, int pages) {
  static_cast<Connection*>(connection)->set_wal_pages(pages);
  return SQLITE_OK;
}

}  // namespace

Error sqlite_error(int code, const std::string& path, std::string_view words) {
  return fail(code_of(code), path + ": " + std::string(words) + " (SQLite " + std::to_string(code) + ")");
}

Connection::Connection(std::string path, const std::string& uri, int flags, int busy_timeout_ms)
    : path_(std::move(path)), db_(uri, flags, busy_timeout_ms) {
  sqlite3_extended_result_codes(handle(), 1);
  // A hook of our own also switches SQLite's automatic checkpoints off.
  sqlite3_wal_hook(handle(), note_wal_pages, this);
}

Error Connection::last_error(int code) const {
  // The shared-memory file of a write-ahead log that finds no room is "disk I/O error" to SQLite.
  const int cause = sqlite3_system_errno(handle());
  if ((code & 0xFF) == SQLITE_IOERR && (cause == ENOSPC || cause == EDQUOT)) return errno_error(cause, path_);
  return sqlite_error(code, path_, sqlite3_errmsg(handle()));
}

Status Connection::exec(const char* sql) noexcept {
  const int code = db_.tryExec(sql);
  if (code != SQLITE_OK) return last_error(code);
  return {};
}

}  // namespace counterfoil::store
