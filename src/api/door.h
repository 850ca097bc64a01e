// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What every handler has. Thread rule: as the desk.
#pragma once

#include "api/answers.h"
#include "crypto/crypto.h"
#include "desk/desk.h"

namespace counterfoil::api {

struct Door {
  desk::Desk& desk;
  const Clock& clock;
  /// Seals who is meant by a person's ref. Of this process, so a restart ends all refs.
  const Key person_key = crypto::random_key();
};

}  // namespace counterfoil::api
