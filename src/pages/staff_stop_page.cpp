// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "pages/staff_stop_page.h"

#include "base/limits.h"
#include "phone/phone.h"

namespace counterfoil::pages {
namespace {

constexpr std::string_view kSpokenStopRoute = "staff-stop";

struct SpokenStop {
  std::string number;
  std::string region;
};

net::Response spoken_stop_form(const Site& site, const View& view, const StaffPerson& person,
                               const SpokenStop& input, const Html& wrong, const Html& message, int status) {
  Page page = staff_page(site, person, view.tr("staff.stop.title"), "staff_stop");
  page.status = status;
  page.values.text("token", staff_stop_token(site, person));
  std::vector<Problem> problems;
  if (!wrong.empty()) problems.push_back({"number", wrong});
  put_problems(page.values, problems, message);
  put_number_field(view, page.values,
                   {view.tr("staff.stop.number"), "", input.number, input.region, wrong, false});
  return respond(view, page);
}

std::string region_of(const View& view, const SpokenStop& input) {
  return input.region.empty() ? view.business().jurisdiction : input.region;
}

net::Response spoken_stop_page(const Site& site, const View& view, const StaffPerson& person,
                               const SpokenStop& input) {
  Page page = staff_page(site, person, view.tr("staff.stop.title"), "staff_stop_done");
  const auto canonical = phone::canonical(input.number, region_of(view, input));
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
  return spoken_stop_form(site, staff_view(site.look, request), person, {}, {}, {}, 200);
}

net::Response post_staff_stop(Site& site, const net::Request& request, const StaffPerson& person) {
  const View view = staff_view(site.look, request);
  const auto posted = read_post(site, request, kSpokenStopRoute, person.session.form_context);
  if (!posted) return unreadable(view, request, posted.error(), true);
  const SpokenStop input{std::string(posted->form.text("number")), std::string(posted->form.text("region"))};
  if (!posted->token_good) {
    if (site.earlier_answer(posted->whole, limits::kFormTokenLife_ms))
      return spoken_stop_page(site, view, person, input);
    return spoken_stop_form(site, view, person, posted->input_ours ? input : SpokenStop(), {},
                            view.phrase("error.bad_token.body"), posted->status);
  }
  consent::StopBody by;
  by.by = person.user.role == desk::Role::Manager ? consent::Actor::Manager : consent::Actor::Staff;
  by.via = "till";
  by.user = person.user.id;
  by.told_at = site.clock.now();
  const auto stopped = site.desk.stop_by_number(input.number, region_of(view, input), by);
  if (stopped) {
    site.remember_answer(posted->whole, "done");
    return spoken_stop_page(site, view, person, input);
  }
  if (stopped.error() != fail(Code::BadInput, "number"))
    return error_answer(view, request, stopped.error(), true);
  const std::string country = i18n::country_name(view.language, region_of(view, input));
  return spoken_stop_form(site, view, person, input, view.phrase("stop.bad_number", {{"country", country}}),
                          {}, 400);
}

}  // namespace counterfoil::pages
