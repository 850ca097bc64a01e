// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Current state is the fold of a person's events, computed on demand. Pure.
// Thread rule: value types.
#pragma once

#include "counterfoil/consent/event.h"

#include <limits>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace counterfoil::consent {

/// What is known of one (channel, topic) of one subject. The evidence is the subject's, not the pair's.
struct PairState {
  State state =
      State::ConsentUnknown;  // Given, Requested (below the shop's minimum) are told apart by decide
  Instant given = 0;          // instant of the latest grant
  Instant ends = 0;
  Seq grant;  // event that granted
  Seq last;   // event that set the state
  Instant changed = 0;
  Actor by = Actor::Person;      // who set the state
  bool taken_back = false;       // by a withdrawal of its topic, whatever stops did before or after
  bool taken_back_here = false;  // by the submission's own link, whatever the number's owner wrote
  NoticeRef notice;
  LinkId link;
  ShopId place;
  Promise promise;
  bool operator==(const PairState&) const = default;
};

/// An end that no clock reaches.
inline constexpr Instant kForever = std::numeric_limits<Instant>::max();

struct StopState {
  Instant at = 0;
  Seq seq;
  Actor by = Actor::Person;
  std::string via;
  bool operator==(const StopState&) const = default;
};

/// Kept, but not used, since then (GDPR Art. 18).
struct Restriction {
  Instant at = 0;
  Seq seq;
  Actor by = Actor::Person;
  std::string reason;
  bool operator==(const Restriction&) const = default;
};

/// A message that went to one of the subject's addresses.
struct SentMessage {
  Seq seq;
  SentBody what;
  bool operator==(const SentMessage&) const = default;
};

/// Adverts of one sender, stopped on the platform.
struct NativeStop {
  Instant at = 0;
  Seq seq;
  bool operator==(const NativeStop&) const = default;
};

/// The latest message that the person wrote to one sender.
struct LastInbound {
  Instant at = 0;
  Seq seq;
  bool operator==(const LastInbound&) const = default;
};

using Pair = std::pair<Channel, TopicId>;

struct SubjectState {
  std::vector<Address> addresses;  // with the strongest proof recorded so far
  std::string language;
  std::map<Pair, PairState> pairs;
  std::optional<StopState> stop;       // of the strongest hand
  std::optional<StopState> link_stop;  // by the submission's own link, whatever others did
  std::optional<Restriction> restricted;
  std::vector<SentMessage> sent;  // as far as they are kept, in the order of seq
  std::map<std::pair<Channel, SenderId>, NativeStop> native_stops;  // until the platform takes them back
  std::map<std::pair<Channel, SenderId>, LastInbound> inbound;      // as far as they are kept
  std::map<CaseId, std::optional<Instant>> holds;  // open legal claims, and when each ends by itself
  std::optional<Instant> erase_asked;  // still here: its records are held, or it goes within a minute
  std::uint64_t look_ups = 0;          // by staff, as far as they are kept
  Instant looked_up = 0;               // the last of them
  bool damaged = false;                // an event is missing or does not open: never an allow
  std::uint64_t events = 0;
  Seq first;
  Seq last;
  Instant first_t = 0;
  bool untrusted_clock = false;  // some event was recorded on an untrusted clock
  [[nodiscard]] Evidence proof_of(const Address& address) const;
  /// When the last of the open holds ends by itself; kForever, 0 when there is none.
  [[nodiscard]] Instant held_until() const;
  bool operator==(const SubjectState&) const = default;
};

/// Applies one event; events come in the order of seq, their t may go backwards. An event that cannot be
/// applied marks the subject damaged: no body where there must be one, a seq out of order, a type that takes
/// something away which this version does not know.
void apply(SubjectState& state, const Event& event);

/// What may be shown of a pair. proven: the evidence is enough for whoever asks; a yes that is only claimed
/// is a request, and one that has run out is none.
inline State shown_state(const PairState& pair, bool proven, bool stopped, Instant now) {
  if (stopped || pair.state == State::ConsentWithdrawn) return State::ConsentWithdrawn;
  if (now >= pair.ends) return State::ConsentExpired;
  return proven ? State::ConsentGiven : State::ConsentRequested;
}

/// A person is the union of the subjects proven for the same address, plus unproven ones, which count for
/// stops and for "unconfirmed" only.
struct PersonState {
  std::vector<SubjectState> subjects;
  bool suppressed = false;  // a suppression tag exists for the address asked about
  bool damaged = false;
  Instant known_since = 0;  // of what was before, some is deleted by its schedule
};

/// Each inner list is one subject's events in the order of seq; those with t after as_of are left out, and so
/// are subjects without any. For a question about the past: a question about now folds every event, since a
/// clock that went backwards must not hide a stop. suppressed and damaged are the caller's to set.
PersonState fold_until(std::span<const std::vector<Event>> subjects, Instant as_of);

}  // namespace counterfoil::consent
