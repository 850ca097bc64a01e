// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "pages/frame.h"

#include "base/log.h"
#include "counterfoil/base/canonical_json.h"

#include <algorithm>
#include <array>

namespace counterfoil::pages {
namespace {

std::vector<Values> demo_band(const View& view) {
  std::vector<Values> out;
  if (!view.look->demo) return out;
  for (const i18n::Language language : view.look->languages)
    out.push_back(Values()
                      .text("demo_lang", language.code())
                      .text("demo_words", i18n::tr(language, "layout.demo"))
                      .flag("demo_more", !out.empty()));
  return out;
}

std::vector<Values> other_languages(const View& view, bool staff) {
  const auto all = staff ? i18n::Language::all() : std::span<const i18n::Language>(view.look->languages);
  std::vector<Values> out;
  for (const i18n::Language language : all)
    if (language != view.language)
      out.push_back(Values()
                        .text("switch_code", language.code())
                        .text("switch_name", language.name())
                        .text("switch_path", view.path));
  return out;
}

std::string refresh_of(const View& view, const Page& page) {
  if (page.refresh_s != 0) return std::to_string(page.refresh_s);
  if (!view.kiosk() || page.kiosk_refresh_s == 0) return {};
  return std::to_string(page.kiosk_refresh_s) + "; url=" + view.home;
}

Values frame_values(const View& view, const Page& page, const Html& body) {
  Values out;
  out.text("lang", view.language.code())
      .text("dir", view.language.direction())
      .text("title", page.staff ? view.tr("layout.staff_title",
                                          {{"page", page.title}, {"business", view.business().name}})
                                : page.title)
      .text("business", view.business().name)
      .text("style_path", view.look->style_path)
      .text("refresh", refresh_of(view, page))
      .text("home", view.home)
      .text("front", view.kiosk() ? view.home : "/")
      .flag("demo", view.look->demo)
      .list("demo_band", demo_band(view))
      .flag("customer", !page.staff)
      .flag("bare", page.bare)
      .flag("framed", !page.bare)
      .text("body_class", page.bare    ? "bare"
                          : page.staff ? "staff"
                                       : "customer")
      .html("body_html", body)
      .list("switches", other_languages(view, page.staff))
      .flag("has_switches", !other_languages(view, page.staff).empty());
  if (page.who)
    out.group("who",
              Values()
                  .text("who_words", view.tr("staff.who", {{"user", page.who->user},
                                                           {"role", view.tr("role." + page.who->role)}}))
                  .text("log_out_token", page.who->log_out_token));
  return out;
}

net::Response broken(const Error& error) {
  log::error("pages.template", {{"trouble", error.message()}});
  return net::Response::text("500\n", 500);
}

struct StatusWords {
  int status;
  std::string_view id;
};
constexpr std::array kStatusWords = {
    StatusWords{401, "forbidden"},    StatusWords{403, "forbidden"}, StatusWords{404, "not_found"},
    StatusWords{405, "wrong_method"}, StatusWords{413, "too_large"}, StatusWords{414, "too_large"},
    StatusWords{421, "wrong_host"},   StatusWords{429, "too_many"},  StatusWords{431, "too_large"},
    StatusWords{503, "busy"},         StatusWords{504, "busy"},      StatusWords{507, "disk_full"},
};

}  // namespace

net::Response respond(const View& view, const Page& page) {
  Values values = page.values;
  values.text("lang", view.language.code()).text("home", view.home);
  const auto body = render(view.language, page.name, values);
  if (!body) return broken(body.error());
  const auto whole = render(view.language, "layout", frame_values(view, page, *body));
  if (!whole) return broken(whole.error());
  return net::Response::html(whole->text(), page.status);
}

net::Response error_page(const View& view, int status, std::string_view id, bool staff, std::string_view n) {
  const std::string prefix = "error." + std::string(id);
  Page page;
  page.title = view.tr(prefix + ".title");
  page.name = "error";
  page.status = status;
  page.staff = staff;
  page.values.text("headline", page.title)
      .html("body_words_html", view.phrase(prefix + ".body", {{"n", n}}))
      .flag("stop_link", !staff)
      .flag("set_up_link", id == "not_set_up")
      .flag("home_link", staff && id != "not_set_up");
  return respond(view, page);
}

net::Response error_json(const View& view, int status, std::string_view code, std::string_view id,
                         std::string_view n) {
  const json::Object inner{{"code", code},
                           {"message", view.tr("error." + std::string(id) + ".body", {{"n", n}})}};
  const auto body = json::write(json::Object{{"error", inner}});
  return net::Response::json(body ? *body : "{}", status);
}

std::string_view error_id(int status, std::string_view reason) {
  if (reason.starts_with("form_token")) return "bad_token";
  if (status == 403 && (reason.find("origin") != reason.npos || reason.find("site") != reason.npos))
    return "wrong_origin";
  const auto it = std::find_if(kStatusWords.begin(), kStatusWords.end(),
                               [&](const StatusWords& w) { return w.status == status; });
  if (it != kStatusWords.end()) return it->id;
  return status >= 500 ? "internal" : "bad_request";
}

std::string seconds_of(const Error& error) {
  const std::string& text = error.detail;
  const bool number = !text.empty() && text.size() <= 6 && text.find_first_not_of("0123456789") == text.npos;
  return number ? text : "60";
}

net::Response error_answer(const View& view, const net::Request& request, const Error& error, bool staff) {
  const int status = http_status(error.code);
  std::string_view id = error_id(status, {});
  if (error.code == Code::NotReady) id = "starting";
  if (error.code == Code::Corrupt) id = "read_only";
  const std::string seconds = seconds_of(error);
  if (request.wants_json()) return error_json(view, status, code_name(error.code), id, seconds);
  return error_page(view, status, id, staff, seconds);
}

}  // namespace counterfoil::pages
