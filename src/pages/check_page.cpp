// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "pages/check_page.h"

#include "pages/staff_stop_page.h"
#include "pages/verdict.h"
#include "pages/write_page.h"

#include <algorithm>
#include <utility>

namespace counterfoil::pages {
namespace {

constexpr std::string_view kCheckRoute = "staff-check";

std::vector<Values> topic_options(const View& view, std::string_view chosen) {
  std::vector<Values> out;
  for (const consent::Topic& topic : view.business().topics)
    out.push_back(Values()
                      .text("topic", topic.id.text())
                      .text("topic_title", topic_words(view, topic.id))
                      .flag("topic_selected", topic.id.text() == chosen));
  return out;
}

std::vector<Values> channel_options(const View& view, std::string_view chosen) {
  std::vector<Values> out;
  for (const consent::Channel channel : view.business().channels())
    out.push_back(Values()
                      .text("channel", consent::channel_name(channel))
                      .text("channel_title", channel_words(view, channel))
                      .flag("channel_selected", consent::channel_name(channel) == chosen));
  return out;
}

/// The row asked about, or the first one of the chosen topic, or the first of all.
const desk::CheckRow& row_of(const desk::Check& check, const CheckInput& input) {
  const auto matches = [&](const desk::CheckRow& row, bool with_channel) {
    return row.topic.text() == input.topic &&
           (!with_channel || consent::channel_name(row.channel) == input.channel);
  };
  for (const bool with_channel : {true, false})
    for (const desk::CheckRow& row : check.rows)
      if (matches(row, with_channel)) return row;
  return check.rows.front();
}

std::vector<Values> grid_of(const View& view, const desk::Check& check) {
  std::vector<Values> rows;
  for (const desk::CheckRow& row : check.rows) {
    std::vector<Values> reasons;
    std::string codes(decide::verdict_name(row.decision.verdict));
    for (const decide::Reason& reason : row.decision.reasons)
      codes += " " + std::string(decide::reason_name(reason.code));
    // Two rules that say the same (the promise, and good manners) are one line to read.
    std::string last;
    for (const decide::Reason& reason : row.decision.reasons)
      if (const std::string words = reason_words(view, check, row, reason);
          words != std::exchange(last, words))
        reasons.push_back(Values().text("reason_words", words));
    Values cell;
    cell.text("question", std::string(consent::channel_name(row.channel)) + " " + row.topic.text())
        .text("decision", codes)
        .text("cell_topic", topic_words(view, row.topic))
        .text("cell_channel", channel_words(view, row.channel))
        .text("cell_verdict", cell_words(view, row.decision))
        .text("cell_evidence", "")
        .list("reasons", std::move(reasons));
    if (row.decision.because) {
      const decide::Because& because = *row.decision.because;
      cell.text("cell_evidence",
                date_words(view, because.given) + ", " + time_words(view, because.given) + " · " +
                    place_words(view, because.place) + " · " + because.link.text() + " · " +
                    view.tr("evidence." + std::string(consent::evidence_name(because.evidence))));
    }
    rows.push_back(std::move(cell));
  }
  return rows;
}

std::vector<Values> obligations_of(const View& view, const decide::Decision& decision) {
  std::vector<Values> out;
  for (const decide::Obligation obligation : decision.obligations) {
    const std::string id = "obligation." + std::string(decide::obligation_name(obligation));
    if (i18n::has(id)) out.push_back(Values().text("obligation_words", view.tr(id)));
  }
  return out;
}

/// The form, below a verdict or alone.
void put_form(const Site& site, const View& view, const StaffPerson& person, const CheckInput& input,
              const Html& wrong, Values& values) {
  values.text("token", staff_token(site, person, kCheckRoute))
      .list("topics", topic_options(view, input.topic))
      .list("channels", channel_options(view, input.channel));
  put_number_field(view, values,
                   {view.tr("staff.check.number"), "", input.number, input.region, wrong, false});
}

net::Response check_form(const Site& site, const View& view, const StaffPerson& person,
                         const CheckInput& input, const Remarks& remarks) {
  Page page = staff_page(site, person, view.tr("staff.check.title"), "check");
  page.status = remarks.status;
  put_problems(page.values, remarks.problems, remarks.message);
  put_form(site, view, person, input, remarks.about("number"), page.values);
  return respond(view, page);
}

net::Response checked(Site& site, const View& view, const StaffPerson& person, CheckInput input,
                      const desk::Check& check) {
  Page page = staff_page(site, person, view.tr("staff.check.title"), "check");
  put_verdict(view, check, row_of(check, input), input,
              {staff_stop_token(site, person), write_token(site, person)}, page.values);
  put_problems(page.values, {});
  input.number.clear();  // the next question is about another person
  put_form(site, view, person, input, {}, page.values);
  return respond(view, page);
}

net::Response not_checked(const Site& site, const View& view, const net::Request& request,
                          const StaffPerson& person, const CheckInput& input, const Error& error) {
  if (names(error, "number"))
    return check_form(site, view, person, input,
                      {{wrong_number(view, "staff.check.bad_number", input.region)}, {}, 400});
  if (error.code == Code::NotReady && !request.wants_json())
    return check_form(site, view, person, input, {{}, view.phrase("staff.check.starting"), 503});
  return error_answer(view, request, error, true);
}

}  // namespace

void put_verdict(const View& view, const desk::Check& check, const desk::CheckRow& row,
                 const CheckInput& input, const CheckTokens& tokens, Values& values) {
  const VerdictWords words = verdict_words(view, check, row);
  Values verdict;
  verdict.text("tone", words.tone)
      .text("sign", words.sign)
      .text("headline", words.headline)
      .html("read_back_html", view.phrase("staff.check.read_back",
                                          {{"number", check.international},
                                           {"country", i18n::country_name(view.language, check.region)}}))
      .text("asked_words", view.tr("staff.check.for", {{"topic", topic_words(view, row.topic)},
                                                       {"channel", channel_words(view, row.channel)}}))
      .html("why_html", words.why)
      .html("act_html", words.act)
      .html("say_html", words.say)
      .list("obligations", obligations_of(view, row.decision))
      .flag("has_obligations", !row.decision.obligations.empty())
      .list("grid", grid_of(view, check))
      .flag("may_write", row.decision.verdict == decide::Verdict::Allow && !tokens.write.empty())
      .text("write_token", tokens.write)
      .text("write_topic", row.topic.text())
      .text("write_channel", consent::channel_name(row.channel))
      .text("stop_token", tokens.stop)
      .text("number_typed", input.number)
      .text("region_typed", input.region);
  values.group("verdict", std::move(verdict));
}

net::Response get_check(Site& site, const net::Request& request, const StaffPerson& person) {
  return check_form(site, staff_view(site.look, request), person, {}, {});
}

net::Response check_now(Site& site, const View& view, const net::Request& request, const StaffPerson& person,
                        const CheckInput& input) {
  const auto check = site.desk.check(input.number, input.region, person.user);
  if (!check) return not_checked(site, view, request, person, input, check.error());
  if (check->rows.empty()) return error_page(view, 503, "not_set_up", true);
  return checked(site, view, person, input, *check);
}

net::Response post_check(Site& site, const net::Request& request, const StaffPerson& person) {
  const View view = staff_view(site.look, request);
  const auto posted = read_post(site, request, kCheckRoute, person.session.form_context);
  if (!posted) return unreadable(view, request, posted.error(), true);
  const net::Form& form = posted->form;
  CheckInput input{std::string(form.text("number")), region_or_own(view, form.text("region")),
                   std::string(form.text("topic")), std::string(form.text("channel"))};
  if (!posted->token_good)
    return check_form(site, view, person, posted->input_ours ? input : CheckInput(),
                      {{}, view.phrase("error.bad_token.body"), posted->status});
  return check_now(site, view, request, person, input);
}

}  // namespace counterfoil::pages
