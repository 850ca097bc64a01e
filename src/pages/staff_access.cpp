// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "pages/staff_access.h"

#include "base/limits.h"
#include "pages/second_factor_page.h"

namespace counterfoil::pages {
namespace {

constexpr std::string_view kLoginRoute = "login";
constexpr std::string_view kLogoutRoute = "logout";
constexpr std::string_view kSetUpRoute = "setup";

net::Response not_set_up(const View& view, const net::Request& request) {
  if (request.wants_json()) return error_json(view, 503, "not_set_up", "not_set_up");
  return error_page(view, 503, "not_set_up", true);
}

net::Response login_page(Site& site, const View& view, std::string_view user, const Html& message,
                         std::string_view good, int status) {
  Page page;
  page.staff = true;
  page.title = view.tr("staff.login.title");
  page.name = "login";
  page.status = status;
  page.values.text("token", site.token(kLoginRoute, ""))
      .text("user", user)
      .text("good_words", good)
      .text("stop_url", site.look.customer_url + "/stop");
  put_problems(page.values, {}, message);
  return respond(view, page);
}

net::Response set_up_page(Site& site, const View& view, std::string_view user,
                          const std::vector<Problem>& problems, const Html& message, int status) {
  Page page;
  page.staff = true;
  page.title = view.tr("setup.title");
  page.name = "setup";
  page.status = status;
  page.values.text("token", site.token(kSetUpRoute, ""))
      .text("user", user)
      .html("password_help_html",
            view.phrase("setup.password_help", {{"n", std::to_string(limits::kPasswordBytesMin)}}));
  for (const Problem& problem : problems) page.values.html(problem.field + "_error_html", problem.words);
  put_problems(page.values, problems, message);
  return respond(view, page);
}

net::Response set_up_refused(Site& site, const View& view, std::string_view user, const Error& error) {
  const int status = http_status(error.code);
  switch (error.code) {
    case Code::Refused:
      return set_up_page(site, view, user, {{"code", view.phrase("setup.wrong_code", {{"n", error.detail}})}},
                         {}, status);
    case Code::Limit:
    case Code::NotFound:  // no code was ever made, or it is spent
      return set_up_page(site, view, user, {}, view.phrase("setup.locked"), 403);
    case Code::BadInput:
      if (error.detail == "password")
        return set_up_page(site, view, user, {{"password", view.phrase("setup.short_password")}}, {}, status);
      return set_up_page(site, view, user, {{"user", view.phrase("setup.bad_user")}}, {}, status);
    default:
      return set_up_page(site, view, user, {}, view.phrase("error.internal.body"), status);
  }
}

}  // namespace

std::string staff_token(const Site& site, const StaffPerson& person, std::string_view route) {
  return site.token(route, person.session.form_context);
}

StaffHead staff_head(const Site& site, const StaffPerson& person) {
  return {person.user.id.text(), std::string(desk::role_name(person.user.role)),
          staff_token(site, person, kLogoutRoute)};
}

Page staff_page(const Site& site, const StaffPerson& person, std::string title, std::string name) {
  Page page;
  page.staff = true;
  page.title = std::move(title);
  page.name = std::move(name);
  page.who = staff_head(site, person);
  return page;
}

net::Handler guarded(const std::shared_ptr<Site>& site, Roles roles, StaffHandler handler) {
  return [site, roles, handler](const net::Request& request) {
    const View view = staff_view(site->look, request);
    if (site->desk.needs_set_up()) return not_set_up(view, request);
    const auto session = site->sessions.find(request);
    const auto role = session ? desk::role_from_name(session->role) : std::nullopt;
    // Whoever was removed, or has another role by now, is out at once.
    const auto user = role ? site->desk.user(session->user) : Result<desk::User>(fail(Code::NotFound));
    if (!user || user->role != *role) {
      if (request.wants_json()) return error_json(view, 401, "login", "forbidden");
      return net::Response::redirect("/staff/login");
    }
    if (!roles.have(*role)) return error_answer(view, request, fail(Code::Refused), true);
    return handler(*site, request, {*user, *session});
  };
}

net::Response get_set_up(Site& site, const net::Request& request) {
  if (!site.desk.needs_set_up()) return net::Response::redirect("/staff/login");
  return set_up_page(site, staff_view(site.look, request), {}, {}, {}, 200);
}

net::Response post_set_up(Site& site, const net::Request& request) {
  const View view = staff_view(site.look, request);
  const auto posted = read_post(site, request, kSetUpRoute, "");
  if (!posted) return unreadable(view, request, posted.error(), true);
  if (!site.desk.needs_set_up()) return net::Response::redirect("/staff/login");
  const std::string_view user = posted->form.text("user");
  const std::string_view password = posted->form.text("password");
  if (!posted->token_good)
    return set_up_page(site, view, posted->input_ours ? user : std::string_view(), {},
                       view.phrase("error.bad_token.body"), posted->status);
  if (password != posted->form.text("password_again"))
    return set_up_page(site, view, user, {{"password_again", view.phrase("setup.different_passwords")}}, {},
                       400);
  const auto made = site.desk.set_up(posted->form.text("code"), user, password);
  if (!made) return set_up_refused(site, view, user, made.error());
  return to_second_factor(site, request, *made);
}

net::Response get_login(Site& site, const net::Request& request) {
  const View view = staff_view(site.look, request);
  if (site.desk.needs_set_up()) return not_set_up(view, request);
  const std::string_view done = request.query_value("done").value_or("");
  const std::string good = done == "late"     ? view.tr("staff.factor.late")
                           : done == "logout" ? view.tr("staff.logged_out")
                                              : std::string();
  return login_page(site, view, {}, {}, good, 200);
}

net::Response post_login(Site& site, const net::Request& request) {
  const View view = staff_view(site.look, request);
  if (site.desk.needs_set_up()) return not_set_up(view, request);
  const auto posted = read_post(site, request, kLoginRoute, "");
  if (!posted) return unreadable(view, request, posted.error(), true);
  const std::string user(posted->form.text("user"));
  if (!posted->token_good)
    return login_page(site, view, posted->input_ours ? user : std::string(),
                      view.phrase("error.bad_token.body"), {}, posted->status);
  const auto signed_in = site.desk.sign_in(user, posted->form.text("password"), login_place(request));
  if (!signed_in) {
    const Error& error = signed_in.error();
    if (error.code == Code::Limit)
      return login_page(site, view, user, view.phrase("staff.login.locked", {{"n", seconds_of(error)}}), {},
                        429);
    if (error.code == Code::Refused || error.code == Code::BadInput || error.code == Code::NotFound)
      return login_page(site, view, user, view.phrase("staff.login.failed"), {}, 403);
    return error_answer(view, request, error, true);
  }
  return to_second_factor(site, request, *signed_in);
}

net::Response post_logout(Site& site, const net::Request& request, const StaffPerson& person) {
  const auto posted = read_post(site, request, kLogoutRoute, person.session.form_context);
  if (!posted) return unreadable(staff_view(site.look, request), request, posted.error(), true);
  if (!posted->token_good)
    return error_page(staff_view(site.look, request), posted->status, "bad_token", true);
  return net::Response::redirect("/staff/login?done=logout")
      .with("Set-Cookie", site.sessions.log_out(request));
}

}  // namespace counterfoil::pages
