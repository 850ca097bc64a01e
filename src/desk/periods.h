// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// How long a yes and its record live: what the notice promises, what a grant says and under which class it is
// filed come from the same function. Thread rule: pure functions.
#pragma once

#include "counterfoil/base/clock.h"
#include "counterfoil/consent/business.h"
#include "ledger/ledger.h"

#include <string>
#include <vector>

namespace counterfoil::desk {

/// The instant at which what began at `from` falls due, in calendar months or days, UTC.
Instant end_of(const consent::RetentionClass& rc, Instant from);
/// What began then or later has not fallen due at `until`.
Instant begin_of(const consent::RetentionClass& rc, Instant until);
/// The day, or for more than a year the month, in which records due then go together.
std::string cohort_of(Instant due, Instant now);
/// The last cohort in which a line of that class that was written at t may be.
std::string last_cohort(const consent::Business& business, const consent::RetentionClass& rc, Instant t);
/// For what is written at t and shows that something was asked or taken back.
ledger::Retention retention_of_proof(const consent::Business& business, Instant t);
/// For a record of a yes that is written at t, by its own time whatever it belongs to; the class of proofs
/// once none of its topics is configured any more.
ledger::Retention retention_of_yes(const consent::Business& business,
                                   const std::vector<consent::TopicId>& topics, Instant t);
/// For a message that is sent at t.
ledger::Retention retention_of_sent(const consent::Business& business, Instant t);
/// For a message that somebody wrote, reported at t; with its text, which goes after kDoubtfulLife_s at the
/// latest.
ledger::Retention retention_of_inbound(const consent::Business& business, Instant t, bool with_text);
/// For a look-up by staff at t.
ledger::Retention retention_of_look_up(const consent::Business& business, Instant t);
/// One form has one end: the class that ends first among those of the topics it offers; none for topics that
/// nobody configured.
const consent::RetentionClass* class_of_yes(const consent::Business& business,
                                            const std::vector<consent::TopicId>& topics, Instant from);

}  // namespace counterfoil::desk
