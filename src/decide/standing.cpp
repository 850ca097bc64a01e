// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "decide/standing.h"

#include <algorithm>

namespace counterfoil::decide {
namespace {

bool is_given(const consent::PairState& pair) {
  return pair.state == consent::State::ConsentGiven || pair.state == consent::State::RenewedConsentGiven;
}

void keep_latest(Found& kept, const consent::PairState& pair, consent::Evidence proof) {
  if (!kept || kept.pair->last < pair.last) kept = Found{.pair = &pair, .proof = proof};
}

void add_grant(Standing& out, const View& view, const consent::PairState& pair, consent::Evidence proof,
               const Found& binding_withdrawal) {
  if (!is_given(pair) || pair.given > view.as_of) return;
  if (proof < view.minimum) {
    if (view.as_of < std::min(pair.ends, pair.given + kUnconfirmedLife_s))
      keep_latest(out.waiting, pair, proof);
    return;
  }
  if (binding_withdrawal && pair.grant < binding_withdrawal.pair->last) return;
  keep_latest(view.as_of < pair.ends ? out.live : out.ended, pair, proof);
}

}  // namespace

View view_of(const consent::PersonState& person, const consent::Address& address, const Rules& rules,
             Instant as_of) {
  View view{.voices = {}, .minimum = rules.minimum_evidence, .as_of = as_of};
  for (const consent::SubjectState& subject : person.subjects) {
    const bool named = std::any_of(subject.addresses.begin(), subject.addresses.end(),
                                   [&](const consent::Address& known) { return known.same_place(address); });
    if (named) view.voices.push_back(Voice{.subject = &subject, .proof = subject.proof_of(address)});
  }
  return view;
}

Standing standing_of(const View& view, const consent::Pair& pair) {
  Standing out;
  Found binding_withdrawal;
  const auto each = [&](const auto& visit) {
    for (const Voice& voice : view.voices) {
      const auto at = voice.subject->pairs.find(pair);
      if (at != voice.subject->pairs.end()) visit(at->second, voice.proof);
    }
  };
  each([&](const consent::PairState& state, consent::Evidence proof) {
    if (state.state != consent::State::ConsentWithdrawn) return;
    if (proof >= kWithdrawalProofMin) keep_latest(binding_withdrawal, state, proof);
    if (proof >= std::min(view.minimum, kWithdrawalProofMin)) keep_latest(out.withdrawn, state, proof);
  });
  each([&](const consent::PairState& state, consent::Evidence proof) {
    add_grant(out, view, state, proof, binding_withdrawal);
  });
  return out;
}

std::set<consent::Pair> pairs_of(const View& view) {
  std::set<consent::Pair> out;
  for (const Voice& voice : view.voices) {
    for (const auto& [pair, state] : voice.subject->pairs) out.insert(pair);
  }
  return out;
}

bool ever_granted(const View& view) {
  return std::any_of(view.voices.begin(), view.voices.end(), [&](const Voice& voice) {
    return voice.proof >= view.minimum &&
           std::any_of(voice.subject->pairs.begin(), voice.subject->pairs.end(),
                       [&](const auto& entry) { return entry.second.given <= view.as_of; });
  });
}

}  // namespace counterfoil::decide
