// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Folds a bundle into a line per person, channel and topic. Thread rule: one thread.
#pragma once

#include "counterfoil/base/result.h"

#include <optional>
#include <string>

namespace counterfoil::tool {

/// Prints to standard output. The state is what the events say at this moment; the shop's own verdict also
/// knows its suppression tags, its rules, and how much evidence it asks for. With a key the bundle is
/// verified first. False when it is not intact, or when a line's text is missing or does not fit, which it
/// says. Fails with NotFound, BadInput, and NotFound "no consent" when the bundle holds no disclosures.
Result<bool> show_bundle(const std::string& folder, const std::optional<std::string>& key_pem, bool as_json);

}  // namespace counterfoil::tool
