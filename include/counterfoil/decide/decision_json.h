// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// A Decision as programs read it: what the API answers and the command line prints. Thread rule: any thread.
#pragma once

#include "counterfoil/base/canonical_json.h"
#include "counterfoil/decide/decide.h"

namespace counterfoil::decide {

/// Every member is always there; what there is none of is null. Times are RFC 3339, evidence is positions in
/// the log, the notice's hash is base64url. src/api/openapi.json describes it.
json::Object to_json(const Decision& decision);

}  // namespace counterfoil::decide
