// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// /v1/people: a number becomes a ref that may stand in an address and in other people's logs, and the ref
// opens what the log knows of the person. Thread rule: any thread.
#pragma once

#include "api/door.h"

namespace counterfoil::api {

net::Response post_person(Door& door, const desk::Client& client, const net::Request& request);
net::Response get_timeline(Door& door, const desk::Client& client, const net::Request& request);

}  // namespace counterfoil::api
