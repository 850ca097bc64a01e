// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "api/routes.h"

#include "api/decisions.h"
#include "api/facts.h"
#include "api/lists.h"
#include "api/people.h"
#include "base/limits.h"

#include <algorithm>
#include <array>

namespace counterfoil::api {
namespace {

constexpr std::string_view kScheme = "Bearer ";

using Handler = net::Response (*)(Door&, const desk::Client&, const net::Request&);

struct Route {
  net::Method method;
  std::string_view path;
  std::string_view scope;
  Handler handler;
  std::size_t body_bytes_max = limits::kApiBodyBytesMax;
};

constexpr std::array kRoutes = {
    Route{net::Method::Post, "/v1/decide", "decide", post_decide},
    Route{net::Method::Post, "/v1/messages", "write", post_message},
    Route{net::Method::Post, "/v1/facts", "report", post_fact},
    Route{net::Method::Post, "/v1/quality", "report", post_quality},
    Route{net::Method::Post, "/v1/inbound", "report", post_inbound},
    Route{net::Method::Post, "/v1/scrubs", "scrub", post_scrub},
    Route{net::Method::Post, "/v1/scrubs/{id}/numbers", "scrub", post_numbers, limits::kListPieceBytesMax},
    Route{net::Method::Post, "/v1/scrubs/{id}/run", "scrub", post_run},
    Route{net::Method::Get, "/v1/scrubs/{id}", "scrub", get_scrub},
    Route{net::Method::Get, "/v1/scrubs/{id}/result", "scrub", get_result},
    Route{net::Method::Post, "/v1/scrubs/{id}/end", "scrub", post_end},
    Route{net::Method::Post, "/v1/people", "timeline", post_person},
    Route{net::Method::Get, "/v1/people/{ref}/timeline", "timeline", get_timeline},
};

std::string_view token_of(const net::Request& request) {
  const std::string_view shown = request.field("Authorization").value_or("");
  const bool is_bearer = net::equals_ignoring_case(shown.substr(0, kScheme.size()), kScheme);
  return is_bearer ? shown.substr(kScheme.size()) : std::string_view();
}

// Before the body is read.
std::optional<net::HeadRefusal> admits(const desk::Desk& desk, std::string_view scope,
                                       const net::Request& request) {
  if (desk.needs_set_up()) return net::HeadRefusal{503, "not_set_up"};
  const auto client = desk.client_by_token(token_of(request));
  if (!client) return net::HeadRefusal{401, "token"};
  if (std::find(client->scopes.begin(), client->scopes.end(), scope) == client->scopes.end())
    return net::HeadRefusal{403, "scope"};
  return std::nullopt;
}

net::Response answer(Door& door, Handler handler, const net::Request& request) {
  const auto client = door.desk.client_by_token(token_of(request));
  if (!client) return error_page(request, 401, "token");  // removed since its head came
  return handler(door, *client, request);
}

}  // namespace

void add_routes(net::Router& router, desk::Desk& desk, const Clock& clock) {
  const auto door = std::make_shared<Door>(desk, clock);
  for (const Route& route : kRoutes) {
    net::RouteLimits limits;
    limits.body_bytes_max = route.body_bytes_max;
    limits.waits = true;
    limits.admits = [door, &route](const net::Request& request) {
      return admits(door->desk, route.scope, request);
    };
    router.add(
        route.method, route.path,
        [door, &route](const net::Request& request) { return answer(*door, route.handler, request); },
        limits);
  }
  router.set_error_page(error_page, "/v1/");
}

}  // namespace counterfoil::api
