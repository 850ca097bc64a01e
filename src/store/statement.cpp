// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "store/connection.h"
#include "store/database.h"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Statement.h>
#include <sqlite3.h>

#include <cassert>
#include <optional>

namespace counterfoil::store {

struct Statement::Impl {
  Impl(std::shared_ptr<Connection> c, const std::string& sql)
      : connection(std::move(c)), statement(connection->db(), sql) {}
  std::shared_ptr<Connection> connection;  // outlives the statement below
  SQLite::Statement statement;
  std::optional<Error> bind_error;

  template <class Bind>
  void try_bind(const Bind& bind) noexcept {
    if (bind_error) return;
    try {
      bind(statement);
    } catch (const SQLite::Exception& e) {
      bind_error = sqlite_error(e.getErrorCode(), connection->path(), e.what());
    }
  }
};

Result<Statement> Database::prepare(const std::string& sql) {
  try {
    return Statement(std::make_unique<Statement::Impl>(connection_, sql));
  } catch (const SQLite::Exception& e) {
    return sqlite_error(e.getExtendedErrorCode(), path(), e.what());
  }
}

Statement::Statement(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Statement::Statement(Statement&& o) noexcept = default;
Statement& Statement::operator=(Statement&& o) noexcept = default;
Statement::~Statement() = default;

Statement& Statement::reset() {
  impl_->bind_error.reset();
  (void)impl_->statement.tryReset();  // repeats the error of the last step, which was reported then
  impl_->try_bind([](SQLite::Statement& s) { s.clearBindings(); });
  return *this;
}

Statement& Statement::bind_integer(int index, std::int64_t value) {
  impl_->try_bind([&](SQLite::Statement& s) { s.bind(index, value); });
  return *this;
}

Statement& Statement::bind(int index, std::string_view text) {
  impl_->try_bind([&](SQLite::Statement& s) { s.bind(index, std::string(text)); });
  return *this;
}

Statement& Statement::bind(int index, ByteView blob) {
  // A null pointer would be bound as NULL; an empty blob is a value.
  static constexpr std::uint8_t kNothing = 0;
  const void* from = blob.empty() ? &kNothing : blob.data();
  impl_->try_bind([&](SQLite::Statement& s) { s.bind(index, from, static_cast<int>(blob.size())); });
  return *this;
}

Statement& Statement::bind_null(int index) {
  impl_->try_bind([&](SQLite::Statement& s) { s.bind(index); });
  return *this;
}

Result<bool> Statement::step() {
  if (impl_->bind_error) {
    Error error = *impl_->bind_error;
    reset();
    return error;
  }
  const int code = impl_->statement.tryExecuteStep();
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  Error error = impl_->connection->last_error(code);
  reset();
  return error;
}

Status Statement::run() {
  for (;;) {
    CF_TRY(const bool row, step());
    if (!row) break;
  }
  reset();
  return {};
}

int Statement::columns() const {
  return impl_->statement.getColumnCount();
}

bool Statement::row_has(int column) const {
  const bool has = impl_->statement.hasRow() && column >= 0 && column < columns();
  assert(has && "a column was asked for without a row, or beyond the last column");
  return has;
}

bool Statement::is_null(int column) const {
  return !row_has(column) || impl_->statement.getColumn(column).isNull();
}

std::int64_t Statement::integer(int column) const {
  return row_has(column) ? impl_->statement.getColumn(column).getInt64() : 0;
}

std::string_view Statement::text(int column) const {
  if (!row_has(column)) return {};
  const SQLite::Column value = impl_->statement.getColumn(column);
  const char* start = value.getText("");
  return {start, static_cast<std::size_t>(value.getBytes())};
}

ByteView Statement::blob(int column) const {
  if (!row_has(column)) return {};
  const SQLite::Column value = impl_->statement.getColumn(column);
  const auto* start = static_cast<const std::uint8_t*>(value.getBlob());
  return {start, static_cast<std::size_t>(value.getBytes())};
}

}  // namespace counterfoil::store
