// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The input is what is inside the encryption, so that the reader behind it is reached.
#include "crypto/crypto.h"
#include "fuzz.h"
#include "ledger/key_tree.h"
#include "ledger/record.h"

CF_FUZZ(card) {
  using namespace counterfoil;
  const Key subject;
  const consent::SubjectId id{};
  const Bytes sealed = crypto::wrap(ledger::card_key(subject), ledger::place("cf/card", id.bytes), input);
  const auto card = ledger::open_card(subject, id, sealed);
  static_cast<void>(ledger::open_card(subject, id, input));
  if (!card) return;
  const auto again = ledger::seal_card(subject, id, *card);
  fuzz::require(again.has_value(), "what was read can be written");
  const auto same = ledger::open_card(subject, id, *again);
  fuzz::require(same && same->identity == card->identity && same->code == card->code &&
                    same->code_ends == card->code_ends,
                "a card is the same after writing");
}
