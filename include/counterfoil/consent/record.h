// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The consent record in the terms of ISO/IEC TS 27560 (src/ledger/FORMAT.md, section 10): derived from a
// person's events, the notice and the configuration as of now, never stored.
// Thread rule: pure functions.
#pragma once

#include "counterfoil/consent/event.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace counterfoil::consent {

/// The state in which an event leaves consent; ConsentUnknown for types that do not change it. evidence is
/// what the event itself brings, minimum what the business demands for a yes.
State state_after(EventType type, Evidence evidence, Evidence minimum);

/// What a record takes from around the events; the words are in the language of the notice.
struct RecordDetails {
  Instant issued = 0;
  std::optional<Seq> published;  // line that holds the notice's text
  std::string because;           // why the person hears from the business
  std::string storage;
  std::string retention;
  std::vector<std::string> withdrawal;
};

/// The record, but for the members that tie it to the log. events: those that its holder may know of, in
/// order, the grant first. Fails with BadInput when it is not.
Result<json::Object> make_record(const Business& business, std::span<const Event> events,
                                 const RecordDetails& details);

/// Demands that a record says what its grant says, and of each later event the state that follows from it.
/// Fails with BadInput (not a record) or Corrupt, naming the member.
Status check_record(const json::Value& record, const Event& grant);

/// Demands that a record has these members with these values. Fails with Corrupt, naming the member.
Status demand_members(const json::Value& record, const json::Object& members);

}  // namespace counterfoil::consent
