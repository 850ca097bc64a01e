// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "store/database.h"

#include "base/fd.h"
#include "store/connection.h"

#include <SQLiteCpp/Exception.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace counterfoil::store {
namespace {

std::string parent_folder(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// The file exists afterwards, readable by its owner only; SQLite gives its side files the same mode. A file
// that exists is not opened here: closing it would drop the locks of every other connection of this process.
Status provide_file(const std::string& path, const OpenOptions& options) {
  struct stat info{};
  if (::stat(path.c_str(), &info) == 0) {
    if ((info.st_mode & 0777U) != 0600U && ::chmod(path.c_str(), 0600) != 0)
      return errno_error(errno, "cannot set the mode of " + path);
    return {};
  }
  if (errno != ENOENT || !options.create) return errno_error(errno, "cannot open " + path);
  const Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd.valid()) return errno_error(errno, "cannot create " + path);
  return sync_folder(parent_folder(path));
}

std::string uri_of(const std::string& path, const OpenOptions& options) {
  static constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
  std::string uri = "file:";
  for (const char c : path) {
    if (kPlain.find(c) != std::string_view::npos) {
      uri += c;
    } else {
      const auto byte = static_cast<std::uint8_t>(c);
      uri += "%" + hex({&byte, 1});
    }
  }
  uri += options.power_safe_overwrite ? "?psow=1" : "?psow=0";
  return options.main_file_only ? uri + "&immutable=1" : uri;
}

Status harden(Connection& c) {
  // Opened files are never trusted: no schema tricks, no double-quoted strings taken for names.
  sqlite3_db_config(c.handle(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  for (const int option : {SQLITE_DBCONFIG_TRUSTED_SCHEMA, SQLITE_DBCONFIG_DQS_DML, SQLITE_DBCONFIG_DQS_DDL})
    sqlite3_db_config(c.handle(), option, 0, nullptr);
  // Temporary tables and statement journals stay in memory: nothing may land in another folder.
  return c.exec(
      "PRAGMA cell_size_check=ON; PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY; PRAGMA foreign_keys=ON;");
}

Status demand_wal(Database& database) {
  CF_TRY(Statement st, database.prepare("PRAGMA journal_mode=WAL"));
  CF_TRY(const bool row, st.step());
  if (!row || st.text(0) != "wal")
    return fail(Code::Io, database.path() + ": this file system cannot hold a write-ahead log");
  return {};
}

}  // namespace

Database::Database(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}
Database::Database(Database&& o) noexcept = default;
Database& Database::operator=(Database&& o) noexcept = default;
Database::~Database() = default;

Result<Database> Database::open(const std::string& path, const OpenOptions& options) {
  if (options.read_only) {
    if (::access(path.c_str(), F_OK) != 0) return errno_error(errno, "cannot open " + path);
  } else {
    CF_CHECK(provide_file(path, options));
  }
  try {
    const int access = options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    auto connection = std::make_shared<Connection>(
        path, uri_of(path, options), access | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, options.busy_timeout_ms);
    Database database(connection);
    CF_CHECK(options.read_only ? database.prepare_reader(options) : database.prepare_writer(options));
    return database;
  } catch (const SQLite::Exception& e) {
    return sqlite_error(e.getExtendedErrorCode(), path, e.what());
  }
}

Status Database::prepare_writer(const OpenOptions& options) {
  Connection& c = *connection_;
  if (sqlite3_db_readonly(c.handle(), "main") != 0)
    return fail(Code::Refused, path() + ": this file cannot be written here");
  CF_CHECK(harden(c));
  // EXTRA also syncs the folder after the rollback journal is gone; without it a power cut during the switch
  // to WAL can bring the journal back over a database that already holds commits.
  CF_CHECK(
      c.exec(("PRAGMA page_size=" + std::to_string(options.page_size_bytes) +
              "; PRAGMA synchronous=EXTRA; PRAGMA secure_delete=" + (options.secure_delete ? "ON" : "OFF") +
              "; PRAGMA cache_size=-" + std::to_string(options.cache_kib))
                 .c_str()));
  CF_CHECK(demand_wal(*this));
  CF_CHECK(c.exec("PRAGMA synchronous=FULL"));
  CF_TRY(const std::int64_t objects, query_integer("SELECT count(*) FROM sqlite_schema"));
  (void)objects;  // reading the schema shows a damaged or foreign file now instead of later
  return {};
}

Status Database::prepare_reader(const OpenOptions& options) {
  Connection& c = *connection_;
  CF_CHECK(harden(c));
  keep_wal();
  CF_CHECK(c.exec(("PRAGMA query_only=ON; PRAGMA cache_size=-" + std::to_string(options.cache_kib)).c_str()));
  CF_TRY(const std::int64_t objects, query_integer("SELECT count(*) FROM sqlite_schema"));
  (void)objects;
  return {};
}

Status Database::exec(const std::string& sql) {
  return connection_->exec(sql.c_str());
}

Result<Transaction> Database::transaction(Kind kind) {
  CF_CHECK(connection_->exec(kind == Kind::Write ? "BEGIN IMMEDIATE" : "BEGIN"));
  return Transaction(connection_);
}

Result<std::int64_t> Database::query_integer(const std::string& sql) {
  CF_TRY(Statement st, prepare(sql));
  CF_TRY(const bool row, st.step());
  if (!row) return fail(Code::NotFound, path() + ": the query has no row");
  return st.integer(0);
}

Result<CheckpointFigures> Database::checkpoint(Checkpoint mode) {
  int in_wal = 0;
  int copied = 0;
  const auto run = [&](int how) {
    return sqlite3_wal_checkpoint_v2(connection_->handle(), "main", how, &in_wal, &copied);
  };
  // TRUNCATE reports zeros when it succeeds, so a passive run, which does the copying, gives the figures.
  if (const int code = run(SQLITE_CHECKPOINT_PASSIVE); code != SQLITE_OK)
    return connection_->last_error(code);
  const CheckpointFigures figures{in_wal, copied};
  if (mode == Checkpoint::Passive) return figures;
  if (const int code = run(SQLITE_CHECKPOINT_TRUNCATE); code != SQLITE_OK)
    return connection_->last_error(code);
  connection_->set_wal_pages(0);
  return CheckpointFigures{figures.wal_pages, figures.wal_pages};
}

Status Database::copy_to(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file.valid()) return errno_error(errno, "cannot create " + path);
  // "query_only" holds for every file of the connection; a read-only one is still opened so.
  CF_TRY(const auto reads_only, query_integer("PRAGMA query_only"));
  CF_CHECK(exec("PRAGMA query_only=OFF"));
  const auto copied = [&]() -> Status {
    CF_TRY(Statement st, prepare("VACUUM INTO ?"));
    return st.bind(1, path).run();
  }();
  if (reads_only != 0) CF_CHECK(exec("PRAGMA query_only=ON"));
  CF_CHECK(copied);
  if (::fsync(file.get()) != 0) return errno_error(errno, "cannot sync " + path);
  return sync_folder(parent_folder(path));
}

Status Database::integrity_check() {
  CF_TRY(Statement st, prepare("PRAGMA integrity_check(1)"));
  CF_TRY(const bool row, st.step());
  if (!row || st.text(0) != "ok") return fail(Code::Corrupt, path() + ": SQLite's integrity check fails");
  return {};
}

void Database::keep_wal() {
  sqlite3_db_config(connection_->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

std::int64_t Database::wal_pages() const {
  return connection_->wal_pages();
}
std::int64_t Database::last_insert_rowid() const {
  return sqlite3_last_insert_rowid(connection_->handle());
}
std::int64_t Database::changes() const {
  return sqlite3_changes(connection_->handle());
}
const std::string& Database::path() const {
  return connection_->path();
}

Transaction::Transaction(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}

Transaction& Transaction::operator=(Transaction&& o) noexcept {
  if (this != &o) {
    rollback();
    connection_ = std::move(o.connection_);
  }
  return *this;
}

Transaction::~Transaction() {
  rollback();
}

Status Transaction::commit() {
  if (!connection_) return fail(Code::Internal, "the transaction is over already");
  if (auto done = connection_->exec("COMMIT"); !done) {
    rollback();
    return done;
  }
  connection_.reset();
  return {};
}

void Transaction::rollback() noexcept {
  if (!connection_) return;
  // SQLite has rolled back by itself after some errors; asking again would be another error.
  if (sqlite3_get_autocommit(connection_->handle()) == 0) (void)connection_->exec("ROLLBACK");
  connection_.reset();
}

}  // namespace counterfoil::store
