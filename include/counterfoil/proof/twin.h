// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The twin of a receipt: the consent record in the terms of ISO/IEC TS 27560 (consent/record.h), tied to the
// receipt's line and checkpoint and signed with the log's key as compact JWS. It names nobody.
// Thread rule: pure functions.
#pragma once

#include "counterfoil/proof/receipt.h"

namespace counterfoil::proof {

/// "typ" of its header.
inline constexpr std::string_view kTwinType = "counterfoil-receipt";

/// The event of the receipt's line. Fails with BadInput when this version does not know its body.
Result<consent::Event> event_of(const CheckedReceipt& receipt);
/// The members of a record that tie it to the receipt: names, place in the log, checkpoint, retention.
json::Object twin_members(const CheckedReceipt& receipt);
/// Lines of the log that vouch for later keys, so that whoever holds the first one can check it; left out
/// while there are none.
inline constexpr std::string_view kTwinKeys = "log_keys";
/// The key given and those that the twin's lines vouch for, not yet its signature; a twin that
/// cannot be read has no lines. Fails with BadInput.
Result<KeyChain> keys_of_twin(std::string_view jws, LogKey first);
/// The record. Demands the signature and that record and receipt agree. Fails as open_jws does, and with
/// BadInput or Corrupt, naming the member that disagrees.
Result<json::Value> check_twin(std::string_view jws, const CheckedReceipt& receipt, const KeyChain& keys);

}  // namespace counterfoil::proof
