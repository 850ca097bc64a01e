// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The rules every body and identity keeps, whether it is being written or read. Thread rule: pure.
// All fail with BadInput and name the member, never its value.
#pragma once

#include "counterfoil/consent/event.h"

namespace counterfoil::consent {

Status check_body(const GrantBody& body);
Status check_body(const ConfirmBody& body);
Status check_body(const WithdrawBody& body);
Status check_body(const StopBody& body);
Status check_body(const EraseBody& body);
Status check_body(const HoldBody& body);
Status check_body(const HoldClearBody& body);
Status check_body(const RestrictBody& body);
Status check_body(const RetentionChangeBody& body);
Status check_body(const LookupBody& body);
Status check_body(const SentBody& body);
Status check_body(const NativeBody& body);
Status check_body(const InboundBody& body);
Status check_identity(const Identity& identity);
/// Frequency and hours that make sense and topics that are unique; also asked before opt-in opens.
Status check_promise(const Promise& promise);

}  // namespace counterfoil::consent
