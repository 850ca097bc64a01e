// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The three files of a ledger folder and their tables. Thread rule: as store::Database.
#pragma once

#include "counterfoil/consent/terms.h"
#include "store/database.h"

#include <optional>
#include <string>

namespace counterfoil::ledger {

struct Files {
  store::Database ledger, keys, desk;
};

enum class Access { Create, Write, Read };

std::string ledger_path(const std::string& folder);
std::string keys_path(const std::string& folder);
std::string desk_path(const std::string& folder);
bool file_exists(const std::string& path);

/// supp.state: the strongest hand that stopped the address, from 1; 0 is reserved for a lifted stop.
int supp_state(consent::Actor by);
/// None: no such state.
std::optional<consent::Actor> actor_of_supp(std::int64_t state);

/// Opens all three and, unless for reading, brings their tables up to date. Fails as store::Database::open
/// and store::migrate.
Result<Files> open_files(const std::string& folder, Access access);

/// Refused unless the folder is there and belongs to its owner alone; NotFound, Io.
Status check_folder(const std::string& folder);

}  // namespace counterfoil::ledger
