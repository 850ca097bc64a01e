// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The gate, and whether the library behind it reads the same request as the gate does.
#include "fuzz.h"
#include "net/gate.h"
#include "net/httplib_adapter.h"

#include <algorithm>

CF_FUZZ(request_head) {
  using namespace counterfoil;
  const std::string_view bytes = as_text(input);
  static_cast<void>(net::RequestGate::judge(bytes));
  std::size_t head_bytes = 0;
  if (!net::find_head_end(bytes, head_bytes)) return;
  net::RouteLimits route;
  route.methods = {net::Method::Get, net::Method::Head, net::Method::Post};
  const auto verdict =
      net::RequestGate::judge_route(net::RequestGate::judge(bytes.substr(0, head_bytes)), route);
  fuzz::require(verdict.admitted == (verdict.status == 0), "a refusal has its status");
  if (!verdict.admitted) return;
  fuzz::require(verdict.head.path.starts_with('/') && is_utf8(verdict.head.path),
                "a path is UTF-8 and absolute");
  fuzz::require(verdict.content_length() <= route.body_bytes_max, "a body has its limit");
  static const auto engine = net::HttpEngine::make();
  std::string body(bytes.substr(head_bytes, verdict.content_length()));
  body.resize(verdict.content_length());
  const auto serve = [](const net::Request&) { return net::Response::text("served"); };
  const auto answer = engine->run(verdict.head, body, {}, true, serve);
  fuzz::require(answer.agreed, "the library reads what the gate judged");
}
