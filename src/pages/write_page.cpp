// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "pages/write_page.h"

#include "base/limits.h"
#include "pages/check_page.h"
#include "phone/phone.h"

namespace counterfoil::pages {
namespace {

constexpr std::string_view kWriteRoute = "staff-write";

/// What stands under every message (product.md R10): why it comes, and how to stop.
std::string text_of(const View& customer, const desk::Asked& message, const decide::Because& because) {
  const consent::Sender* sender = customer.business().sender(message.channel);
  const auto ways = home_stops(customer);
  const std::string stop =
      (sender != nullptr && sender->two_way) || ways.empty() ? customer.tr("wa.stop") : ways.front().words;
  return customer.business().name + "\n\n" +
         customer.tr("why.line", {{"topic", topic_words(customer, message.topic)},
                                  {"date", date_words(customer, because.given)},
                                  {"place", place_words(customer, because.place)},
                                  {"stop", stop}});
}

/// Where the till's own telephone or browser opens the text; empty for a channel without such an address.
std::string address_of(consent::Channel channel, const std::string& canonical, const std::string& text) {
  if (channel == consent::Channel::WhatsApp)
    return "https://wa.me/" + canonical.substr(1) + "?text=" + net::percent_encode(text);
  if (channel == consent::Channel::Sms) return "sms:" + canonical + "?body=" + net::percent_encode(text);
  return {};
}

net::Response written_page(const Site& site, const View& view, const StaffPerson& person,
                           const desk::Asked& message, const desk::Written& written) {
  View customer = view;
  customer.language = i18n::Language::find(written.language).value_or(view.language);
  const std::string text = text_of(customer, message, *written.decision.because);
  const auto canonical = phone::canonical(message.number, message.region);
  Page page = staff_page(site, person, view.tr("staff.write.title"), "staff_written");
  page.values
      .html("noted_html", view.phrase("staff.write.noted", {{"topic", topic_words(view, message.topic)},
                                                            {"channel", channel_words(view, message.channel)},
                                                            {"time", time_words(view, written.at)}}))
      .text("text", text)
      .text("text_language", customer.language.code())
      .text("open_words", view.tr("staff.write.open", {{"channel", channel_words(view, message.channel)}}))
      .text("open_href", canonical ? address_of(message.channel, *canonical, text) : "");
  return respond(view, page);
}

}  // namespace

std::string write_token(const Site& site, const StaffPerson& person) {
  return person.user.role == desk::Role::Auditor ? std::string() : staff_token(site, person, kWriteRoute);
}

net::Response post_write(Site& site, const net::Request& request, const StaffPerson& person) {
  const View view = staff_view(site.look, request);
  const auto posted = read_post(site, request, kWriteRoute, person.session.form_context);
  if (!posted) return unreadable(view, request, posted.error(), true);
  const net::Form& form = posted->form;
  const CheckInput input{std::string(form.text("number")), region_or_own(view, form.text("region")),
                         std::string(form.text("topic")), std::string(form.text("channel"))};
  // A repeat must not note a second message: it is asked anew, and the answer says that one went.
  if (!posted->token_good) return check_now(site, view, request, person, input);
  const auto channel = consent::channel_from_name(input.channel);
  if (!channel) return error_answer(view, request, fail(Code::BadInput, "channel"), true);
  const desk::Asked message{input.number, input.region, *channel, consent::TopicId(input.topic)};
  const auto written = site.desk.write(message, person.user);
  if (!written) return error_answer(view, request, written.error(), true);
  // What was allowed a moment ago may not be any more.
  if (written->decision.verdict != decide::Verdict::Allow)
    return check_now(site, view, request, person, input);
  return written_page(site, view, person, message, *written);
}

}  // namespace counterfoil::pages
