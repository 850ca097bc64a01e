// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// A user as desk.db keeps one: name, role, password, second factor. Thread rule: value types.
#pragma once

#include "desk/desk.h"

#include <optional>
#include <string>
#include <vector>

namespace counterfoil::desk {

struct Factor {
  SecretBytes secret;
  std::int64_t last_step = 0;  // of the last code that was accepted; none is accepted twice
  std::vector<Hash> recovery;  // hashes of the codes that are still unused
};

struct Account {
  consent::UserId id;
  Role role = Role::Staff;
  std::string password;  // as crypto::hash_password writes it
  std::optional<Factor> factor;

  [[nodiscard]] User user() const;
};

/// Fails with Corrupt or BadInput on an item that item_of() does not write.
Result<Account> account_from_item(const json::Value& item);
json::Value item_of(const Account& account);

/// n letters and digits of 5 bits each, in groups of four: 12 are 60 bits.
std::string random_code(std::size_t n);
/// What people type: capitals, dashes and spaces do not matter.
std::string plain_code(std::string_view typed);

}  // namespace counterfoil::desk
