// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "base/limits.h"
#include "pages/check_page.h"
#include "pages/confirm_page.h"
#include "pages/pages.h"
#include "pages/poster_page.h"
#include "pages/routes.h"
#include "pages/staff_access.h"
#include "pages/staff_erase_page.h"
#include "pages/staff_stop_page.h"

namespace counterfoil::pages {
namespace {

net::Handler open_to_all(const std::shared_ptr<Site>& site,
                         net::Response (*handler)(Site&, const net::Request&)) {
  return [site, handler](const net::Request& request) { return handler(*site, request); };
}

// Whoever opens this page can still be told: once it has ended most browsers stop before it.
std::string certificate_warning(const Site& site, const View& view) {
  const auto end = site.certificate_end ? site.certificate_end() : std::nullopt;
  if (!end) return {};
  const bool is_over = *end < site.clock.now();
  return view.tr(is_over ? "staff.home.certificate_over" : "staff.home.certificate_ends",
                 {{"date", date_words(view, *end)}});
}

net::Response get_home(Site& site, const net::Request& request, const StaffPerson& person) {
  const View view = staff_view(site.look, request);
  Page page = staff_page(site, person, view.tr("staff.home.title"), "home");
  std::vector<Values> missing;
  for (const consent::Missing& item : site.desk.closed_because())
    missing.push_back(
        Values().text("missing_words", view.tr("closed.reason." + item.code)).text("missing_key", item.key));
  page.values.flag("closed", !missing.empty())
      .list("missing", std::move(missing))
      .flag("manager", person.user.role == desk::Role::Manager)
      .text("certificate_words", certificate_warning(site, view))
      .flag("clock_untrusted", site.desk.clock_state() == ClockState::Untrusted);
  return respond(view, page);
}

}  // namespace

void add_staff_routes(net::Router& router, const std::shared_ptr<Site>& site) {
  net::RouteLimits stop;
  stop.priority = net::Priority::Stop;
  net::RouteLimits guessed;
  guessed.requests_per_minute_max = limits::kGuessesPerMinuteMax;
  router.get("/", [](const net::Request&) { return net::Response::redirect("/staff"); });
  router.get("/staff/setup", open_to_all(site, get_set_up));
  router.post("/staff/setup", open_to_all(site, post_set_up), guessed);
  router.get("/staff/login", open_to_all(site, get_login));
  router.post("/staff/login", open_to_all(site, post_login), guessed);
  router.post("/staff/logout", guarded(site, post_logout));
  router.get("/staff", guarded(site, get_home));
  router.get("/staff/check", guarded(site, get_check));
  router.post("/staff/check", guarded(site, post_check));
  router.get("/staff/confirm", guarded(site, get_confirm));
  router.post("/staff/confirm", guarded(site, post_confirm));
  router.post("/staff/confirm/yes", guarded(site, post_confirm_yes));
  router.get("/staff/stop", guarded(site, get_staff_stop));
  router.post("/staff/stop", guarded(site, post_staff_stop), stop);
  router.get("/staff/erase", guarded(site, get_staff_erase));
  router.post("/staff/erase", guarded(site, post_staff_erase));
  router.post("/staff/erase/yes", guarded(site, post_staff_erase_yes));
  router.get("/staff/links", guarded(site, get_links));
  router.get("/staff/poster/{link}", guarded(site, get_poster));
  router.post("/staff/show", guarded(site, post_show));
  add_asset_routes(router, site);
  router.set_error_page([site](const net::Request& request, int status, std::string_view reason) {
    View view = staff_view(site->look, request);
    view.path = "/staff";
    const std::string_view id = error_id(status, reason);
    if (request.wants_json()) return error_json(view, status, reason, id);
    return error_page(view, status, id, true);
  });
}

}  // namespace counterfoil::pages
