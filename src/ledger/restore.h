// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What start-up and restore share. Thread rule: the folder's lock is held.
#pragma once

#include "ledger/ledger.h"

#include <string>
#include <string_view>

namespace counterfoil::ledger {

/// The item of desk.db that says: this log was restored, and nobody has said yet that later stops are in.
constexpr std::string_view kRestoreKind = "ledger";
constexpr std::string_view kRestoreId = "restored";

/// Where a restore works, inside the data folder.
std::string restore_folder(const std::string& folder);
/// Moves a complete restore into place; a power cut leaves it to the next start. Does nothing without one.
Status finish_restore(const std::string& folder);
/// The name under which a restored log goes on: its last number, plus one.
std::string next_incarnation(const std::string& origin);

}  // namespace counterfoil::ledger
