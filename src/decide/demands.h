// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What the rules of the day, and the promise that a yes was given under, say against a message at one
// instant. Thread rule: pure.
#pragma once

#include "counterfoil/decide/decide.h"

namespace counterfoil::decide {

using SentMessages = std::vector<const consent::SentMessage*>;

/// What went between the business and the person, by all submissions that name the address.
struct Contacts {
  SentMessages sent;                            // what the business began, the last one last
  std::optional<consent::LastInbound> inbound;  // to the sender that is asked about
};

/// Every rule that fails at t, each with the instant at which it stops to; `live` is the yes that would
/// allow, or none.
std::vector<Reason> failing_rules(const Question& question, const Rules& rules,
                                  const consent::PairState* live, const Contacts& contacts, Instant t);

}  // namespace counterfoil::decide
