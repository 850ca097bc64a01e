// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What every answer of the API looks like: JSON, and for a refusal {"error":{"at":…,"code":…,"message":…}}.
// Thread rule: any thread.
#pragma once

#include "api/members.h"
#include "net/router.h"

namespace counterfoil::api {

net::Response answer_of(const Refusal& refusal);
/// What the desk says, in its own words.
Refusal refusal_of(const Error& error);
/// Whatever is answered before a handler is asked (net::ErrorPage).
net::Response error_page(const net::Request& request, int status, std::string_view reason);
/// The body, which must come as that type: Refusal 415.
std::string_view body_of(const net::Request& request, std::string_view type, std::optional<Refusal>& wrong);
json::Value json_body_of(const net::Request& request, std::optional<Refusal>& wrong);

}  // namespace counterfoil::api
