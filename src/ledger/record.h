// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What is encrypted: the payload of a person's event and the card of a subject. FORMAT.md is normative.
// Both are padded, so that their length tells little. Thread rule: pure functions.
#pragma once

#include "counterfoil/base/clock.h"
#include "counterfoil/consent/event.h"
#include "counterfoil/proof/leaf.h"

#include <array>
#include <string>

namespace counterfoil::ledger {

using Disclosures = std::array<proof::Entry::Disclosure, 2>;

/// A row of payload.
struct PayloadRow {
  std::int64_t cohort = 0;
  Bytes salt;
  Bytes sealed;
};

/// One byte that names the cipher, then the sealed salts and disclosures. The key must serve for this record
/// alone: the nonce is zero.
Bytes seal_payload(const Key& record, const Hash& leaf, const Disclosures& disclosures);
/// Fails with WrongKey (other key or leaf, changed bytes) or Corrupt (another form).
Result<Disclosures> open_payload(const Key& record, const Hash& leaf, ByteView sealed);

/// What is found by an address, a token or a code; written once, when the subject is opened. The events say
/// what holds now.
struct Card {
  consent::Identity identity;  // as first given; no addresses: a stop that nobody here is known for
  std::string code;            // six digits or empty
  Instant code_ends = 0;
};
Result<Bytes> seal_card(const Key& subject, const consent::SubjectId& id, const Card& card);
/// Fails with WrongKey or Corrupt.
Result<Card> open_card(const Key& subject, const consent::SubjectId& id, ByteView sealed);

}  // namespace counterfoil::ledger
