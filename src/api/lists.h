// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// /v1/scrubs: one question about a whole list of numbers (desk/scrubs.h). Thread rule: any thread.
#pragma once

#include "api/door.h"

namespace counterfoil::api {

net::Response post_scrub(Door& door, const desk::Client& client, const net::Request& request);
net::Response post_numbers(Door& door, const desk::Client& client, const net::Request& request);
net::Response post_run(Door& door, const desk::Client& client, const net::Request& request);
net::Response get_scrub(Door& door, const desk::Client& client, const net::Request& request);
net::Response get_result(Door& door, const desk::Client& client, const net::Request& request);
net::Response post_end(Door& door, const desk::Client& client, const net::Request& request);

}  // namespace counterfoil::api
