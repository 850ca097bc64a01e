// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The rule against cross-site posts, applied to every POST before its handler.
// Refused: Sec-Fetch-Site "cross-site"; an Origin that is not ours, scheme, name and port. Pages carry
// Referrer-Policy no-referrer, so browsers send "Origin: null" with their own forms: null counts as ours when
// Sec-Fetch-Site says same-origin or, on the customer listener only, when an old browser sends no
// Sec-Fetch-Site at all (the single-use form token decides then). Thread rule: any thread.
// Source: design web, Transport; Fetch Standard ("append a request Origin header"); Fetch Metadata.
#pragma once

#include "net/request.h"

namespace counterfoil::net {

bool is_same_origin(const Request& request);

}  // namespace counterfoil::net
