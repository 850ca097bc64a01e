// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Folds a verified bundle into a line per person, channel and topic. Thread rule: one thread.
#pragma once

#include "counterfoil/base/clock.h"
#include "counterfoil/base/result.h"

#include <string>

namespace counterfoil::tool {

/// Prints to standard output. The state is what the events say; the shop's own verdict also knows its
/// suppression tags and rules. now: a yes that ended before is expired. Fails with BadInput, NotFound (also
/// when the bundle holds no disclosures), and Corrupt, after printing, when it does not tell everything.
Status show_bundle(const std::string& folder, Instant now, bool as_json);

}  // namespace counterfoil::tool
