// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The bytes of an answer where cpp-httplib does not write them (refusals before a parser may look, streams),
// and the fields that every answer of a listener carries. Thread rule: free functions, any thread.
#pragma once

#include "net/request.h"

namespace counterfoil::net {

/// Adds the listener's security fields that the handler has not set itself.
void add_listener_fields(Response& response, ListenerKind listener);

enum class Framing { Length, Chunked };
/// Status line and fields with the empty line.
std::string response_head(const Response& response, Framing framing, bool close);
/// Head and, unless the method is HEAD, body.
std::string response_bytes(const Response& response, bool is_head_request, bool close);
/// One piece of a chunked body (RFC 9112 section 7.1); an empty piece gives nothing.
std::string chunk(std::string_view piece);
constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace counterfoil::net
