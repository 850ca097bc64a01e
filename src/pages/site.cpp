// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "pages/site.h"

#include "base/limits.h"
#include "crypto/crypto.h"

#include <algorithm>

namespace counterfoil::pages {

void AnsweredPosts::remember(std::string_view post, std::string answer, std::int64_t now_boot_ms) {
  const Hash key = crypto::sha256(as_bytes(post));
  const std::lock_guard lock(mutex_);
  if (items_.size() >= limits::kAnswersRememberedMax) items_.pop_front();
  items_.push_back({key, std::move(answer), now_boot_ms});
}

void AnsweredPosts::forget(std::string_view part) {
  const std::lock_guard lock(mutex_);
  std::erase_if(items_, [part](const Item& item) { return item.answer.find(part) != std::string::npos; });
}

std::optional<std::string> AnsweredPosts::find(std::string_view post, std::int64_t now_boot_ms,
                                               std::int64_t age_max_ms) const {
  const Hash key = crypto::sha256(as_bytes(post));
  const std::lock_guard lock(mutex_);
  const auto it = std::find_if(items_.rbegin(), items_.rend(), [&](const Item& i) { return i.post == key; });
  if (it == items_.rend() || now_boot_ms - it->boot_ms > age_max_ms) return std::nullopt;
  return it->answer;
}

std::string Site::token(std::string_view route, std::string_view context) const {
  return tokens.issue(route, context);
}

Result<std::shared_ptr<Site>> open_site(const Context& context) {
  CF_TRY(Look look, make_look(context.desk.business(), context.customer_url, context.demo));
  return std::make_shared<Site>(context, std::move(look));
}

View customer_view(const Site& site, const net::Request& request, std::string_view asked) {
  View view = customer_view(site.look, request, asked);
  constexpr std::string_view kForms = "/o/";
  if (!request.path.starts_with(kForms)) return view;
  // Read from the path, because error pages come before any route was matched.
  const std::string home = request.path.substr(0, request.path.find('/', kForms.size()));
  const auto links = site.desk.links();
  const bool kiosk = std::any_of(links.begin(), links.end(), [&](const consent::OptInLink& link) {
    return link.kiosk && home.substr(kForms.size()) == link.id.text();
  });
  if (kiosk) view.home = home;
  return view;
}

Result<Posted> read_post(Site& site, const net::Request& request, std::string_view route,
                         std::string_view context) {
  CF_TRY(net::Form form, net::parse_form(request));
  Posted posted;
  posted.whole = request.body;
  posted.form = std::move(form);
  const Status spent = site.tokens.spend(posted.form.text("token"), route, context);
  posted.token_good = spent.has_value();
  const std::string reason = spent ? std::string() : spent.error().detail;
  posted.input_ours = posted.token_good || reason == "form_token_stale" || reason == "form_token_used";
  posted.status = reason == "form_token_used" ? 409 : 400;
  return posted;
}

net::Response unreadable(const View& view, const net::Request& request, const Error& error, bool staff) {
  const net::FormRefusal refusal = net::form_refusal(error);
  const std::string_view id = error_id(refusal.status, refusal.reason);
  if (request.wants_json()) return error_json(view, refusal.status, refusal.reason, id);
  return error_page(view, refusal.status, id, staff);
}

Html Remarks::about(std::string_view field) const {
  const auto it =
      std::find_if(problems.begin(), problems.end(), [&](const Problem& p) { return p.field == field; });
  return it == problems.end() ? Html() : it->words;
}

bool names(const Error& error, std::string_view word) {
  if (error.code != Code::BadInput) return false;
  // Spaces around both: "age" is no word of "language".
  return (" " + error.detail + " ").find(" " + std::string(word) + " ") != std::string::npos;
}

std::string region_or_own(const View& view, std::string_view chosen) {
  return chosen.empty() ? view.business().jurisdiction : std::string(chosen);
}

TypedNumber typed_number(const View& view, const net::Form& form) {
  return {std::string(form.text("number")), region_or_own(view, form.text("region"))};
}

Problem wrong_number(const View& view, std::string_view id, std::string_view region) {
  return {"number", view.phrase(id, {{"country", i18n::country_name(view.language, region)}})};
}

void put_problems(Values& values, const std::vector<Problem>& problems, const Html& message) {
  std::vector<Values> items;
  for (const Problem& problem : problems)
    items.push_back(Values().text("problem_field", problem.field).html("problem_html", problem.words));
  values.flag("has_problems", !items.empty())
      .list("problems", std::move(items))
      .html("message_html", message);
}

void put_number_field(const View& view, Values& values, const NumberField& field) {
  std::string described = field.hint.empty() ? "" : "number-hint";
  if (!field.error.empty()) described += described.empty() ? "number-error" : " number-error";
  values.html("regions_html", country_options(view, region_or_own(view, field.region)))
      .text("region_autocomplete", field.autofill ? "country" : "off")
      .text("number_autocomplete", field.autofill ? "tel" : "off")
      .text("number_label", field.label)
      .text("number_hint", field.hint)
      .html("number_error_html", field.error)
      .text("number_described", described)
      .text("number", field.number);
}

}  // namespace counterfoil::pages
