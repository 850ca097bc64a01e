// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "store/database.h"

namespace counterfoil::store {

Status migrate(Database& database, std::span<const std::string_view> steps, int application_id) {
  CF_TRY(const std::int64_t owner, database.query_integer("PRAGMA application_id"));
  CF_TRY(const std::int64_t version, database.query_integer("PRAGMA user_version"));
  CF_TRY(const std::int64_t objects, database.query_integer("SELECT count(*) FROM sqlite_schema"));
  const bool fresh = owner == 0 && version == 0 && objects == 0;
  if (!fresh && owner != application_id)
    return fail(Code::Conflict,
                database.path() + " belongs to another program; point the data folder at an empty place");
  const auto known = static_cast<std::int64_t>(steps.size());
  if (version > known)
    return fail(Code::Conflict, database.path() + " was written by a newer version of this program (format " +
                                    std::to_string(version) + ", known here up to " + std::to_string(known) +
                                    "); install that version again, the file was not touched");
  for (std::int64_t next = version; next < known; ++next) {
    CF_TRY(Transaction transaction, database.transaction());
    CF_CHECK(database.exec(std::string(steps[static_cast<std::size_t>(next)])));
    CF_CHECK(database.exec("PRAGMA application_id=" + std::to_string(application_id)));
    CF_CHECK(database.exec("PRAGMA user_version=" + std::to_string(next + 1)));
    CF_CHECK(transaction.commit());
  }
  return {};
}

}  // namespace counterfoil::store
