// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "ledger/files.h"

#include "base/fd.h"

#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <string_view>

namespace counterfoil::ledger {
namespace {

// "CFL1", "CFK1", "CFD1": whose file it is, for file(1) and for the migration check.
constexpr int kLedgerApplication = 0x43464c31;
constexpr int kKeysApplication = 0x43464b31;
constexpr int kDeskApplication = 0x43464431;

// bytes is null once a leaf was deleted; hash and h stay for ever. payload.cohort may differ from the line's
// after a change of retention. node holds the roots of complete subtrees with 256, 65,536, … leaves.
constexpr std::string_view kLedgerTables = R"sql(
CREATE TABLE leaf(seq INTEGER PRIMARY KEY, hash BLOB NOT NULL, h BLOB, bytes TEXT) STRICT;
CREATE UNIQUE INDEX leaf_by_h ON leaf(h) WHERE h IS NOT NULL;
CREATE TABLE payload(seq INTEGER PRIMARY KEY, cohort INTEGER NOT NULL, salt BLOB NOT NULL, ct BLOB NOT NULL) STRICT;
CREATE TABLE node(level INTEGER NOT NULL, n INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY(level, n))
  STRICT, WITHOUT ROWID;
CREATE TABLE frontier(id INTEGER PRIMARY KEY CHECK(id = 1), size INTEGER NOT NULL, hashes BLOB NOT NULL,
  root BLOB NOT NULL, trusted_t INTEGER NOT NULL) STRICT;
CREATE TABLE checkpoint(size INTEGER PRIMARY KEY, note TEXT NOT NULL) STRICT;
CREATE TABLE supp(tag BLOB PRIMARY KEY, state INTEGER NOT NULL, since_day INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE job(id INTEGER PRIMARY KEY, kind TEXT NOT NULL, state TEXT NOT NULL, w BLOB NOT NULL) STRICT;
)sql";

// The bucket of a subject is n / 256. until is the cohort as the leaf says it.
constexpr std::string_view kKeysTables = R"sql(
CREATE TABLE meta(name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE bucket(b INTEGER PRIMARY KEY, w BLOB NOT NULL) STRICT;
CREATE TABLE subj(n INTEGER PRIMARY KEY, sid BLOB NOT NULL UNIQUE, w BLOB NOT NULL, card BLOB NOT NULL,
  link BLOB UNIQUE) STRICT;
CREATE TABLE cohort(id INTEGER PRIMARY KEY, class TEXT NOT NULL, until TEXT NOT NULL, w BLOB NOT NULL,
  UNIQUE(class, until)) STRICT;
)sql";

constexpr std::string_view kDeskTables = R"sql(
CREATE TABLE item(kind TEXT NOT NULL, id BLOB NOT NULL, w BLOB NOT NULL, PRIMARY KEY(kind, id)) STRICT;
)sql";

// What tombstones cover: a line that is gone and stands here is no damage. ended: what certificates say of
// jobs that are done; their numbers are random and name nobody.
constexpr std::string_view kLedgerEndings = R"sql(
CREATE TABLE tombstone(first INTEGER PRIMARY KEY, last INTEGER NOT NULL, seq INTEGER NOT NULL) STRICT;
CREATE TABLE ended(id INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, lines INTEGER NOT NULL, gone_at INTEGER NOT NULL,
  seq INTEGER NOT NULL) STRICT;
CREATE INDEX payload_by_cohort ON payload(cohort);
)sql";

// The key of each job in ledger.db: what a job says groups one person's lines, so its key goes with it.
constexpr std::string_view kKeysEndings = R"sql(
CREATE TABLE job(id INTEGER PRIMARY KEY, w BLOB NOT NULL) STRICT;
)sql";

// Lines about the log are few, and a start looks for those that change its key.
constexpr std::string_view kLedgerLogLines = R"sql(
CREATE INDEX leaf_of_log ON leaf(seq) WHERE h IS NULL;
)sql";

constexpr std::array kLedgerSteps = {kLedgerTables, kLedgerEndings, kLedgerLogLines};
constexpr std::array kKeysSteps = {kKeysTables, kKeysEndings};
constexpr std::array kDeskSteps = {kDeskTables};

// A Pi has little memory and there are many connections.
constexpr int kReaderCache_kib = 256;
constexpr int kWriterCache_kib = 1024;

Result<store::Database> open_one(const std::string& path, Access access,
                                 std::span<const std::string_view> steps, int application) {
  store::OpenOptions options;
  options.read_only = access == Access::Read;
  options.create = access == Access::Create;
  options.cache_kib = access == Access::Read ? kReaderCache_kib : kWriterCache_kib;
  CF_TRY(auto database, store::Database::open(path, options));
  if (access != Access::Read) CF_CHECK(store::migrate(database, steps, application));
  return database;
}

}  // namespace

std::string ledger_path(const std::string& folder) {
  return folder + "/ledger.db";
}
std::string keys_path(const std::string& folder) {
  return folder + "/keys.db";
}
std::string desk_path(const std::string& folder) {
  return folder + "/desk.db";
}

bool file_exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

int supp_state(consent::Actor by) {
  return static_cast<int>(by) + 1;
}

std::optional<consent::Actor> actor_of_supp(std::int64_t state) {
  if (state < supp_state(consent::Actor::Machine) || state > supp_state(consent::Actor::Person))
    return std::nullopt;
  return static_cast<consent::Actor>(state - 1);
}

Result<Files> open_files(const std::string& folder, Access access) {
  CF_TRY(auto keys, open_one(keys_path(folder), access, kKeysSteps, kKeysApplication));
  CF_TRY(auto ledger, open_one(ledger_path(folder), access, kLedgerSteps, kLedgerApplication));
  CF_TRY(auto desk, open_one(desk_path(folder), access, kDeskSteps, kDeskApplication));
  return Files{std::move(ledger), std::move(keys), std::move(desk)};
}

Status check_folder(const std::string& folder) {
  struct stat st{};
  if (::stat(folder.c_str(), &st) != 0) return errno_error(errno, "data folder");
  if (!S_ISDIR(st.st_mode)) return fail(Code::Refused, "the data folder is not a folder");
  if ((st.st_mode & 077U) != 0)
    return fail(Code::Refused, "the data folder is open to others; run: chmod 700 on it");
  return {};
}

}  // namespace counterfoil::ledger
