// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "net/router.h"

#include "base/log.h"

#include <algorithm>

namespace counterfoil::net {
namespace {

/// Cuts "/a/b/" into "a", "b", "" (a trailing slash is a last empty segment; "/" is one empty segment).
std::vector<std::string_view> split_path(std::string_view path) {
  std::vector<std::string_view> out;
  while (!path.empty()) {
    path.remove_prefix(1);
    std::size_t end = std::min(path.find('/'), path.size());
    out.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return out;
}

}  // namespace

struct Router::Route {
  std::string pattern;
  std::vector<std::string> segments;  // "{name}" kept with its braces
  Method method = Method::Get;
  Handler handler;
  RouteLimits limits;

  static bool is_wild(std::string_view segment) { return segment.starts_with('{'); }

  [[nodiscard]] bool fits(const std::vector<std::string_view>& path) const {
    if (path.size() != segments.size()) return false;
    for (std::size_t i = 0; i < path.size(); ++i) {
      bool same = is_wild(segments[i]) ? !path[i].empty() : segments[i] == path[i];
      if (!same) return false;
    }
    return true;
  }

  [[nodiscard]] bool answers(Method m) const {
    return m == method || (m == Method::Head && method == Method::Get);
  }
};

Router::Router() = default;
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

void Router::add(Method method, std::string_view pattern, Handler handler, RouteLimits limits) {
  Route route;
  route.pattern = pattern;
  for (std::string_view segment : split_path(pattern)) route.segments.emplace_back(segment);
  route.method = method;
  route.handler = std::move(handler);
  route.limits = limits;
  routes_.push_back(std::move(route));
}

void Router::get(std::string_view pattern, Handler handler, RouteLimits limits) {
  add(Method::Get, pattern, std::move(handler), limits);
}

void Router::post(std::string_view pattern, Handler handler, RouteLimits limits) {
  add(Method::Post, pattern, std::move(handler), limits);
}

void Router::set_error_page(ErrorPage page, std::string below) {
  error_pages_.insert_or_assign(std::move(below), std::move(page));
}

Router::Match Router::find(std::optional<Method> method, std::string_view path) const {
  Match match;
  Methods methods;
  auto segments = split_path(path);
  bool answered = false;
  for (const Route& route : routes_) {
    if (!route.fits(segments)) continue;
    methods.add(route.method);
    if (route.method == Method::Get) methods.add(Method::Head);
    bool answers = !answered && method && route.answers(*method);
    if (!match.found || answers) {
      match.pattern = route.pattern;
      match.limits = route.limits;
    }
    match.found = true;
    answered = answered || answers;
  }
  match.limits.methods = methods;
  return match;
}

Response Router::error(const Request& request, int status, std::string_view reason) const {
  const auto at = std::find_if(error_pages_.begin(), error_pages_.end(),
                               [&](const auto& known) { return request.path.starts_with(known.first); });
  if (at != error_pages_.end()) {
    try {
      Response page = at->second(request, status, reason);
      page.status = status;
      return page;
    } catch (...) {
      log::error("net.error_page_threw", {{"status", status}});
    }
  }
  std::string text = std::to_string(status) + " " + std::string(reason) + "\n";
  return Response::text(std::move(text), status);
}

Response Router::dispatch(Request request) const {
  Match match = find(request.method, request.path);
  if (!match.found) return error(request, 404, "unknown_path");
  if (!match.limits.methods.has(request.method))
    return error(request, 405, "method").with("Allow", match.limits.methods.allow());
  auto path = split_path(request.path);
  auto route = std::find_if(routes_.begin(), routes_.end(),
                            [&](const Route& r) { return r.answers(request.method) && r.fits(path); });
  NameValues params;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const std::string& segment = route->segments[i];
    if (Route::is_wild(segment))
      params.push_back({segment.substr(1, segment.size() - 2), std::string(path[i])});
  }
  request.path_params = std::move(params);
  try {
    return route->handler(request);
  } catch (...) {
    // The text of an exception may hold what a person typed; the pattern holds nothing of theirs.
    log::error("net.handler_threw", {{"route", route->pattern}});
    return error(request, 500, "internal");
  }
}

}  // namespace counterfoil::net
