// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "store/database.h"
#include "tests/support/temp_folder.h"

#include <doctest/doctest.h>

#include <array>

namespace counterfoil::store {
namespace {

constexpr int kApplication = 0x43464C31;
constexpr std::array<std::string_view, 3> kSteps = {
    "CREATE TABLE a (x); INSERT INTO a VALUES (1)",
    "ALTER TABLE a ADD COLUMN y; UPDATE a SET y=2",
    "CREATE TABLE b (z)",
};

Database fresh_file(const support::TempFolder& folder) {
  auto db = Database::open(folder.file("m.db"), {.create = true});
  REQUIRE(db);
  return std::move(*db);
}

}  // namespace

TEST_CASE("migration runs each missing step once") {
  const support::TempFolder folder;
  {
    Database db = fresh_file(folder);
    REQUIRE(migrate(db, std::span(kSteps).first(1), kApplication));
    CHECK(*db.query_integer("PRAGMA user_version") == 1);
    CHECK(*db.query_integer("PRAGMA application_id") == kApplication);
  }
  Database db = fresh_file(folder);
  REQUIRE(migrate(db, kSteps, kApplication));
  REQUIRE(migrate(db, kSteps, kApplication));
  CHECK(*db.query_integer("PRAGMA user_version") == 3);
  CHECK(*db.query_integer("SELECT sum(x + y) FROM a") == 3);
  CHECK(*db.query_integer("SELECT count(*) FROM b") == 0);
}

TEST_CASE("a failing step leaves the file as the step before left it") {
  const support::TempFolder folder;
  Database db = fresh_file(folder);
  constexpr std::array<std::string_view, 2> bad = {
      "CREATE TABLE a (x)", "INSERT INTO a VALUES (1); INSERT INTO nowhere VALUES (1)"};
  CHECK_FALSE(migrate(db, bad, kApplication));
  CHECK(*db.query_integer("PRAGMA user_version") == 1);
  CHECK(*db.query_integer("SELECT count(*) FROM a") == 0);
}

TEST_CASE("a file of a newer version or of another program is refused untouched") {
  const support::TempFolder folder;
  Database db = fresh_file(folder);
  REQUIRE(migrate(db, kSteps, kApplication));
  const auto newer = migrate(db, std::span(kSteps).first(2), kApplication);
  REQUIRE_FALSE(newer);
  CHECK(newer.error().code == Code::Conflict);
  CHECK(newer.error().detail.find("newer version") != std::string::npos);
  CHECK(migrate(db, kSteps, kApplication + 1).error().code == Code::Conflict);
  CHECK(*db.query_integer("PRAGMA user_version") == 3);

  auto foreign = Database::open(folder.file("foreign.db"), {.create = true});
  REQUIRE(foreign);
  REQUIRE(foreign->exec("CREATE TABLE theirs (x)"));
  CHECK(migrate(*foreign, kSteps, kApplication).error().code == Code::Conflict);
  CHECK_FALSE(foreign->query_integer("SELECT count(*) FROM a"));
}

}  // namespace counterfoil::store
