// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// JSON as other people's programs write it: any spacing and order, within limits. For requests only; what is
// hashed or signed is read by base's canonical reader. Thread rule: any thread. Source: RFC 8259, RFC 7493.
#pragma once

#include "counterfoil/base/canonical_json.h"

namespace counterfoil::api {

/// Fails with BadInput and a sentence: text that is no JSON (at which byte), a name twice in one object, a
/// number that is no integer within +-(2^53 - 1), more than the limits allow. No error repeats the text.
Result<json::Value> read_json(std::string_view text, const json::Limits& limits);

}  // namespace counterfoil::api
