// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "store/database.h"

#include "base/fd.h"
#include "tests/support/temp_folder.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <optional>

namespace counterfoil::store {
namespace {

Database make(const std::string& path, OpenOptions options = {}) {
  options.create = true;
  auto db = Database::open(path, options);
  REQUIRE_MESSAGE(db, (db ? "" : db.error().message()));
  return std::move(*db);
}

Database with_table(const std::string& path) {
  Database db = make(path);
  REQUIRE(db.exec("CREATE TABLE t (k INTEGER PRIMARY KEY, v TEXT NOT NULL UNIQUE, b BLOB) STRICT"));
  return db;
}

unsigned mode_of(const std::string& path) {
  struct stat info{};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 0777U;
}

std::int64_t count(Database& db) {
  auto n = db.query_integer("SELECT count(*) FROM t");
  REQUIRE(n);
  return *n;
}

}  // namespace

TEST_CASE("a new file has the settings the writer needs") {
  const support::TempFolder folder;
  Database db = make(folder.file("a b%.db"));  // a path that needs escaping in a URI
  CHECK(std::filesystem::exists(folder.file("a b%.db")));
  CHECK(*db.query_integer("PRAGMA page_size") == 1024);
  CHECK(*db.query_integer("PRAGMA synchronous") == 2);  // FULL
  CHECK(*db.query_integer("PRAGMA secure_delete") == 1);
  CHECK(*db.query_integer("PRAGMA foreign_keys") == 1);
  CHECK(*db.query_integer("PRAGMA trusted_schema") == 0);
  CHECK(*db.query_integer("PRAGMA cell_size_check") == 1);
  CHECK(*db.query_integer("PRAGMA temp_store") == 2);  // MEMORY
  auto st = db.prepare("PRAGMA journal_mode");
  REQUIRE(st);
  REQUIRE(*st->step());
  CHECK(st->text(0) == "wal");
  CHECK(db.path() == folder.file("a b%.db"));
}

TEST_CASE("files and side files are readable by their owner only, also when they were not") {
  const support::TempFolder folder;
  const std::string path = folder.file("x.db");
  {
    Database db = with_table(path);
    for (const char* side : {"", "-wal", "-shm"}) CHECK(mode_of(path + side) == 0600);
  }
  REQUIRE(::chmod(path.c_str(), 0644) == 0);
  Database db = make(path);
  CHECK(mode_of(path) == 0600);
  CHECK(mode_of(path + "-wal") == 0600);
}

TEST_CASE("values come back as they went in") {
  const support::TempFolder folder;
  Database db = with_table(folder.file("x.db"));
  auto insert = db.prepare("INSERT INTO t VALUES (?,?,?)");
  REQUIRE(insert);
  const std::string text("a\0b", 3);
  const Bytes blob{0, 255, 0};
  REQUIRE(insert->bind(1, std::int64_t{1} << 60).bind(2, text).bind(3, blob).run());
  CHECK(db.last_insert_rowid() == std::int64_t{1} << 60);
  CHECK(db.changes() == 1);
  REQUIRE(insert->bind(1, -1).bind(2, "").bind(3, Bytes{}).run());  // empty is not NULL
  REQUIRE(insert->bind(1, 2U).bind(2, "null").bind_null(3).run());

  auto select = db.prepare("SELECT k, v, b FROM t WHERE k=?");
  REQUIRE(select);
  REQUIRE(*select->bind(1, std::int64_t{1} << 60).step());
  CHECK(select->columns() == 3);
  CHECK(select->integer(0) == std::int64_t{1} << 60);
  CHECK(select->text(1) == text);
  CHECK(Bytes(select->blob(2).begin(), select->blob(2).end()) == blob);
  CHECK_FALSE(*select->step());
  REQUIRE(*select->reset().bind(1, -1).step());
  CHECK_FALSE(select->is_null(1));
  CHECK_FALSE(select->is_null(2));
  CHECK(select->blob(2).empty());
  REQUIRE(*select->reset().bind(1, 2).step());
  CHECK(select->is_null(2));
  CHECK(select->text(2).empty());
}

TEST_CASE("a statement may outlive its database object") {
  const support::TempFolder folder;
  std::optional<Statement> st;
  {
    Database db = with_table(folder.file("x.db"));
    auto prepared = db.prepare("SELECT 7");
    REQUIRE(prepared);
    st = std::move(*prepared);
  }
  REQUIRE(*st->step());
  CHECK(st->integer(0) == 7);
}

TEST_CASE("transactions commit whole or not at all") {
  const support::TempFolder folder;
  Database db = with_table(folder.file("x.db"));
  {
    auto transaction = db.transaction();
    REQUIRE(transaction);
    REQUIRE(db.exec("INSERT INTO t VALUES (1,'one',NULL)"));
  }
  CHECK(count(db) == 0);
  {
    auto transaction = db.transaction();
    REQUIRE(transaction);
    REQUIRE(db.exec("INSERT INTO t VALUES (1,'one',NULL)"));
    REQUIRE(transaction->commit());
    CHECK_FALSE(transaction->commit());
  }
  CHECK(count(db) == 1);
  {
    auto first = db.transaction();
    REQUIRE(first);
    CHECK_FALSE(db.transaction());  // one at a time
  }
  CHECK(db.transaction());
}

TEST_CASE("error details hold no bound value") {
  const support::TempFolder folder;
  Database db = with_table(folder.file("x.db"));
  auto insert = db.prepare("INSERT INTO t VALUES (?,?,?)");
  REQUIRE(insert);
  REQUIRE(insert->bind(1, 1).bind(2, "+34600000001").run());
  const auto broken = insert->bind(1, 2).bind(2, "+34600000001").run();
  REQUIRE_FALSE(broken);
  CHECK(broken.error().code == Code::Conflict);
  CHECK(broken.error().detail.find("t.v") != std::string::npos);
  CHECK(broken.error().detail.find("34600000001") == std::string::npos);
  // A statement goes on after an error; a bind beyond the last parameter is told by the next step.
  REQUIRE(insert->bind(1, 2).bind(2, "other").run());
  CHECK(insert->bind(4, "+34600000001").step().error().detail.find("34600000001") == std::string::npos);
  CHECK_FALSE(insert->bind(4, 1).run());
  CHECK(db.exec("nonsense").error().code == Code::Io);
  CHECK_FALSE(db.prepare("SELECT no_such_column FROM t"));
  CHECK(db.query_integer("SELECT k FROM t WHERE k=99").error().code == Code::NotFound);
}

TEST_CASE("a full disk is called so and loses nothing older") {
  const support::TempFolder folder;
  Database db = with_table(folder.file("x.db"));
  REQUIRE(db.exec("INSERT INTO t VALUES (1,'one',NULL)"));
  REQUIRE(db.query_integer("PRAGMA max_page_count=8"));
  auto transaction = db.transaction();
  REQUIRE(transaction);
  auto insert = db.prepare("INSERT INTO t (v,b) VALUES ('big', zeroblob(100000))");
  REQUIRE(insert);
  CHECK(insert->run().error().code == Code::DiskFull);
  CHECK(transaction->commit().error().code != Code::DiskFull);  // rolled back by SQLite already
  CHECK(count(db) == 1);
  CHECK(db.integrity_check());
}

TEST_CASE("readers read a snapshot and cannot write") {
  const support::TempFolder folder;
  const std::string path = folder.file("x.db");
  Database writer = with_table(path);
  auto reader = Database::open(path, {.read_only = true});
  REQUIRE(reader);
  auto snapshot = reader->transaction(Database::Kind::Read);
  REQUIRE(snapshot);
  CHECK(count(*reader) == 0);
  REQUIRE(writer.exec("INSERT INTO t VALUES (1,'one',NULL)"));
  CHECK(count(*reader) == 0);
  snapshot->rollback();
  CHECK(count(*reader) == 1);
  CHECK(reader->exec("INSERT INTO t VALUES (2,'two',NULL)").error().code == Code::Refused);
}

TEST_CASE("two writers do not wait for ever") {
  const support::TempFolder folder;
  const std::string path = folder.file("x.db");
  Database one = with_table(path);
  Database two = make(path, {.busy_timeout_ms = 50});
  auto held = one.transaction();
  REQUIRE(held);
  CHECK(two.transaction().error().code == Code::Busy);
  held->rollback();
  CHECK(two.transaction());
}

TEST_CASE("only an explicit checkpoint moves the WAL into the file") {
  const support::TempFolder folder;
  const std::string path = folder.file("x.db");
  Database db = with_table(path);
  REQUIRE(db.checkpoint(Checkpoint::Truncate));
  const auto before = std::filesystem::file_size(path);
  for (int i = 0; i < 40; ++i)  // more than the 1,000 pages at which SQLite would checkpoint by itself
    REQUIRE(db.exec("INSERT INTO t (v,b) VALUES (hex(randomblob(8)), zeroblob(40000))"));
  CHECK(std::filesystem::file_size(path) == before);
  CHECK(db.wal_pages() > 1500);
  {
    auto reader = Database::open(path, {.read_only = true});
    REQUIRE(reader);
    CHECK(count(*reader) == 40);
  }
  CHECK(std::filesystem::file_size(path) == before);  // closing a reader does not either

  const auto figures = db.checkpoint(Checkpoint::Truncate);
  REQUIRE(figures);
  CHECK(figures->wal_pages > 1500);
  CHECK(figures->copied_pages == figures->wal_pages);
  CHECK(std::filesystem::file_size(path + "-wal") == 0);
  CHECK(std::filesystem::file_size(path) > 40U * 40'000U);
  CHECK(db.wal_pages() == 0);
}

TEST_CASE("a reader in the way makes a truncating checkpoint busy and a passive one partial") {
  const support::TempFolder folder;
  const std::string path = folder.file("x.db");
  Database db = make(path, {.busy_timeout_ms = 50});
  REQUIRE(db.exec("CREATE TABLE t (k INTEGER PRIMARY KEY)"));
  auto reader = Database::open(path, {.read_only = true});
  REQUIRE(reader);
  auto snapshot = reader->transaction(Database::Kind::Read);
  REQUIRE(snapshot);
  CHECK(count(*reader) == 0);
  REQUIRE(db.exec("INSERT INTO t VALUES (1)"));
  const auto passive = db.checkpoint(Checkpoint::Passive);
  REQUIRE(passive);
  CHECK(passive->copied_pages < passive->wal_pages);
  CHECK(db.checkpoint(Checkpoint::Truncate).error().code == Code::Busy);
  snapshot->rollback();
  CHECK(db.checkpoint(Checkpoint::Truncate));
}

TEST_CASE("missing, foreign and damaged files are told apart") {
  const support::TempFolder folder;
  CHECK(Database::open(folder.file("none.db"), {}).error().code == Code::NotFound);
  CHECK(Database::open(folder.file("none.db"), {.read_only = true}).error().code == Code::NotFound);
  CHECK_FALSE(std::filesystem::exists(folder.file("none.db")));
  CHECK(Database::open(folder.path() + "/no/folder.db", {.create = true}).error().code == Code::NotFound);
  CHECK(Database::open(folder.path(), {}).error().code == Code::Refused);  // a folder is no file

  REQUIRE(write_file_durably(folder.file("text.db"), as_bytes(std::string(4096, 'x'))));
  CHECK(Database::open(folder.file("text.db"), {}).error().code == Code::Corrupt);
  CHECK(Database::open(folder.file("text.db"), {.read_only = true}).error().code == Code::Corrupt);

  const std::string path = folder.file("hurt.db");
  {
    Database db = with_table(path);
    for (int i = 0; i < 50; ++i)
      REQUIRE(db.exec("INSERT INTO t (v,b) VALUES (hex(randomblob(8)), zeroblob(1000))"));
    REQUIRE(db.integrity_check());
  }
  auto bytes = read_file(path, 1 << 20);
  REQUIRE(bytes);
  for (std::size_t i = 2048; i < 12'288; ++i) (*bytes)[i] = 0xA5;
  REQUIRE(write_file_durably(path, *bytes));
  auto db = Database::open(path, {});
  CHECK((!db || db->integrity_check().error().code == Code::Corrupt));
}

TEST_CASE("a deleted value is not in the files after the checkpoint") {
  const support::TempFolder folder;
  const std::string path = folder.file("x.db");
  const std::string marker = "MARKER-3141592653";
  Database db = with_table(path);
  const auto stored = [&] {
    auto bytes = read_file(path, 1 << 20);
    REQUIRE(bytes);
    return as_text(*bytes).find(marker) != std::string_view::npos;
  };
  REQUIRE(db.exec("INSERT INTO t VALUES (1,'" + marker + "',NULL)"));
  REQUIRE(db.checkpoint(Checkpoint::Truncate));
  CHECK(stored());
  REQUIRE(db.exec("DELETE FROM t"));
  REQUIRE(db.checkpoint(Checkpoint::Truncate));
  CHECK_FALSE(stored());
}

}  // namespace counterfoil::store
