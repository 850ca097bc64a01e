// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "pages/messages_page.h"

#include "base/limits.h"

namespace counterfoil::pages {
namespace {

constexpr std::string_view kMessagesRoute = "staff-messages";

Values values_of(const View& view, const desk::DoubtfulMessage& message) {
  return Values()
      .text("id", message.id)
      .text("text", message.text)
      .text("from_words", view.tr("staff.messages.from", {{"number", message.masked_number},
                                                          {"channel", channel_words(view, message.channel)},
                                                          {"date", date_words(view, message.at)},
                                                          {"time", time_words(view, message.at)}}));
}

net::Response messages_page(Site& site, const View& view, const net::Request& request,
                            const StaffPerson& person, const std::string& done, const Remarks& remarks) {
  const auto waiting = site.desk.doubtful();
  if (!waiting) return error_answer(view, request, waiting.error(), true);
  const std::size_t shown = std::min(waiting->size(), limits::kDoubtfulShownMax);
  std::vector<Values> messages;
  for (std::size_t i = 0; i < shown; ++i) messages.push_back(values_of(view, (*waiting)[i]));
  Page page = staff_page(site, person, view.tr("staff.messages.title"), "messages");
  page.status = remarks.status;
  put_problems(page.values, remarks.problems, remarks.message);
  page.values.text("done", done)
      .flag("none", messages.empty())
      .flag("decides", person.user.role != desk::Role::Auditor)
      .text("token", staff_token(site, person, kMessagesRoute))
      .text("more_words", shown < waiting->size() ? view.tr("staff.messages.more",
                                                            {{"n", std::to_string(waiting->size() - shown)}})
                                                  : "")
      .list("messages", std::move(messages));
  return respond(view, page);
}

}  // namespace

net::Response get_messages(Site& site, const net::Request& request, const StaffPerson& person) {
  return messages_page(site, staff_view(site.look, request), request, person, {}, {});
}

net::Response post_message(Site& site, const net::Request& request, const StaffPerson& person) {
  const View view = staff_view(site.look, request);
  const auto posted = read_post(site, request, kMessagesRoute, person.session.form_context);
  if (!posted) return unreadable(view, request, posted.error(), true);
  // Whoever taps twice finds the message gone from the list.
  if (!posted->token_good)
    return messages_page(site, view, request, person, {},
                         {{}, view.phrase("form.stale_page"), posted->status});
  const std::string_view verdict = posted->form.text("verdict");
  if (verdict != "stop" && verdict != "none")
    return error_answer(view, request, fail(Code::BadInput, "verdict"), true);
  const bool is_stop = verdict == "stop";
  const auto settled = site.desk.settle(posted->form.text("id"), is_stop, person.user);
  if (!settled && settled.error().code != Code::NotFound)
    return error_answer(view, request, settled.error(), true);
  const std::string_view done = !settled  ? "staff.messages.gone"
                                : is_stop ? "staff.messages.stopped"
                                          : "staff.messages.kept";
  return messages_page(site, view, request, person, view.tr(done), {});
}

}  // namespace counterfoil::pages
