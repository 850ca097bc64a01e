// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "base/limits.h"
#include "pages/assets.h"
#include "pages/erasure_page.h"
#include "pages/manage_page.h"
#include "pages/opt_in_page.h"
#include "pages/pages.h"
#include "pages/privacy_page.h"
#include "pages/receipt_page.h"
#include "pages/routes.h"
#include "pages/stop_page.h"

namespace counterfoil::pages {
namespace {

constexpr std::string_view kForever = "public, max-age=31536000, immutable";

using SiteHandler = net::Response (*)(Site&, const net::Request&);

net::Handler bind(const std::shared_ptr<Site>& site, SiteHandler handler) {
  return [site, handler](const net::Request& request) { return handler(*site, request); };
}

net::Handler pure(const std::shared_ptr<Site>& site, Page (*page)(const View&)) {
  return [site, page](const net::Request& request) {
    const View view = customer_view(*site, request);
    return respond(view, page(view));
  };
}

/// What a receipt's record means, for machines (FORMAT.md, section 10.1).
void add_format_routes(net::Router& router) {
  for (const auto& [name, type] : {std::pair{"receipt.context.json", "application/ld+json"},
                                   std::pair{"receipt.schema.json", "application/schema+json"}})
    router.get("/" + std::string(name), [name = name, type = type](const net::Request&) {
      return net::Response::of(type, std::string(asset(name)));
    });
}

}  // namespace

void add_asset_routes(net::Router& router, const std::shared_ptr<Site>& site) {
  router.get(site->look.style_path, [site](const net::Request&) {
    return net::Response::of("text/css; charset=utf-8", site->look.style)
        .with("Cache-Control", std::string(kForever));
  });
  router.get("/favicon.svg", [](const net::Request&) {
    return net::Response::of("image/svg+xml", std::string(asset("favicon.svg")));
  });
}

void add_customer_routes(net::Router& router, const std::shared_ptr<Site>& site) {
  net::RouteLimits stop;
  stop.priority = net::Priority::Stop;
  net::RouteLimits waits;
  waits.waits = true;
  router.get("/", pure(site, front_page));
  router.get("/privacy", pure(site, privacy_page));
  router.get("/o/{link}", bind(site, get_opt_in));
  router.post("/o/{link}", bind(site, post_opt_in), {.requests_per_minute_max = limits::kOptInsPerMinuteMax});
  // The same pages on a shared tablet, which must not lead off it.
  router.get("/o/{link}/privacy", pure(site, privacy_page));
  router.get("/o/{link}/stop", bind(site, get_stop), stop);
  router.post("/o/{link}/stop", bind(site, post_stop), stop);
  router.get("/r/{token}", bind(site, get_receipt));
  router.get("/r/{token}/file", bind(site, get_receipt_file), waits);
  router.get("/r/{token}/proof", bind(site, get_receipt_proof), waits);
  router.get("/r/{token}/json", bind(site, get_receipt_json), waits);
  add_format_routes(router);
  router.post("/r/{token}/undo", bind(site, post_undo), stop);
  router.get("/m/{token}", bind(site, get_manage));
  router.post("/m/{token}", bind(site, post_manage), stop);
  router.post("/m/{token}/stop", bind(site, post_manage_stop), stop);
  router.post("/m/{token}/restrict", bind(site, post_manage_restrict), stop);
  router.get("/m/{token}/correct", bind(site, get_correct));
  router.post("/m/{token}/correct", bind(site, post_correct),
              {.requests_per_minute_max = limits::kOptInsPerMinuteMax});
  router.get("/m/{token}/erase", bind(site, get_erase));
  router.post("/m/{token}/erase", bind(site, post_erase), stop);
  router.get("/e/{token}", bind(site, get_erasure));
  router.get("/e/{token}/certificate", bind(site, get_erasure_json));
  router.get("/stop", bind(site, get_stop), stop);
  router.post("/stop", bind(site, post_stop), stop);
  add_asset_routes(router, site);
  router.set_error_page([site](const net::Request& request, int status, std::string_view reason) {
    View view = customer_view(*site, request);
    view.path = view.kiosk() ? view.home : "/";  // the address asked for may be anything
    const std::string_view id = error_id(status, reason);
    if (request.wants_json()) return error_json(view, status, reason, id);
    return error_page(view, status, id, false);
  });
}

}  // namespace counterfoil::pages
