// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "pages/manage_page.h"

#include "base/limits.h"
#include "pages/receipt_page.h"

namespace counterfoil::pages {
namespace {

constexpr std::string_view kKeepRoute = "keep";
constexpr std::string_view kStopRoute = "manage-stop";
constexpr std::string_view kRestrictRoute = "manage-restrict";

bool lets_us_write(consent::State state) {
  return state == consent::State::ConsentRequested || state == consent::State::ConsentGiven ||
         state == consent::State::RenewedConsentGiven;
}

struct TopicRow {
  consent::TopicId topic;
  std::vector<consent::Channel> channels;  // that still count
};

/// Topics of the submission, each with the channels on which it still counts.
std::vector<TopicRow> topic_rows(const desk::Submission& submission) {
  std::vector<TopicRow> rows;
  for (const consent::TopicId& id : topics_of(submission)) {
    TopicRow row{id, {}};
    for (const auto& choice : submission.choices)
      if (choice.topic == id && lets_us_write(choice.state)) row.channels.push_back(choice.channel);
    rows.push_back(std::move(row));
  }
  return rows;
}

View manage_view(Site& site, const net::Request& request, const Result<desk::Submission>& submission) {
  View view = customer_view(site.look, request, {}, submission ? submission->language : std::string());
  view.path = "/m/" + std::string(request.param("token"));
  return view;
}

Page page_with_tokens(const Site& site, const View& view, const desk::Submission& submission, bool saved) {
  return manage_page(view, submission, site.token(kKeepRoute, submission.token),
                     site.token(kStopRoute, submission.token), site.token(kRestrictRoute, submission.token),
                     saved);
}

/// Empty while the number is unproved: its owner may be somebody else.
std::string look_ups_words(const View& view, const desk::Submission& submission) {
  if (submission.evidence == consent::Evidence::Claimed) return {};
  if (submission.look_ups == 0) return view.tr("manage.look_ups.none");
  const std::string date = date_words(view, submission.looked_up);
  return i18n::tr_count(view.language, "manage.look_ups", submission.look_ups, {{"date", date}});
}

std::string sent_words(const View& view, const desk::Submission& submission) {
  if (submission.evidence == consent::Evidence::Claimed) return {};
  if (submission.messages == 0) return view.tr("manage.sent.none");
  const std::string date = date_words(view, submission.written);
  return i18n::tr_count(view.language, "manage.sent", submission.messages, {{"date", date}});
}

/// A post of this page: spends the token, does the work, comes back to the page.
template <class Work>
net::Response carry_out(Site& site, const net::Request& request, std::string_view route,
                        std::string_view done, Work work) {
  const std::string token(request.param("token"));
  const auto posted = read_post(site, request, route, token);
  const auto submission = site.desk.submission(token);
  const View view = manage_view(site, request, submission);
  if (!posted) return unreadable(view, request, posted.error(), false);
  if (!submission) return unknown_receipt(view, request, submission.error());
  const std::string target = "/m/" + token + std::string(done);
  if (!posted->token_good) {
    if (site.earlier_answer(posted->whole, limits::kFormTokenLife_ms)) return net::Response::redirect(target);
    Page page = page_with_tokens(site, view, *submission, false);
    put_problems(page.values, {}, view.phrase("error.bad_token.body"));
    page.status = posted->status;
    return respond(view, page);
  }
  const Status worked = work(token, posted->form);
  if (!worked) return error_answer(view, request, worked.error(), false);
  site.remember_answer(posted->whole, target);
  return net::Response::redirect(target);
}

}  // namespace

Page manage_page(const View& view, const desk::Submission& submission, std::string_view keep_token,
                 std::string_view stop_token, std::string_view restrict_token, bool saved) {
  std::vector<Values> topics;
  std::vector<consent::TopicId> gone;
  bool any_live = false;
  for (const TopicRow& row : topic_rows(submission)) {
    const bool live = !submission.stopped && !row.channels.empty();
    any_live = any_live || live;
    if (!live) gone.push_back(row.topic);
    topics.push_back(
        Values()
            .text("topic", row.topic.text())
            .text("topic_title", topic_words(view, row.topic))
            .flag("topic_live", live)
            .text("topic_detail",
                  live ? channel_list(view, row.channels) + " · " +
                             view.tr("manage.until", {{"date", date_words(view, submission.ends)}})
                       : view.tr("state.withdrawn")));
  }
  Page page;
  page.name = "manage";
  page.title = view.tr("manage.title", {{"business", view.business().name}});
  page.values.text("headline", page.title)
      .text("token", submission.token)
      .text("keep_token", keep_token)
      .text("stop_token", stop_token)
      .html("lead_html", view.phrase("manage.lead", {{"date", date_words(view, submission.given)},
                                                     {"place", place_words(view, submission.place)}}))
      .text("number_masked", submission.masked_number)
      .text("state_words", submission_state_words(view, submission))
      .text("look_ups_words", look_ups_words(view, submission))
      .text("sent_words", sent_words(view, submission))
      .text("restrict_token", restrict_token)
      .flag("restricted", submission.restricted)
      .flag("stopped", submission.stopped)
      .flag("any_live", any_live)
      .flag("none_live", !any_live && !submission.stopped)
      .list("topics", std::move(topics))
      .html("saved_html", saved && !gone.empty() && !submission.stopped
                              ? view.phrase("manage.saved", {{"topics", topic_list(view, gone)}})
                              : Html())
      .flag("unchanged", saved && gone.empty())
      .html("stopped_html",
            submission.stopped
                ? view.phrase("manage.stopped", {{"date", date_words(view, submission.stopped_at)},
                                                 {"time", time_words(view, submission.stopped_at)}})
                : Html())
      .html("other_rights_html",
            view.phrase("manage.other_rights", {{"privacy_contact", view.business().privacy_contact}}));
  return page;
}

net::Response get_manage(Site& site, const net::Request& request) {
  const auto submission = site.desk.submission(request.param("token"));
  const View view = manage_view(site, request, submission);
  if (!submission) return unknown_receipt(view, request, submission.error());
  const bool saved = request.query_value("saved").has_value();
  return respond(view, page_with_tokens(site, view, *submission, saved));
}

net::Response post_manage(Site& site, const net::Request& request) {
  return carry_out(site, request, kKeepRoute, "?saved=1",
                   [&](const std::string& token, const net::Form& form) {
                     std::vector<consent::TopicId> kept;
                     for (std::string& name : form.all("topic")) kept.emplace_back(std::move(name));
                     const auto done = site.desk.keep(token, kept);
                     return done ? Status() : Status(done.error());
                   });
}

net::Response post_manage_stop(Site& site, const net::Request& request) {
  return carry_out(site, request, kStopRoute, "", [&](const std::string& token, const net::Form&) {
    const auto done = site.desk.stop_all(token);
    return done ? Status() : Status(done.error());
  });
}

net::Response post_manage_restrict(Site& site, const net::Request& request) {
  return carry_out(site, request, kRestrictRoute, "", [&](const std::string& token, const net::Form& form) {
    const auto done = site.desk.restrict(token, form.text("on") == "yes");
    return done ? Status() : Status(done.error());
  });
}

}  // namespace counterfoil::pages
