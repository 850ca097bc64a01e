// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "pages/site.h"

#include "base/limits.h"
#include "crypto/crypto.h"

#include <algorithm>

namespace counterfoil::pages {

void Answered::remember(std::string_view token, std::string answer, std::int64_t now_boot_ms) {
  const Hash key = crypto::sha256(as_bytes(token));
  const std::lock_guard lock(mutex_);
  if (items_.size() >= limits::kAnswersRememberedMax) items_.pop_front();
  items_.push_back({key, std::move(answer), now_boot_ms});
}

std::optional<std::string> Answered::find(std::string_view token, std::int64_t now_boot_ms,
                                          std::int64_t age_max_ms) const {
  const Hash key = crypto::sha256(as_bytes(token));
  const std::lock_guard lock(mutex_);
  const auto it = std::find_if(items_.rbegin(), items_.rend(), [&](const Item& i) { return i.token == key; });
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
  const std::string& region = field.region.empty() ? view.business().jurisdiction : field.region;
  values.list("regions", country_options(view, region))
      .text("region_autocomplete", field.autofill ? "country" : "off")
      .text("number_autocomplete", field.autofill ? "tel" : "off")
      .text("number_label", field.label)
      .text("number_hint", field.hint)
      .html("number_error_html", field.error)
      .text("number_described", described)
      .text("number", field.number);
}

}  // namespace counterfoil::pages
