// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Customer pages, staff pages and posters: what a person sees and presses. README.md lists every route.
// GET changes nothing, ever; every POST spends a single-use form token. Pages need no script and no network
// beyond the box, set no cookie on the customer listener, and are never stored but for the style sheet.
// Thread rule: add the routes in one thread; their handlers run in any.
#pragma once

#include "counterfoil/base/clock.h"
#include "desk/desk.h"
#include "net/form_token.h"
#include "net/router.h"
#include "net/session.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace counterfoil::pages {

/// What the pages need; the references outlive the router.
struct Context {
  desk::Desk& desk;
  net::FormTokens& tokens;
  net::Sessions& sessions;  // staff listener only
  net::Sessions& steps;     // between the two factors of a log-in
  const Clock& clock;
  std::string customer_url;  // "https://name[:port]" as printed on posters, no slash at the end
  bool demo = false;         // every page wears a band "Demo shop: invented customers"
  /// When the certificate ends, as long as somebody should see to it; else nothing. May be empty.
  std::function<std::optional<Instant>()> certificate_end;
};

class Site;
/// Everything the handlers share. Fails with NotFound when the business names a time zone that does not
/// exist.
Result<std::shared_ptr<Site>> open_site(const Context& context);

void add_customer_routes(net::Router& router, const std::shared_ptr<Site>& site);
void add_staff_routes(net::Router& router, const std::shared_ptr<Site>& site);

}  // namespace counterfoil::pages
