// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "pages/erasure_page.h"

#include "base/limits.h"
#include "pages/receipt_page.h"

namespace counterfoil::pages {
namespace {

constexpr std::string_view kEraseRoute = "erase";

View erase_view(const Site& site, const net::Request& request, std::string_view language) {
  View view = customer_view(site.look, request, {}, language);
  view.path = request.path;
  return view;
}

// GDPR Art. 19: the box tells those who fetch from it, and nobody else.
Html told_to_others(const View& view) {
  return view.phrase("erase.others", {{"privacy_contact", view.business().privacy_contact}});
}

bool is_done(const desk::Erasure& erasure) {
  return erasure.report.state == ledger::EndingReport::State::Ended;
}

}  // namespace

Page erase_page(const View& view, const desk::Submission& submission, std::string_view erase_token) {
  Page page;
  page.name = "erase";
  page.title = view.tr("erase.title");
  page.values.text("token", submission.token)
      .text("erase_token", erase_token)
      .text("number_masked", submission.masked_number)
      .html("others_html", told_to_others(view))
      .flag("joined", submission.evidence > consent::Evidence::Claimed);
  return page;
}

Page erasure_page(const View& view, const desk::Erasure& erasure) {
  Page page;
  page.name = "erasure";
  const bool done = is_done(erasure);
  const bool held = erasure.report.held;
  page.title = view.tr(done ? "erasure.title" : held ? "erasure.held.title" : "erasure.under_way");
  if (!done && !held) page.refresh_s = limits::kErasureRefresh_s;
  const auto when = [&](Instant t) { return date_words(view, t) + " · " + time_words(view, t); };
  page.values.text("headline", page.title)
      .text("token", erasure.token)
      .text("asked", when(erasure.asked))
      .flag("done", done)
      .flag("held", held)
      .flag("waiting", !done && !held);
  if (held)
    page.values.html("held_html",
                     view.phrase("erasure.held", {{"privacy_contact", view.business().privacy_contact}}));
  if (!done) return page;
  page.values.text("gone_at", when(erasure.report.gone_at))
      .text("lines", std::to_string(erasure.report.lines))
      .text("anchor", erasure.statement.string_at("anchor").value_or(""))
      .text("log", erasure.statement.string_at("log").value_or(""))
      .text("tombstone", erasure.report.tombstone ? std::to_string(*erasure.report.tombstone) : std::string())
      .flag("no_tombstone", !erasure.report.tombstone)
      .html("others_html", told_to_others(view));
  if (!erasure.unacknowledged.empty())
    page.values.html("unacknowledged_html",
                     view.phrase("erasure.unacknowledged",
                                 {{"recipients", i18n::join_and(view.language, erasure.unacknowledged)}}));
  return page;
}

net::Response get_erase(Site& site, const net::Request& request) {
  const auto submission = site.desk.submission(request.param("token"));
  const View view = erase_view(site, request, submission ? submission->language : std::string());
  if (!submission) return unknown_receipt(view, request, submission.error());
  return respond(view, erase_page(view, *submission, site.token(kEraseRoute, submission->token)));
}

net::Response post_erase(Site& site, const net::Request& request) {
  const std::string token(request.param("token"));
  const auto posted = read_post(site, request, kEraseRoute, token);
  const auto submission = site.desk.submission(token);
  const View view = erase_view(site, request, submission ? submission->language : std::string());
  if (!posted) return unreadable(view, request, posted.error(), false);
  if (!posted->token_good) {
    // The second tap finds no submission any more, and belongs to the certificate of the first.
    if (const auto earlier = site.earlier_answer(posted->whole, limits::kFormTokenLife_ms))
      return net::Response::redirect(*earlier);
  }
  if (!submission) return unknown_receipt(view, request, submission.error());
  if (!posted->token_good) {
    Page page = erase_page(view, *submission, site.token(kEraseRoute, token));
    put_problems(page.values, {}, view.phrase("error.bad_token.body"));
    page.status = posted->status;
    return respond(view, page);
  }
  const auto erasure = site.desk.erase(token);
  if (!erasure) return error_answer(view, request, erasure.error(), false);
  const std::string target = "/e/" + erasure->token + "?lang=" + std::string(view.language.code());
  site.answered_posts.forget(token);
  site.remember_answer(posted->whole, target);
  return net::Response::redirect(target);
}

net::Response get_erasure(Site& site, const net::Request& request) {
  const View view = erase_view(site, request, {});
  const auto erasure = site.desk.erasure(request.param("token"));
  if (!erasure) return error_answer(view, request, erasure.error(), false);
  return respond(view, erasure_page(view, *erasure));
}

net::Response get_erasure_json(Site& site, const net::Request& request) {
  const View view = erase_view(site, request, {});
  const auto erasure = site.desk.erasure(request.param("token"));
  if (!erasure) return error_answer(view, request, erasure.error(), false);
  if (!is_done(*erasure)) return error_json(view, 503, "under_way", "starting");
  const auto jws = site.desk.certificate(*erasure);
  if (!jws) return error_answer(view, request, jws.error(), false);
  const auto text = json::write(json::Object{{"jws", *jws}, {"statement", erasure->statement}});
  if (!text) return error_answer(view, request, text.error(), false);
  return net::Response::of("application/json", *text)
      .with("Content-Disposition", "attachment; filename=\"erasure.json\"");
}

}  // namespace counterfoil::pages
