// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "pages/staff_erase_page.h"

#include "base/limits.h"
#include "pages/qr.h"
#include "phone/phone.h"

namespace counterfoil::pages {
namespace {

constexpr std::string_view kEraseAskRoute = "staff-erase";
constexpr std::string_view kEraseYesRoute = "staff-erase-yes";
constexpr std::string_view kTillReason = "asked-in-shop";

net::Response erase_number_form(const Site& site, const View& view, const StaffPerson& person,
                                const TypedNumber& input, const Remarks& remarks) {
  Page page = staff_page(site, person, view.tr("staff.erase.title"), "staff_erase");
  page.status = remarks.status;
  page.values.text("token", staff_token(site, person, kEraseAskRoute));
  put_problems(page.values, remarks.problems, remarks.message);
  put_number_field(
      view, page.values,
      {view.tr("staff.erase.number"), "", input.number, input.region, remarks.about("number"), false});
  return respond(view, page);
}

// Nothing is looked up yet: the question is the same for a number that nobody knows.
net::Response erase_question(const Site& site, const View& view, const StaffPerson& person,
                             const TypedNumber& input, const std::string& canonical, const Remarks& remarks) {
  const phone::Shown shown = phone::show(canonical);
  Page page = staff_page(site, person, view.tr("staff.erase.title"), "staff_erase_ask");
  page.status = remarks.status;
  put_problems(page.values, remarks.problems, remarks.message);
  page.values.text("token", staff_token(site, person, kEraseYesRoute))
      .text("number", input.number)
      .text("region", input.region)
      .html("shown_error_html", remarks.about("shown"))
      .html("read_back_html",
            view.phrase("staff.stop.check", {{"number", shown.international},
                                             {"country", i18n::country_name(view.language, shown.region)}}));
  return respond(view, page);
}

net::Response till_certificate(const Site& site, const View& view, const net::Request& request,
                               const StaffPerson& person, std::string_view token) {
  const std::string address = site.look.customer_url + "/e/" + std::string(token);
  const auto code = qr::svg(address, view.tr("poster.qr_alt", {{"address", address}}));
  if (!code) return error_answer(view, request, code.error(), true);
  Page page = staff_page(site, person, view.tr("staff.erase.title"), "staff_erase_done");
  page.values.html("qr_html", Html::trusted(*code)).text("address", address);
  return respond(view, page);
}

}  // namespace

net::Response get_staff_erase(Site& site, const net::Request& request, const StaffPerson& person) {
  const View view = staff_view(site.look, request);
  return erase_number_form(site, view, person, {}, {});
}

net::Response post_staff_erase(Site& site, const net::Request& request, const StaffPerson& person) {
  const View view = staff_view(site.look, request);
  const auto posted = read_post(site, request, kEraseAskRoute, person.session.form_context);
  if (!posted) return unreadable(view, request, posted.error(), true);
  const TypedNumber input = typed_number(view, posted->form);
  if (!posted->token_good)
    return erase_number_form(site, view, person, input, {{}, view.phrase("form.stale_page"), posted->status});
  const auto canonical = phone::canonical(input.number, region_or_own(view, input.region));
  if (!canonical)
    return erase_number_form(site, view, person, input,
                             {{wrong_number(view, "stop.bad_number", input.region)}, {}, 400});
  return erase_question(site, view, person, input, *canonical, {});
}

net::Response post_staff_erase_yes(Site& site, const net::Request& request, const StaffPerson& person) {
  View view = staff_view(site.look, request);
  view.path = "/staff/erase";
  const auto posted = read_post(site, request, kEraseYesRoute, person.session.form_context);
  if (!posted) return unreadable(view, request, posted.error(), true);
  const TypedNumber input = typed_number(view, posted->form);
  if (!posted->token_good) {
    if (const auto token = site.earlier_answer(posted->whole, limits::kFormTokenLife_ms))
      return till_certificate(site, view, request, person, *token);
    return erase_number_form(site, view, person, input, {{}, view.phrase("form.stale_page"), posted->status});
  }
  const auto canonical = phone::canonical(input.number, region_or_own(view, input.region));
  if (!canonical) return erase_number_form(site, view, person, {}, {{}, view.phrase("form.stale_page"), 400});
  if (posted->form.text("shown") != "yes")
    return erase_question(site, view, person, input, *canonical,
                          {{{"shown", view.phrase("staff.erase.show_first")}}, {}, 400});
  const auto erasure = site.desk.erase_number(input.number, input.region, kTillReason, person.user);
  if (!erasure && erasure.error().code == Code::NotFound)
    return erase_number_form(site, view, person, input, {{}, view.phrase("staff.erase.nothing"), 404});
  if (!erasure) return error_answer(view, request, erasure.error(), true);
  site.remember_answer(posted->whole, erasure->token);
  return till_certificate(site, view, request, person, erasure->token);
}

}  // namespace counterfoil::pages
