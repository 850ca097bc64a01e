// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The three files of a ledger folder and their tables. Thread rule: as store::Database.
#pragma once

#include "store/database.h"

#include <string>

namespace counterfoil::ledger {

struct Files {
  store::Database ledger, keys, desk;
};

enum class Access { Create, Write, Read };

std::string ledger_path(const std::string& folder);
std::string keys_path(const std::string& folder);
std::string desk_path(const std::string& folder);

/// Opens all three and, unless for reading, brings their tables up to date. Fails as store::Database::open
/// and store::migrate.
Result<Files> open_files(const std::string& folder, Access access);

/// Refused unless the folder is there and belongs to its owner alone; NotFound, Io.
Status check_folder(const std::string& folder);

}  // namespace counterfoil::ledger
