// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "pages/poster_page.h"

#include "pages/qr.h"

#include <algorithm>

namespace counterfoil::pages {
namespace {

constexpr std::string_view kShowRoute = "staff-show";
constexpr std::string_view kScheme = "https://";
constexpr std::size_t kPosterLanguagesMax = 2;

std::string without_scheme(const std::string& url) {
  return url.starts_with(kScheme) ? url.substr(kScheme.size()) : url;
}

std::string place_of(const View& view, const consent::OptInLink& link) {
  return consent::local(link.place, view.language.code(), view.business());
}

std::optional<consent::OptInLink> link_of(const Site& site, std::string_view id) {
  for (consent::OptInLink& link : site.desk.links())
    if (link.id.text() == id) return std::move(link);
  return std::nullopt;
}

/// What a poster says in one language.
Values poster_words(const View& view) {
  std::string domain = without_scheme(view.look->customer_url);
  domain = domain.substr(0, domain.find_first_of(":/"));
  return Values()
      .text("poster_lang", view.language.code())
      .text("poster_dir", view.language.direction())
      .text("poster_headline", view.tr("poster.headline"))
      .text("poster_under", view.tr("poster.under_qr"))
      .text("poster_wifi", view.tr("poster.way.wifi"))
      .html("poster_safety_html", view.phrase("poster.safety", {{"domain", domain}}))
      .html("poster_stop_html", home_stops(view).empty()
                                    ? Html()
                                    : view.phrase("poster.stop", {{"ways", home_stop_words(view)}}));
}

}  // namespace

std::string link_address(const Look& look, const consent::LinkId& link) {
  return look.customer_url + "/o/" + link.text();
}

std::string typed_address(const Look& look, const consent::LinkId& link) {
  return without_scheme(link_address(look, link));
}

Result<Page> poster_page(const View& view, const consent::OptInLink& link) {
  const std::string address = link_address(*view.look, link.id);
  CF_TRY(const std::string code, qr::svg(address, view.tr("poster.qr_alt", {{"address", address}})));
  std::vector<Values> spoken;
  for (const i18n::Language language : view.look->languages) {
    if (spoken.size() == kPosterLanguagesMax) break;
    spoken.push_back(poster_words({view.look, language, view.path}));
  }
  Page page;
  page.staff = true;
  page.bare = true;
  page.name = "poster";
  page.title = place_of(view, link);
  page.values.text("size", link.poster.empty() ? "A4" : link.poster)
      .text("business_name", view.business().name)
      .list("spoken", std::move(spoken))
      .html("qr_html", Html::trusted(code))
      .text("typed", typed_address(*view.look, link.id));
  return page;
}

net::Response get_links(Site& site, const net::Request& request, const StaffPerson& person) {
  const View view = staff_view(site.look, request);
  std::vector<Values> links;
  for (const consent::OptInLink& link : site.desk.links())
    links.push_back(Values()
                        .text("link", link.id.text())
                        .text("link_place", place_of(view, link))
                        .text("link_shop", place_words(view, link.shop))
                        .text("link_typed", typed_address(site.look, link.id))
                        .text("show_token", staff_token(site, person, kShowRoute))
                        .flag("has_poster", link.poster != "none" && !link.kiosk));
  Page page = staff_page(site, person, view.tr("staff.home.qr"), "links");
  page.values.flag("none", links.empty()).list("links", std::move(links));
  return respond(view, page);
}

net::Response get_poster(Site& site, const net::Request& request, const StaffPerson&) {
  const View view = staff_view(site.look, request);
  const auto link = link_of(site, request.param("link"));
  if (!link) return error_page(view, 404, "not_found", true);
  const auto page = poster_page(view, *link);
  if (!page) return error_answer(view, request, page.error(), true);
  return respond(view, *page);
}

net::Response post_show(Site& site, const net::Request& request, const StaffPerson& person) {
  View view = staff_view(site.look, request);
  view.path = "/staff/links";
  const auto posted = read_post(site, request, kShowRoute, person.session.form_context);
  if (!posted) return unreadable(view, request, posted.error(), true);
  if (!posted->token_good) return error_page(view, posted->status, "bad_token", true);
  const auto link = link_of(site, posted->form.text("link"));
  if (!link) return error_page(view, 404, "not_found", true);
  const std::string address = link_address(site.look, link->id);
  const auto code = qr::svg(address, view.tr("poster.qr_alt", {{"address", address}}));
  if (!code) return error_answer(view, request, code.error(), true);
  Page page;
  page.staff = true;
  page.name = "show";
  page.title = view.tr("staff.qr.title");
  page.values.html("qr_html", Html::trusted(*code))
      .html("typed_html", view.phrase("staff.qr.typed", {{"address", typed_address(site.look, link->id)}}));
  return respond(view, page).with("Set-Cookie", site.sessions.log_out(request));
}

}  // namespace counterfoil::pages
