// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "base/limits.h"
#include "pages/check_page.h"
#include "pages/confirm_page.h"
#include "pages/look_ups_page.h"
#include "pages/messages_page.h"
#include "pages/pages.h"
#include "pages/poster_page.h"
#include "pages/routes.h"
#include "pages/second_factor_page.h"
#include "pages/staff_access.h"
#include "pages/staff_erase_page.h"
#include "pages/staff_stop_page.h"
#include "pages/write_page.h"

#include <array>

namespace counterfoil::pages {
namespace {

constexpr Roles kEverybody{desk::Role::Staff, desk::Role::Manager, desk::Role::Auditor};
constexpr Roles kAtTheTill{desk::Role::Staff, desk::Role::Manager};
constexpr Roles kManagers{desk::Role::Manager};
constexpr Roles kOverseers{desk::Role::Manager, desk::Role::Auditor};

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
  const auto waiting = site.desk.doubtful();
  const std::size_t to_read = waiting ? waiting->size() : 0;
  Page page = staff_page(site, person, view.tr("staff.home.title"), "home");
  std::vector<Values> missing;
  for (const consent::Missing& item : site.desk.closed_because())
    missing.push_back(
        Values().text("missing_words", view.tr("closed.reason." + item.code)).text("missing_key", item.key));
  page.values.flag("closed", !missing.empty())
      .list("missing", std::move(missing))
      .flag("at_till", kAtTheTill.have(person.user.role))
      .flag("manager", person.user.role == desk::Role::Manager)
      .flag("sees_look_ups", kOverseers.have(person.user.role))
      .text("messages_words",
            to_read == 0 ? "" : i18n::tr_count(view.language, "staff.home.messages", to_read, {}))
      .text("certificate_words", certificate_warning(site, view))
      .flag("clock_untrusted", site.desk.clock_state() == ClockState::Untrusted);
  return respond(view, page);
}

struct StaffRoute {
  net::Method method;
  std::string_view path;
  StaffHandler handler;
  Roles roles;
  bool is_stop = false;
};

// Who may do what. A stop is refused to nobody.
constexpr std::array kStaffRoutes = {
    StaffRoute{net::Method::Get, "/staff", get_home, kEverybody},
    StaffRoute{net::Method::Post, "/staff/logout", post_logout, kEverybody},
    StaffRoute{net::Method::Get, "/staff/account", get_account, kEverybody},
    StaffRoute{net::Method::Post, "/staff/account/codes", post_new_codes, kEverybody},
    StaffRoute{net::Method::Get, "/staff/check", get_check, kEverybody},
    StaffRoute{net::Method::Post, "/staff/check", post_check, kEverybody},
    StaffRoute{net::Method::Post, "/staff/write", post_write, kAtTheTill},
    StaffRoute{net::Method::Get, "/staff/confirm", get_confirm, kAtTheTill},
    StaffRoute{net::Method::Post, "/staff/confirm", post_confirm, kAtTheTill},
    StaffRoute{net::Method::Post, "/staff/confirm/yes", post_confirm_yes, kAtTheTill},
    StaffRoute{net::Method::Get, "/staff/stop", get_staff_stop, kEverybody},
    StaffRoute{net::Method::Post, "/staff/stop", post_staff_stop, kEverybody, true},
    StaffRoute{net::Method::Get, "/staff/messages", get_messages, kEverybody},
    StaffRoute{net::Method::Post, "/staff/messages", post_message, kAtTheTill},
    StaffRoute{net::Method::Get, "/staff/erase", get_staff_erase, kManagers},
    StaffRoute{net::Method::Post, "/staff/erase", post_staff_erase, kManagers},
    StaffRoute{net::Method::Post, "/staff/erase/yes", post_staff_erase_yes, kManagers},
    StaffRoute{net::Method::Get, "/staff/look-ups", get_look_ups, kOverseers},
    StaffRoute{net::Method::Get, "/staff/links", get_links, kEverybody},
    StaffRoute{net::Method::Get, "/staff/poster/{link}", get_poster, kEverybody},
    StaffRoute{net::Method::Post, "/staff/show", post_show, kEverybody},
};

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
  router.get("/staff/login/code", open_to_all(site, get_login_code));
  router.post("/staff/login/code", open_to_all(site, post_login_code), guessed);
  router.get("/staff/login/enrol", open_to_all(site, get_enrol));
  router.post("/staff/login/enrol", open_to_all(site, post_enrol), guessed);
  for (const StaffRoute& route : kStaffRoutes)
    router.add(route.method, route.path, guarded(site, route.roles, route.handler),
               route.is_stop ? stop : net::RouteLimits());
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
