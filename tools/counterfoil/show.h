// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Folds a verified bundle into a line per person, channel and topic. Thread rule: one thread.
#pragma once

#include "counterfoil/base/result.h"

#include <string>

namespace counterfoil::tool {

/// Prints to standard output. The state is what the events say; the shop's own verdict also knows its
/// suppression tags and rules. Fails with NotFound, BadInput, and NotFound "no consent" when the bundle holds
/// no disclosures.
Status show_bundle(const std::string& folder, bool as_json);

}  // namespace counterfoil::tool
