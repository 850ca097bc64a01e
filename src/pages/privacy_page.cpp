// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "pages/privacy_page.h"

#include <algorithm>
#include <sstream>

namespace counterfoil::pages {
namespace {

/// "stop_mark" of "stop-mark", "yes" of "yes-24m": a class is named after what it holds and how long.
std::string class_kind(std::string_view name) {
  const std::size_t dash = name.rfind('-');
  const bool has_period =
      dash != name.npos && dash + 1 < name.size() && name[dash + 1] >= '0' && name[dash + 1] <= '9';
  std::string out(has_period ? name.substr(0, dash) : name);
  std::replace(out.begin(), out.end(), '-', '_');
  return out;
}

/// The catalogue's words for a class where it has them, else the operator's.
std::string class_words(const View& view, std::string_view what, const consent::RetentionClass& kept,
                        const std::string& configured) {
  const std::string id = "privacy." + std::string(what) + "." + class_kind(kept.name);
  return i18n::has(id) ? view.tr(id) : configured;
}

std::vector<Values> purposes(const View& view) {
  std::vector<Values> out;
  for (const consent::Topic& topic : view.business().topics)
    out.push_back(Values()
                      .text("topic_title", consent::local(topic.title, view.language.code(), view.business()))
                      .text("topic_line", consent::local(topic.line, view.language.code(), view.business())));
  return out;
}

/// "2026-01-12" as the reader writes dates; what is no such date stays as it is.
std::string signed_words(const View& view, const std::string& iso_date) {
  i18n::LocalTime t;
  char dash[2] = {};
  std::istringstream in(iso_date);
  in >> t.year >> dash[0] >> t.month >> dash[1] >> t.day;
  const bool good =
      in && iso_date.size() == 10 && dash[0] == '-' && dash[1] == '-' && t.month >= 1 && t.month <= 12;
  return good ? i18n::format_date(view.language, t) : iso_date;
}

std::string role_words(const View& view, const consent::Recipient& recipient) {
  const std::string id = "privacy.role." + recipient.role;
  return i18n::has(id) ? view.tr(id) : recipient.role;
}

std::vector<Values> recipients(const View& view) {
  std::vector<Values> out;
  for (const consent::Recipient& r : view.business().recipients) {
    std::vector<std::string> receives;
    for (const std::string& what : r.receives) {
      const std::string id = "privacy.receives." + what;
      receives.push_back(i18n::has(id) ? view.tr(id) : what);
    }
    const std::string where =
        r.outside_eu.empty() ? "" : consent::local(r.outside_eu, view.language.code(), view.business());
    out.push_back(
        Values()
            .text("recipient_name", r.name)
            .text("recipient_role", role_words(view, r))
            .text("recipient_receives", i18n::join_and(view.language, receives))
            .text("recipient_where", where.empty() ? "" : view.tr("privacy.transfer", {{"where", where}}))
            .text("recipient_agreement",
                  r.agreement
                      ? view.tr("privacy.agreement", {{"date", signed_words(view, r.agreement->signed_on)},
                                                      {"purpose", r.agreement->purpose}})
                      : ""));
  }
  return out;
}

std::vector<Values> retention(const View& view) {
  std::vector<Values> out;
  for (const consent::RetentionClass& kept : view.business().retention) {
    const consent::RetentionClass* next = view.business().retention_class(kept.then);
    const bool by_time = kept.keep_months > 0 || kept.keep_days > 0;
    out.push_back(
        Values()
            .text("class_what", class_words(view, "class", kept, kept.name))
            .text("class_from", class_words(view, "from", kept, kept.starts))
            .text("class_keep",
                  by_time ? period_words(view, kept) : class_words(view, "keep", kept, kept.keep))
            .text("class_then", next == nullptr
                                    ? view.tr("privacy.retention.then_destroy")
                                    : view.tr("privacy.retention.then_class",
                                              {{"class", class_words(view, "class", *next, next->name)}})));
  }
  return out;
}

std::string promise_words(const View& view) {
  const consent::Promise& promise = view.business().promise;
  std::vector<unsigned> days;
  for (unsigned day = 1; day <= 7; ++day)
    if ((promise.weekdays >> (day - 1) & 1U) != 0) days.push_back(day);
  const auto count = [&](std::string_view unit, int n) {
    return i18n::tr_count(view.language, unit, static_cast<std::uint64_t>(n));
  };
  const std::string hours = i18n::format_hours(view.language, static_cast<unsigned>(promise.from_minute),
                                               static_cast<unsigned>(promise.to_minute));
  const std::string promised =
      view.tr("notice.promise", {{"per_day", count("count.messages", promise.per_day)},
                                 {"days_per_week", count("count.days", promise.days_per_week)},
                                 {"days", i18n::format_weekdays(view.language, days)},
                                 {"hours", hours}});
  std::vector<std::string> exceptions;
  for (const auto& id : promise.exceptions) {
    if (const auto* topic = view.business().topic(id))
      exceptions.push_back(
          view.tr("notice.exception.topic",
                  {{"topic", consent::local(topic->title, view.language.code(), view.business())}}));
  }
  if (exceptions.empty()) return promised;
  return promised + " " +
         i18n::tr_count(view.language, "notice.exceptions", exceptions.size(),
                        {{"exceptions", i18n::join_and(view.language, exceptions)}, {"hours", hours}});
}

}  // namespace

Page privacy_page(const View& view) {
  const consent::Business& b = view.business();
  Page page;
  page.kiosk_refresh_s = 0;  // long to read, and nobody's
  page.name = "privacy";
  page.title = view.tr("privacy.title", {{"business", b.name}});
  page.values.text("headline", page.title)
      .html("controller_html",
            view.phrase("privacy.controller_text", {{"legal_name", b.legal_name}, {"address", b.address}}))
      .html("tax_id_html", b.tax_id.empty() ? Html() : view.phrase("privacy.tax_id", {{"tax_id", b.tax_id}}))
      .html("contact_html", view.phrase("privacy.contact", {{"privacy_contact", b.privacy_contact}}))
      .html("dpo_html", b.dpo.empty() ? Html() : view.phrase("privacy.dpo", {{"dpo", b.dpo}}))
      .list("purposes", purposes(view))
      .text("promise_words", promise_words(view))
      .text("minimum_words",
            view.tr("privacy.minimum." + std::string(consent::evidence_name(b.minimum_evidence))))
      .list("recipients", recipients(view))
      .list("classes", retention(view))
      .html("rights_how_html", view.phrase("privacy.rights_how", {{"privacy_contact", b.privacy_contact}}))
      .html("complain_html",
            view.phrase("privacy.complain", {{"authority", b.authority_name}, {"url", b.authority_url}}))
      .html("stop_html", home_stops(view).empty()
                             ? Html()
                             : view.phrase("privacy.stop_text", {{"ways", home_stop_words(view)}}))
      .html("age_html", view.phrase("privacy.age", {{"age", std::to_string(b.minimum_age)}}));
  return page;
}

Page front_page(const View& view) {
  Page page;
  page.name = "front";
  page.title = view.business().name;
  page.values.text("business_name", view.business().name);
  return page;
}

}  // namespace counterfoil::pages
