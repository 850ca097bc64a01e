// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What the rules of the day, and the promise that a yes was given under, say against a message at one
// instant. Thread rule: pure.
#pragma once

#include "counterfoil/decide/decide.h"

namespace counterfoil::decide {

using SentMessages = std::vector<const consent::SentMessage*>;

/// Every rule that fails at t, each with the instant at which it stops to; `live` is the yes that would
/// allow, or none; `sent` is what went to the person before.
std::vector<Reason> failing_rules(const Question& question, const Rules& rules,
                                  const consent::PairState* live, const SentMessages& sent, Instant t);

}  // namespace counterfoil::decide
