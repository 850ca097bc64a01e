// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What an operator or a manager does about one person, by number. Thread rule: as the desk.
#pragma once

#include "counterfoil/base/canonical_json.h"
#include "desk/desk.h"

#include <optional>
#include <string_view>

namespace counterfoil::app {

/// hold.set {number, region?, case, until?}, hold.clear {number, region?, case}, restrict {number, region?,
/// on, reason}, erase {number, region?, reason}; nothing for another command. until is a day, "2027-06-30",
/// at whose end (UTC) the hold is over. Fails with BadInput in words, and as the desk does.
std::optional<Result<json::Value>> change_person(desk::Desk& desk, std::string_view command,
                                                 const json::Value& request);
/// The decision about one message, {number, region?, channel, topic, sender?, form?, useful_until?, as_of?}:
/// as the API answers it (decide/decision_json.h). A look-up. Fails with BadInput in words.
Result<json::Value> decide(desk::Desk& desk, const json::Value& request);
/// All that is held or restricted; numbers are masked.
Result<json::Value> list_kept(const desk::Desk& desk);

}  // namespace counterfoil::app
