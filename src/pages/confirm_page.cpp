// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "pages/confirm_page.h"

#include "base/limits.h"
#include "pages/receipt_page.h"

namespace counterfoil::pages {
namespace {

constexpr std::string_view kLookRoute = "staff-confirm";
constexpr std::string_view kYesRoute = "staff-confirm-yes";
constexpr int kCodeLife_days = static_cast<int>(decide::kUnconfirmedLife_s / kDay_s);

/// The digits of what was typed: "123 456" is a code too.
std::string code_of(std::string_view typed) {
  std::string out;
  for (const char c : typed)
    if (c >= '0' && c <= '9') out += c;
  return out;
}

net::Response code_form(const Site& site, const View& view, const StaffPerson& person, const Html& wrong,
                        const Html& message, int status) {
  Page page = staff_page(site, person, view.tr("staff.confirm.title"), "confirm");
  page.status = status;
  std::vector<Problem> problems;
  if (!wrong.empty()) problems.push_back({"code", wrong});
  put_problems(page.values, problems, message);
  page.values.text("token", staff_token(site, person, kLookRoute)).html("code_error_html", wrong);
  return respond(view, page);
}

net::Response code_refused(const Site& site, const View& view, const net::Request& request,
                           const StaffPerson& person, const Error& error) {
  const int status = http_status(error.code);
  switch (error.code) {
    case Code::NotFound:
    case Code::BadInput:
      return code_form(site, view, person,
                       view.phrase("staff.confirm.unknown",
                                   {{"period", i18n::tr_count(view.language, "count.days", kCodeLife_days)}}),
                       {}, status);
    case Code::Conflict:
      return code_form(site, view, person, {},
                       view.phrase(error.detail == "used" ? "staff.confirm.used" : "staff.confirm.stopped"),
                       status);
    case Code::Limit:
      return code_form(site, view, person, {},
                       view.phrase("staff.confirm.too_many", {{"n", seconds_of(error)}}), status);
    default:
      return error_answer(view, request, error, true);
  }
}

void put_submission(const View& view, const desk::Submission& submission, Values& values) {
  values.text("number_masked", submission.masked_number)
      .text("topics_words", topic_list(view, topics_of(submission)))
      .text("channels_words", channel_list(view, channels_of(submission)))
      .text("given_words", date_words(view, submission.given) + ", " + time_words(view, submission.given))
      .text("place_words", place_words(view, submission.place));
}

net::Response confirmed_page(const Site& site, const View& view, const StaffPerson& person,
                             const desk::Submission& submission) {
  Page page = staff_page(site, person, view.tr("staff.confirm.title"), "confirm_done");
  page.values.html("done_html", view.phrase("staff.confirm.done",
                                            {{"number", submission.masked_number},
                                             {"topics", topic_list(view, topics_of(submission))},
                                             {"channels", channel_list(view, channels_of(submission))}}));
  return respond(view, page);
}

}  // namespace

net::Response get_confirm(Site& site, const net::Request& request, const StaffPerson& person) {
  return code_form(site, staff_view(site.look, request), person, {}, {}, 200);
}

net::Response post_confirm(Site& site, const net::Request& request, const StaffPerson& person) {
  const View view = staff_view(site.look, request);
  const auto posted = read_post(site, request, kLookRoute, person.session.form_context);
  if (!posted) return unreadable(view, request, posted.error(), true);
  if (!posted->token_good)
    return code_form(site, view, person, {}, view.phrase("error.bad_token.body"), posted->status);
  const std::string code = code_of(posted->form.text("code"));
  const auto submission = site.desk.submission_by_code(code, person.user);
  if (!submission) return code_refused(site, view, request, person, submission.error());
  Page page = staff_page(site, person, view.tr("staff.confirm.title"), "confirm_look");
  put_submission(view, *submission, page.values);
  page.values.text("token", staff_token(site, person, kYesRoute)).text("code", code);
  return respond(view, page);
}

net::Response post_confirm_yes(Site& site, const net::Request& request, const StaffPerson& person) {
  View view = staff_view(site.look, request);
  view.path = "/staff/confirm";
  const auto posted = read_post(site, request, kYesRoute, person.session.form_context);
  if (!posted) return unreadable(view, request, posted.error(), true);
  if (!posted->token_good) {
    const bool done = site.earlier_answer(posted->whole, limits::kFormTokenLife_ms).has_value();
    return code_form(site, view, person, {},
                     view.phrase(done ? "staff.confirm.used" : "error.bad_token.body"), posted->status);
  }
  const auto confirmed = site.desk.confirm(code_of(posted->form.text("code")), person.user);
  if (!confirmed) return code_refused(site, view, request, person, confirmed.error());
  site.remember_answer(posted->whole, "done");
  return confirmed_page(site, view, person, *confirmed);
}

}  // namespace counterfoil::pages
