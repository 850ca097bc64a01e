// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// POST /v1/facts: what only somebody outside the box knows of a person; POST /v1/inbound: what they wrote;
// POST /v1/quality: how a platform rates a sender.
// Thread rule: any thread.
#pragma once

#include "api/door.h"

namespace counterfoil::api {

net::Response post_fact(Door& door, const desk::Client& client, const net::Request& request);
net::Response post_quality(Door& door, const desk::Client& client, const net::Request& request);
net::Response post_inbound(Door& door, const desk::Client& client, const net::Request& request);

}  // namespace counterfoil::api
