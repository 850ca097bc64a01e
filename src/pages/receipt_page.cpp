// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "pages/receipt_page.h"

#include "base/limits.h"
#include "counterfoil/proof/receipt.h"
#include "crypto/crypto.h"
#include "crypto/signing.h"
#include "pages/qr.h"

namespace counterfoil::pages {
namespace {

constexpr std::string_view kUndoRoute = "undo";
constexpr std::size_t kFingerprintGroup = 8;

std::string_view state_id(const desk::Submission& s) {
  if (s.stopped) return "state.stopped";
  switch (s.state) {
    case consent::State::ConsentGiven:
    case consent::State::RenewedConsentGiven:
      return "state.given";
    case consent::State::ConsentExpired:
      return "state.expired";
    case consent::State::ConsentWithdrawn:
      return "state.withdrawn";
    default:
      return "state.requested";
  }
}

std::string days_words(const View& view, Instant from, Instant to) {
  const Instant days = to > from ? (to - from + kDay_s - 1) / kDay_s : 0;
  return i18n::tr_count(view.language, "count.days", static_cast<std::uint64_t>(days));
}

/// The facts of a submission, for the page and the file alike.
void put_facts(const View& view, const desk::Submission& s, Values& values) {
  const auto topics = topics_of(s);
  const auto channels = channels_of(s);
  const bool waiting = is_live(s) && !s.code.empty();
  values
      .text("headline",
            view.tr(s.state == consent::State::ConsentRequested && !s.stopped ? "receipt.title_requested"
                                                                              : "receipt.title"))
      .html("said_yes_html", view.phrase("receipt.body", {{"topics", topic_list(view, topics)},
                                                          {"channels", channel_list(view, channels)},
                                                          {"date", date_words(view, s.given)},
                                                          {"time", time_words(view, s.given)},
                                                          {"place", place_words(view, s.place)}}))
      .flag("waiting", waiting)
      .text("code", waiting ? s.code : "")
      .html("one_step_html",
            view.phrase("receipt.unproved", {{"period", days_words(view, s.given, s.code_ends)}}))
      .text("number_masked", s.masked_number)
      .text("state_words", submission_state_words(view, s))
      .text("state_name", consent::state_name(s.stopped ? consent::State::ConsentWithdrawn : s.state))
      .text("topics_words", topic_list(view, topics))
      .text("channels_words", channel_list(view, channels))
      .text("given_words", date_words(view, s.given) + ", " + time_words(view, s.given))
      .text("place_words", place_words(view, s.place))
      .text("until_words", is_live(s) ? date_words(view, s.ends) : "")
      .text("evidence_words", view.tr("evidence." + std::string(consent::evidence_name(s.evidence))))
      .text("controller_words", view.business().legal_name + ", " + view.business().address)
      .flag("live", is_live(s))
      .flag("undone", !s.stopped && s.state == consent::State::ConsentWithdrawn)
      .html("stopped_html", s.stopped
                                ? view.phrase("manage.stopped", {{"date", date_words(view, s.stopped_at)},
                                                                 {"time", time_words(view, s.stopped_at)}})
                                : Html());
}

std::vector<Values> home_stop_items(const View& view) {
  std::vector<Values> out;
  for (const HomeStop& stop : home_stops(view))
    out.push_back(Values().text("stop_words", stop.words).text("stop_href", stop.href));
  return out;
}

std::string grouped(std::string_view digits) {
  std::string out;
  for (std::size_t at = 0; at < digits.size(); at += kFingerprintGroup) {
    if (!out.empty()) out += ' ';
    out += digits.substr(at, kFingerprintGroup);
  }
  return out;
}

/// The notice the proof names, and its text if that is still what the link says. Fails when the proof does
/// not hold a grant.
Status put_notice(const Site& site, ReceiptFile& file) {
  CF_TRY(const proof::Receipt receipt, proof::read_receipt(file.receipt.proof));
  CF_TRY(const auto body, consent::decode_body(consent::EventType::Grant, receipt.disclosures[1].text));
  const consent::NoticeRef& notice = std::get<consent::GrantBody>(body).notice;
  file.notice = notice.id.text();
  file.notice_sha256 = hex(notice.sha256);
  const auto form = site.desk.opt_in_form(file.submission.link, notice.language);
  if (!form || form->notice.ref.sha256 != notice.sha256) return {};
  for (const desk::NoticeLine& line : form->notice.lines) file.agreed.push_back(line.text);
  return {};
}

View view_for(Site& site, const net::Request& request, const Result<desk::Submission>& submission) {
  View view = customer_view(site.look, request, {}, submission ? submission->language : std::string());
  view.path = "/r/" + std::string(request.param("token"));
  return view;
}

net::Response save_as(const View& view, net::Response response, std::string_view ending) {
  const std::string name = view.business().id + "-" + view.tr("receipt.file_name") + std::string(ending);
  response.with("Content-Disposition", "attachment; filename*=UTF-8''" + net::percent_encode(name));
  return response;
}

}  // namespace

std::string submission_state_words(const View& view, const desk::Submission& submission) {
  return view.tr(state_id(submission));
}

std::vector<consent::TopicId> topics_of(const desk::Submission& submission) {
  std::vector<consent::TopicId> all;
  for (const auto& choice : submission.choices) all.push_back(choice.topic);
  return each_once(all);
}

std::vector<consent::Channel> channels_of(const desk::Submission& submission) {
  std::vector<consent::Channel> all;
  for (const auto& choice : submission.choices) all.push_back(choice.channel);
  return each_once(all);
}

bool is_live(const desk::Submission& s) {
  return !s.stopped &&
         (s.state == consent::State::ConsentRequested || s.state == consent::State::ConsentGiven ||
          s.state == consent::State::RenewedConsentGiven);
}

net::Response unknown_receipt(const View& view, const net::Request& request, const Error& error) {
  if (error.code != Code::NotFound) return error_answer(view, request, error, false);
  if (request.wants_json()) return error_json(view, 404, "unknown_receipt", "unknown_receipt");
  return error_page(view, 404, "unknown_receipt", false);
}

Page receipt_page(const View& view, const desk::Submission& submission, std::string_view undo_token) {
  Page page;
  page.name = "receipt";
  put_facts(view, submission, page.values);
  page.title = view.tr(submission.state == consent::State::ConsentRequested ? "receipt.title_requested"
                                                                            : "receipt.title");
  page.values.text("token", submission.token)
      .text("undo_token", undo_token)
      .html("stop_home_html", view.phrase("receipt.stop_home", {{"ways", home_stop_words(view)}}))
      .list("home_stops", home_stop_items(view));
  return page;
}

net::Response kiosk_hand_over(const View& view, const std::string& receipt_token) {
  const std::string address = view.look->customer_url + "/r/" + receipt_token;
  const auto code = qr::svg(address, view.tr("receipt.manage_qr"));
  Page page;
  page.title = view.tr("receipt.title_requested");
  page.name = "kiosk";
  page.values.text("headline", page.title).html("qr_html", code ? Html::trusted(*code) : Html());
  return respond(view, page);
}

Result<std::string> receipt_file(const View& view, const ReceiptFile& file) {
  Values values;
  put_facts(view, file.submission, values);
  std::vector<Values> lines;
  for (const std::string& line : file.agreed) lines.push_back(Values().text("agreed_line", line));
  values.text("lang", view.language.code())
      .text("dir", view.language.direction())
      .text("business", view.business().name)
      .html("style_html", Html::trusted(view.look->style))
      .html("stop_home_html", view.phrase("receipt.stop_home", {{"ways", home_stop_words(view)}}))
      .list("home_stops", home_stop_items(view))
      .text("manage_url", view.look->customer_url + "/m/" + file.submission.token)
      .html("notice_html", view.phrase("receipt.notice", {{"notice", file.notice}}))
      .flag("has_agreed", !lines.empty())
      .list("agreed", std::move(lines))
      .text("notice_sha256", file.notice_sha256)
      .text("proof", file.receipt.proof)
      .text("twin", file.receipt.twin)
      .text("key_fingerprint", file.key_fingerprint)
      .text("key_pem", file.key_pem);
  CF_TRY(const Html html, render(view.language, "receipt_file", values));
  return html.text();
}

net::Response get_receipt(Site& site, const net::Request& request) {
  const std::string token(request.param("token"));
  const auto submission = site.desk.submission(token);
  const View view = view_for(site, request, submission);
  if (!submission) return unknown_receipt(view, request, submission.error());
  return respond(view, receipt_page(view, *submission, site.token(kUndoRoute, token)));
}

net::Response get_receipt_file(Site& site, const net::Request& request) {
  const std::string token(request.param("token"));
  auto submission = site.desk.submission(token);
  const View view = view_for(site, request, submission);
  if (!submission) return unknown_receipt(view, request, submission.error());
  auto receipt = site.desk.receipt(token);
  if (!receipt) return error_answer(view, request, receipt.error(), false);
  const ByteView spki = site.desk.log_key().spki;
  ReceiptFile file{
      *std::move(submission),   *std::move(receipt), {}, {}, {}, grouped(hex(crypto::sha256(spki))),
      crypto::pem_of_spki(spki)};
  if (const Status put = put_notice(site, file); !put) return error_answer(view, request, put.error(), false);
  auto text = receipt_file(view, file);
  if (!text) return error_answer(view, request, text.error(), false);
  return save_as(view, net::Response::html(*std::move(text)), ".html");
}

net::Response get_receipt_proof(Site& site, const net::Request& request) {
  auto receipt = site.desk.receipt(request.param("token"));
  if (!receipt)
    return unknown_receipt(view_for(site, request, site.desk.submission(request.param("token"))), request,
                           receipt.error());
  return net::Response::text(std::move(receipt->proof));
}

net::Response get_receipt_json(Site& site, const net::Request& request) {
  const std::string token(request.param("token"));
  const View view = view_for(site, request, site.desk.submission(token));
  const auto receipt = site.desk.receipt(token);
  if (!receipt) return unknown_receipt(view, request, receipt.error());
  const auto text = json::write(
      json::Object{{"jws", receipt->twin}, {"proof", receipt->proof}, {"record", receipt->record}});
  if (!text) return error_answer(view, request, text.error(), false);
  return save_as(view, net::Response::of("application/json", *text), ".json");
}

net::Response post_undo(Site& site, const net::Request& request) {
  const std::string token(request.param("token"));
  const auto posted = read_post(site, request, kUndoRoute, token);
  const auto submission = site.desk.submission(token);
  const View view = view_for(site, request, submission);
  if (!posted) return unreadable(view, request, posted.error(), false);
  if (!submission) return unknown_receipt(view, request, submission.error());
  const std::string receipt = "/r/" + token;
  if (!posted->token_good) {
    if (site.earlier_answer(posted->whole, limits::kFormTokenLife_ms))
      return net::Response::redirect(receipt);
    Page page = receipt_page(view, *submission, site.token(kUndoRoute, token));
    put_problems(page.values, {}, view.phrase("error.bad_token.body"));
    page.status = posted->status;
    return respond(view, page);
  }
  const auto undone = site.desk.undo(token);
  if (!undone) return error_answer(view, request, undone.error(), false);
  site.remember_answer(posted->whole, receipt);
  return net::Response::redirect(receipt);
}

}  // namespace counterfoil::pages
