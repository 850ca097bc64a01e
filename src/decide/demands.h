// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What the rules of the day, and the promise that a yes was given under, say against a message at one
// instant. Thread rule: pure.
#pragma once

#include "counterfoil/decide/decide.h"

namespace counterfoil::decide {

/// Every rule that fails at t, each with the instant at which it stops to; `live` is the yes that would
/// allow, or none.
std::vector<Reason> failing_rules(const Question& question, const Rules& rules,
                                  const consent::PairState* live, Instant t);

}  // namespace counterfoil::decide
