// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What programs ask on the staff listener, below /v1/: JSON in, JSON out; openapi.json beside this file says
// how. A client shows its token (Authorization: Bearer) and may do what its scopes name. A request is
// answered whole or changes nothing. Thread rule: add the routes in one thread; their handlers run in any.
#pragma once

#include "desk/desk.h"
#include "net/router.h"

namespace counterfoil::api {

/// desk and clock outlive the router.
void add_routes(net::Router& router, desk::Desk& desk, const Clock& clock);

}  // namespace counterfoil::api
