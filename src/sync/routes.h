// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The backend protocol on the sync listener, device side: PROTOCOL.md is the normative text. A peer is known
// by the key of its TLS client certificate; its rights say what it may ask, and the desk's LogView
// what it is shown. Thread rule: build once, handlers run on any thread.
#pragma once

#include "desk/desk.h"
#include "net/router.h"

namespace counterfoil::sync {

/// Adds the /v1 routes. The desk outlives the router.
void add_routes(net::Router& router, desk::Desk& desk);

}  // namespace counterfoil::sync
