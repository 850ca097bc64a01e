// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "counterfoil/consent/fold.h"

#include <algorithm>

namespace counterfoil::consent {
namespace {

Address* find_address(std::vector<Address>& addresses, const Address& wanted) {
  const auto at = std::find_if(addresses.begin(), addresses.end(),
                               [&](const Address& a) { return a.same_place(wanted); });
  return at == addresses.end() ? nullptr : &*at;
}

// Proof only ever grows: a later, weaker statement about an address takes nothing away.
void record_address(SubjectState& state, const Address& address) {
  if (Address* known = find_address(state.addresses, address)) {
    known->proof = std::max(known->proof, address.proof);
  } else {
    state.addresses.push_back(address);
  }
}

void raise_proof(SubjectState& state, const Identity& named, Evidence evidence) {
  for (Address& address : state.addresses) {
    const bool meant =
        named.addresses.empty() || std::any_of(named.addresses.begin(), named.addresses.end(),
                                               [&](const Address& a) { return a.same_place(address); });
    if (meant) address.proof = std::max(address.proof, evidence);
  }
}

bool is_given(const PairState& pair) {
  return pair.state == State::ConsentGiven || pair.state == State::RenewedConsentGiven;
}

void apply_grant(SubjectState& state, const Event& event, const GrantBody& body) {
  // With one address the grant's evidence is that address's; with several, each carries its own.
  if (event.identity.addresses.size() == 1) raise_proof(state, event.identity, body.evidence);
  for (const Channel channel : body.channels) {
    for (const TopicId& topic : body.topics) {
      PairState& pair = state.pairs[{channel, topic}];
      pair.state = is_given(pair) ? State::RenewedConsentGiven : State::ConsentGiven;
      pair.given = event.t;
      pair.ends = body.ends;
      pair.grant = event.seq;
      pair.last = event.seq;
      pair.changed = event.t;
      pair.by = Actor::Person;
      pair.taken_back = false;
      pair.taken_back_here = false;
      pair.notice = body.notice;
      pair.link = body.link;
      pair.place = body.place;
      pair.promise = body.promise;
    }
  }
}

// A stronger actor's no takes over a weaker one's; otherwise the first no keeps its date.
void withdraw_pair(PairState& pair, const Event& event, Actor by) {
  if (pair.state == State::ConsentWithdrawn && pair.by >= by) return;
  pair.state = State::ConsentWithdrawn;
  pair.last = event.seq;
  pair.changed = event.t;
  pair.by = by;
}

void apply_withdraw(SubjectState& state, const Event& event, const WithdrawBody& body) {
  for (auto& [key, pair] : state.pairs) {
    const bool channel_meant = body.channels.empty() || std::find(body.channels.begin(), body.channels.end(),
                                                                  key.first) != body.channels.end();
    const bool topic_meant =
        std::find(body.topics.begin(), body.topics.end(), key.second) != body.topics.end();
    if (!channel_meant || !topic_meant) continue;
    withdraw_pair(pair, event, body.by);
    pair.taken_back = true;
    if (body.via != kViaKeyword) pair.taken_back_here = true;
  }
}

void apply_stop(SubjectState& state, const Event& event, const StopBody& body) {
  const StopState stop{.at = event.t, .seq = event.seq, .by = body.by, .via = body.via};
  if (!state.stop || state.stop->by < body.by) state.stop = stop;
  if (!state.link_stop && body.via == "link") state.link_stop = stop;
  for (auto& [key, pair] : state.pairs) withdraw_pair(pair, event, body.by);
}

// Whoever restricted it last is the one who may be asked why; a weaker hand takes nothing back.
void apply_restrict(SubjectState& state, const Event& event, const RestrictBody& body) {
  if (state.restricted && state.restricted->by > body.by) return;
  state.restricted.reset();
  if (body.on) state.restricted = Restriction{event.t, event.seq, body.by, body.reason};
}

void apply_native(SubjectState& state, const Event& event, const NativeBody& body) {
  const std::pair key(body.channel, body.sender);
  if (body.stop)
    state.native_stops.try_emplace(key, NativeStop{body.at, event.seq});
  else
    state.native_stops.erase(key);
}

// Reports may come late and in any order. One that cannot be read opens nothing, and so is no damage.
void apply_inbound(SubjectState& state, const Event& event) {
  const auto* body = event.body ? std::get_if<InboundBody>(&*event.body) : nullptr;
  if (body == nullptr) return;
  LastInbound& latest = state.inbound[{body->channel, body->sender}];
  if (latest.at <= body->at) latest = {body->at, event.seq};
}

void apply_body(SubjectState& state, const Event& event) {
  if (!event.body || event_type(*event.body) != event.type) {
    state.damaged = true;
  } else if (const auto* grant = std::get_if<GrantBody>(&*event.body)) {
    apply_grant(state, event, *grant);
  } else if (const auto* confirm = std::get_if<ConfirmBody>(&*event.body)) {
    raise_proof(state, event.identity, confirm->evidence);
  } else if (const auto* withdrawal = std::get_if<WithdrawBody>(&*event.body)) {
    apply_withdraw(state, event, *withdrawal);
  } else if (const auto* stop = std::get_if<StopBody>(&*event.body)) {
    apply_stop(state, event, *stop);
  } else if (const auto* erase = std::get_if<EraseBody>(&*event.body)) {
    apply_stop(state, event, StopBody{.by = erase->by, .via = erase->via, .user = {}, .told_at = {}});
    if (!state.erase_asked) state.erase_asked = event.t;
  } else if (const auto* hold = std::get_if<HoldBody>(&*event.body)) {
    state.holds[hold->case_id] = hold->until;
  } else if (const auto* clear = std::get_if<HoldClearBody>(&*event.body)) {
    state.holds.erase(clear->case_id);
  } else if (const auto* restriction = std::get_if<RestrictBody>(&*event.body)) {
    apply_restrict(state, event, *restriction);
  } else if (const auto* sent = std::get_if<SentBody>(&*event.body)) {
    state.sent.push_back({event.seq, *sent});
  } else if (const auto* native = std::get_if<NativeBody>(&*event.body)) {
    apply_native(state, event, *native);
  }
}

}  // namespace

Evidence SubjectState::proof_of(const Address& address) const {
  for (const Address& known : addresses) {
    if (known.same_place(address)) return known.proof;
  }
  return Evidence::Claimed;
}

Instant SubjectState::held_until() const {
  Instant out = 0;
  for (const auto& [case_id, until] : holds) out = std::max(out, until.value_or(kForever));
  return out;
}

void apply(SubjectState& state, const Event& event) {
  const bool first = state.events == 0;
  if (first) {
    state.first = event.seq;
    state.first_t = event.t;
  } else if (event.seq <= state.last) {
    state.damaged = true;
  }
  state.last = std::max(state.last, event.seq);
  ++state.events;
  if (event.clock == ClockState::Untrusted) state.untrusted_clock = true;
  if (!event.identity.language.empty()) state.language = event.identity.language;
  for (const Address& address : event.identity.addresses) record_address(state, address);
  switch (event.type) {
    case EventType::Grant:
    case EventType::Confirm:
    case EventType::Withdraw:
    case EventType::Stop:
    case EventType::EraseRequest:
    case EventType::HoldSet:
    case EventType::HoldClear:
    case EventType::Restrict:
    case EventType::Sent:
    case EventType::NativeStop:
    case EventType::NativeResume:
      apply_body(state, event);
      break;
    case EventType::Inbound:
      apply_inbound(state, event);
      break;
    case EventType::Lookup:
      ++state.look_ups;
      state.looked_up = event.t;
      break;
    // These only add or lift something, or say nothing about consent: not applying them never allows more.
    case EventType::Renew:
    case EventType::Lift:
    case EventType::Import:
    case EventType::RetentionChange:
      break;
    // These take something away, and this version cannot apply them; a log event has no place here at all.
    default:
      state.damaged = true;
      break;
  }
}

PersonState fold_until(std::span<const std::vector<Event>> subjects, Instant as_of) {
  PersonState person;
  for (const std::vector<Event>& events : subjects) {
    SubjectState state;
    for (const Event& event : events) {
      if (event.t <= as_of) apply(state, event);
    }
    if (state.events > 0) person.subjects.push_back(std::move(state));
  }
  return person;
}

}  // namespace counterfoil::consent
