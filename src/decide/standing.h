// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What all submissions that name one address say together about a channel and a topic at one instant.
// Thread rule: pure; a View and a Standing point into the PersonState they were made from.
#pragma once

#include "counterfoil/consent/fold.h"
#include "counterfoil/decide/decide.h"

#include <set>
#include <vector>

namespace counterfoil::decide {

/// A withdrawal acts beyond its own submission once somebody proved the address at all. The shop's minimum
/// plays no part here: raising it must never make a withdrawal weaker and so allow more.
inline constexpr consent::Evidence kWithdrawalProofMin = consent::Evidence::Present;

/// One subject that names the address, with the proof it has for it.
struct Voice {
  const consent::SubjectState* subject = nullptr;
  consent::Evidence proof = consent::Evidence::Claimed;
};

struct View {
  std::vector<Voice> voices;
  consent::Evidence minimum = consent::Evidence::Present;
  Instant as_of = 0;
};
View view_of(const consent::PersonState& person, const consent::Address& address, const Rules& rules,
             Instant as_of);

/// One pair of one subject.
struct Found {
  const consent::PairState* pair = nullptr;
  consent::Evidence proof = consent::Evidence::Claimed;
  explicit operator bool() const { return pair != nullptr; }
};

/// The latest of each kind by seq, over all voices; none when there is none.
struct Standing {
  Found live;       // proven, given <= as_of < ends, not withdrawn since
  Found ended;      // proven, as_of >= ends, not withdrawn since
  Found withdrawn;  // the person's no to this pair
  Found waiting;    // live, but below the minimum evidence and young enough to be confirmed
};
Standing standing_of(const View& view, const consent::Pair& pair);

/// Every pair that any voice has an opinion on.
std::set<consent::Pair> pairs_of(const View& view);
/// Was anything ever granted by a proven voice?
bool ever_granted(const View& view);

}  // namespace counterfoil::decide
