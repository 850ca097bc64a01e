// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The backend protocol on the sync listener, device side: PROTOCOL.md is the normative text. A peer is known
// by the key of its TLS client certificate; its rights and its recipient's sharing agreement say what it
// gets. Thread rule: build once, handlers run on any thread.
#pragma once

#include "desk/desk.h"
#include "net/router.h"

namespace counterfoil::sync {

/// Adds the /v1 routes. The desk outlives the router.
void add_routes(net::Router& router, desk::Desk& desk);

/// What a recipient may see under its agreement (design: ledger 4): without one lines, hashes and checkpoints
/// only; the same controller needs none.
ledger::View view_for(const consent::Business& business, const consent::RecipientId& recipient,
                      bool ask_identity);

}  // namespace counterfoil::sync
