// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "pages/staff_stop_page.h"

#include "base/limits.h"
#include "phone/phone.h"

namespace counterfoil::pages {
namespace {

constexpr std::string_view kSpokenStopRoute = "staff-stop";

net::Response spoken_stop_form(const Site& site, const View& view, const StaffPerson& person,
                               const TypedNumber& input, const Remarks& remarks) {
  Page page = staff_page(site, person, view.tr("staff.stop.title"), "staff_stop");
  page.status = remarks.status;
  page.values.text("token", staff_stop_token(site, person));
  put_problems(page.values, remarks.problems, remarks.message);
  put_number_field(
      view, page.values,
      {view.tr("staff.stop.number"), "", input.number, input.region, remarks.about("number"), false});
  return respond(view, page);
}

net::Response spoken_stop_page(const Site& site, const View& view, const StaffPerson& person,
                               const TypedNumber& input) {
  Page page = staff_page(site, person, view.tr("staff.stop.title"), "staff_stop_done");
  const auto canonical = phone::canonical(input.number, input.region);
  const phone::Shown shown = canonical ? phone::show(*canonical) : phone::Shown();
  page.values.html(
      "read_back_html",
      view.phrase("staff.stop.check", {{"number", shown.international},
                                       {"country", i18n::country_name(view.language, shown.region)}}));
  return respond(view, page);
}

}  // namespace

std::string staff_stop_token(const Site& site, const StaffPerson& person) {
  return staff_token(site, person, kSpokenStopRoute);
}

net::Response get_staff_stop(Site& site, const net::Request& request, const StaffPerson& person) {
  return spoken_stop_form(site, staff_view(site.look, request), person, {}, {});
}

net::Response post_staff_stop(Site& site, const net::Request& request, const StaffPerson& person) {
  const View view = staff_view(site.look, request);
  const auto posted = read_post(site, request, kSpokenStopRoute, person.session.form_context);
  if (!posted) return unreadable(view, request, posted.error(), true);
  const TypedNumber input = typed_number(view, posted->form);
  if (!posted->token_good) {
    if (site.earlier_answer(posted->whole, limits::kFormTokenLife_ms))
      return spoken_stop_page(site, view, person, input);
    return spoken_stop_form(site, view, person, input, {{}, view.phrase("form.stale_page"), posted->status});
  }
  consent::StopBody by;
  by.by = person.user.role == desk::Role::Manager ? consent::Actor::Manager : consent::Actor::Staff;
  by.via = "till";
  by.user = person.user.id;
  by.told_at = site.clock.now();
  const auto stopped = site.desk.stop_by_number(input.number, input.region, by);
  if (stopped) {
    site.remember_answer(posted->whole, "done");
    return spoken_stop_page(site, view, person, input);
  }
  if (!names(stopped.error(), "number")) return error_answer(view, request, stopped.error(), true);
  return spoken_stop_form(site, view, person, input,
                          {{wrong_number(view, "stop.bad_number", input.region)}, {}, 400});
}

}  // namespace counterfoil::pages
