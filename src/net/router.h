// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The route table of one listener: method and pattern to handler, with the limits of each route.
// A pattern is a path whose segments are literal or {name}; {name} matches one non-empty segment. The first
// added pattern that fits wins. Thread rule: build it in one thread, then share it read-only. Exceptions from
// handlers stop here and become a 500 without their text.
#pragma once

#include "net/gate.h"

#include <functional>
#include <map>

namespace counterfoil::net {

using Handler = std::function<Response(const Request&)>;
/// Makes the page for a status the transport or the router answers itself, in words, HTML or JSON as
/// request.wants_json() and request.listener say. `reason` is a machine reason ("unknown_path"). On requests
/// that could not be read only `listener` (and what was understood) is set. Must not throw.
using ErrorPage = std::function<Response(const Request&, int status, std::string_view reason)>;

class Router {
 public:
  Router();
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;

  /// Adds a route; Get answers HEAD too. limits.methods is ignored here: the table knows.
  void add(Method method, std::string_view pattern, Handler handler, RouteLimits limits = {});
  void get(std::string_view pattern, Handler handler, RouteLimits limits = {});
  void post(std::string_view pattern, Handler handler, RouteLimits limits = {});
  /// below: only for paths that begin like this, "/v1/", before any page for all.
  void set_error_page(ErrorPage page, std::string below = {});

  struct Match {
    bool found = false;        // the path exists (perhaps not for this method)
    std::string_view pattern;  // lives as long as the router
    RouteLimits limits;        // of this method where it exists, with the methods of the path
  };
  [[nodiscard]] Match find(std::optional<Method> method, std::string_view path) const;

  /// Calls the handler, or answers 404 or 405 by the error page.
  [[nodiscard]] Response dispatch(Request request) const;
  /// The error page of this listener; plain text when none is set.
  [[nodiscard]] Response error(const Request& request, int status, std::string_view reason) const;

 private:
  struct Route;
  std::vector<Route> routes_;
  std::map<std::string, ErrorPage, std::greater<>> error_pages_;  // the longest beginnings first
};

}  // namespace counterfoil::net
