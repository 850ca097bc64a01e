// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// /v1/scrubs: one question about a whole list of numbers (desk/scrubs.h). Thread rule: any thread.
#pragma once

#include "api/answers.h"
#include "desk/desk.h"

namespace counterfoil::api {

net::Response post_scrub(desk::Desk& desk, const desk::Client& client, const net::Request& request);
net::Response post_numbers(desk::Desk& desk, const desk::Client& client, const net::Request& request);
net::Response post_run(desk::Desk& desk, const desk::Client& client, const net::Request& request);
net::Response get_scrub(desk::Desk& desk, const desk::Client& client, const net::Request& request);
net::Response get_result(desk::Desk& desk, const desk::Client& client, const net::Request& request);
net::Response post_end(desk::Desk& desk, const desk::Client& client, const net::Request& request);

}  // namespace counterfoil::api
