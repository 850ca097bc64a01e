// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The input is what is inside the encryption, so that the reader behind it is reached.
#include "crypto/crypto.h"
#include "fuzz.h"
#include "ledger/byte_order.h"
#include "ledger/record.h"

CF_FUZZ(payload) {
  using namespace counterfoil;
  const Key key;
  const Hash leaf{};
  const std::array<std::uint8_t, crypto::kNonceBytes> nonce{};
  Bytes sealed{1};
  ledger::append_bytes(sealed, crypto::seal(key, nonce, leaf, input));
  const auto opened = ledger::open_payload(key, leaf, sealed);
  if (opened) fuzz::require(ledger::seal_payload(key, leaf, *opened) == sealed, "one way to write a payload");
  static_cast<void>(ledger::open_payload(key, leaf, input));
}
