// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "pages/opt_in_page.h"

#include "base/limits.h"
#include "pages/receipt_page.h"

#include <algorithm>

namespace counterfoil::pages {
namespace {

constexpr std::string_view kOptInRoute = "opt-in";
constexpr std::string_view kCorrectRoute = "correct";

bool among(const std::vector<std::string>& items, std::string_view item) {
  return std::find(items.begin(), items.end(), item) != items.end();
}

/// The id behind "topic:offers".
std::string_view role_id(std::string_view role) {
  const std::size_t colon = role.find(':');
  return colon == role.npos ? std::string_view() : role.substr(colon + 1);
}

/// Turns notice lines into blocks of the template, one after the other.
class OptInBlocks {
 public:
  OptInBlocks(const View& view, const desk::OptInForm& form, const OptInInput& input, const Remarks& remarks)
      : view_(view), form_(form), input_(input), remarks_(remarks) {}

  void fill(Values& values) {
    const auto& lines = form_.notice.lines;
    for (std::size_t i = 0; i < lines.size(); ++i) i += add(i);
    values.list("form_blocks", std::move(form_blocks_)).list("after_blocks", std::move(after_blocks_));
  }

 private:
  /// Adds the block that begins at this line; returns how many further lines it took.
  std::size_t add(std::size_t at) {
    const desk::NoticeLine& line = form_.notice.lines[at];
    const std::string& role = line.role;
    if (role == "title") return put(Values().text("title_words", line.text));
    if (role == "lead") return put(Values().text("lead_words", line.text));
    if (role == "where") return question(at, "channel");
    if (role == "about") return question(at, "topic");
    if (role == "number") return number(at);
    if (role == "age") return age(line);
    if (role == "agree" || role == "stop-ways" || role == "free")
      return put(Values().text("pledge_words", line.text));
    if (role == "yes") {
      put(Values().text("button_words", line.text));
      form_ended_ = true;
      return 0;
    }
    if (role == "short-title") return put(Values().text("short_title", line.text));
    if (role.starts_with("short-label:") && at + 1 < form_.notice.lines.size())
      return put(Values()
                     .text("short_label", line.text)
                     .text("short_words", form_.notice.lines[at + 1].text)) +
             1;
    if (role.starts_with("short:"))
      return put(Values().flag("short_label", false).text("short_words", line.text));
    return put(Values().text("plain_words", line.text));
  }

  std::size_t put(Values block) {
    (form_ended_ ? after_blocks_ : form_blocks_).push_back(std::move(block));
    return 0;
  }

  /// A question and the boxes that follow it, each with its own line if it has one.
  std::size_t question(std::size_t at, std::string_view name) {
    const auto& lines = form_.notice.lines;
    const std::string option_role = std::string(name) + ":";
    const std::string line_role = std::string(name) + "-line:";
    const std::vector<std::string>& chosen = name == "topic" ? input_.topics : input_.channels;
    std::vector<Values> options;
    std::size_t next = at + 1;
    while (next < lines.size() && lines[next].role.starts_with(option_role)) {
      const std::string value(role_id(lines[next].role));
      Values option;
      option.text("option_id", std::string(name) + "-" + value)
          .text("option_name", name)
          .text("option_value", value)
          .text("option_words", lines[next].text)
          .flag("option_ticked", among(chosen, value))
          .text("option_line", "");
      ++next;
      if (next < lines.size() && lines[next].role == line_role + value) {
        option.text("option_line", lines[next].text);
        ++next;
      }
      options.push_back(std::move(option));
    }
    Values block;
    block.text("question_words", lines[at].text)
        .text("question_id", std::string(name) + "s")
        .html("question_error_html", remarks_.about(std::string(name) + "s"))
        .list("options", std::move(options));
    put(Values().group("question", std::move(block)));
    return next - at - 1;
  }

  std::size_t number(std::size_t at) {
    const auto& lines = form_.notice.lines;
    const bool has_use = at + 1 < lines.size() && lines[at + 1].role == "number-use";
    Values block;
    block.text("number_question", lines[at].text).text("number_use", has_use ? lines[at + 1].text : "");
    put_number_field(view_, block,
                     {view_.tr("stop.number"), view_.tr("form.number_hint"), input_.number, input_.region,
                      remarks_.about("number"), !form_.link.kiosk});
    put(Values().group("number_block", std::move(block)));
    return has_use ? 1 : 0;
  }

  std::size_t age(const desk::NoticeLine& line) {
    Values block;
    block.text("age_words", line.text)
        .flag("age_ticked", input_.age)
        .html("age_error_html", remarks_.about("age"));
    return put(Values().group("age_block", std::move(block)));
  }

  const View& view_;
  const desk::OptInForm& form_;
  const OptInInput& input_;
  const Remarks& remarks_;
  std::vector<Values> form_blocks_;
  std::vector<Values> after_blocks_;
  bool form_ended_ = false;
};

OptInInput input_of(const View& view, const net::Form& form) {
  return {form.all("channel"),
          form.all("topic"),
          std::string(form.text("number")),
          region_or_own(view, form.text("region")),
          form.text("age") == "yes",
          std::nullopt};
}

/// Names of channels and topics as the domain has them; what it does not know is dropped, and the desk then
/// misses it.
desk::OptInRequest request_of(const View& view, const desk::OptInForm& form, const OptInInput& input,
                              const Hash& notice) {
  desk::OptInRequest out;
  out.link = form.link.id;
  out.language = std::string(view.language.code());
  out.notice = notice;
  for (const std::string& name : input.channels)
    if (const auto channel = consent::channel_from_name(name)) out.channels.push_back(*channel);
  for (const std::string& name : input.topics) out.topics.emplace_back(name);
  out.number = input.number;
  out.region = input.region;
  out.age_affirmed = input.age;
  if (input.corrected) out.corrects = input.corrected->token;
  return out;
}

net::Response closed_page(const View& view) {
  Page page;
  page.title = view.tr("closed.title");
  page.name = "closed";
  page.status = 503;
  return respond(view, page);
}

net::Response without_form(Site& site, const View& view, const net::Request& request, const Error& error) {
  if (error.code == Code::NotFound) return error_page(view, 404, "stale_link", false);
  if (error.code == Code::NotReady && !site.desk.closed_because().empty()) return closed_page(view);
  return error_answer(view, request, error, false);
}

std::string fresh_token(const Site& site, const desk::OptInForm& form, const OptInInput& input) {
  return input.corrected ? site.token(kCorrectRoute, input.corrected->token)
                         : site.token(kOptInRoute, form.link.id.text());
}

/// The form again, with the input kept, a fresh token and what went wrong.
net::Response again(const Site& site, const View& view, const desk::OptInForm& form, const OptInInput& input,
                    const Remarks& remarks) {
  Page page = opt_in_page(view, form, input, remarks, fresh_token(site, form, input));
  // A tablet on the counter must not keep a number for the next person.
  page.kiosk_refresh_s = limits::kKioskFormRefresh_s;
  return respond(view, page);
}

/// Everything the desk found wrong with the input, at once, so that nobody is sent back twice.
std::vector<Problem> problems_of(const View& view, const OptInInput& input, const Error& error) {
  std::vector<Problem> out;
  if (names(error, "no_channel")) out.push_back({"channels", view.phrase("form.no_channel")});
  if (names(error, "no_topic")) out.push_back({"topics", view.phrase("form.no_topic")});
  if (names(error, "number"))
    out.push_back(input.number.empty() ? Problem{"number", view.phrase("form.no_number")}
                                       : wrong_number(view, "form.bad_number", input.region));
  if (names(error, "age"))
    out.push_back(
        {"age", view.phrase("form.no_age", {{"age", std::to_string(view.business().minimum_age)}})});
  return out;
}

/// The desk said no: find the words, keep the input.
net::Response refused(const Site& site, const View& view, const desk::OptInForm& form,
                      const OptInInput& input, const Error& error) {
  if (error.code == Code::Conflict) {
    // Ticks were made under another text: the person has to choose again, only the number stays.
    OptInInput fresh;
    fresh.number = input.number;
    fresh.region = input.region;
    fresh.corrected = input.corrected;
    return again(site, view, form, fresh, {{}, view.phrase("form.stale_notice"), 409});
  }
  Remarks remarks{problems_of(view, input, error), {}, http_status(error.code)};
  if (error.code == Code::Limit)
    remarks.message = view.phrase("form.too_many", {{"n", seconds_of(error)}});
  else if (remarks.problems.empty())
    remarks.message = view.phrase("form.not_saved");
  return again(site, view, form, input, remarks);
}

net::Response receipt_answer(const View& view, const desk::OptInForm& form, const std::string& receipt) {
  if (form.link.kiosk) return kiosk_hand_over(view, receipt);
  return net::Response::redirect("/r/" + receipt);
}

/// A second tap on the button gets the answer of the first; on a tablet only for a moment, because the next
/// person may load the page again.
std::optional<net::Response> answer_of_first_tap(Site& site, const View& view, const desk::OptInForm& form,
                                                 std::string_view post) {
  const auto age_max_ms = form.link.kiosk ? limits::kKioskDoubleTap_ms : limits::kFormTokenLife_ms;
  const auto receipt = site.earlier_answer(post, age_max_ms);
  if (!receipt) return std::nullopt;
  return receipt_answer(view, form, *receipt);
}

Hash notice_of(const net::Form& form) {
  const auto bytes = from_hex(form.text("notice"));
  if (!bytes) return {};
  return exactly<32>(*bytes).value_or(Hash{});
}

consent::LinkId link_of(const net::Request& request) {
  return consent::LinkId{std::string(request.param("link"))};
}

View correct_view(const Site& site, const net::Request& request, const Result<desk::Submission>& submission,
                  std::string_view asked) {
  if (asked.empty() && submission) asked = submission->language;
  View view = customer_view(site, request, asked);
  view.path = "/m/" + std::string(request.param("token")) + "/correct";
  return view;
}

/// The form of the link by which the submission came. It is the person's own telephone now, whatever the link
/// is for.
Result<desk::OptInForm> correcting_form(const Site& site, const View& view,
                                        const desk::Submission& submission) {
  CF_TRY(desk::OptInForm form, site.desk.opt_in_form(submission.link, view.language.code()));
  form.link.kiosk = false;
  return form;
}

/// A form that was sent: recorded, or shown again.
net::Response take_yes(Site& site, const View& view, const desk::OptInForm& form, const Posted& posted,
                       std::optional<Corrected> corrected) {
  OptInInput input = input_of(view, posted.form);
  input.corrected = corrected;
  if (!posted.token_good) {
    const bool keep = posted.input_ours && !form.link.kiosk;
    if (const auto answer = answer_of_first_tap(site, view, form, posted.whole)) return *answer;
    OptInInput shown = keep ? input : OptInInput();
    shown.corrected = std::move(corrected);
    return again(site, view, form, shown,
                 {{}, view.phrase(keep ? "form.stale_page" : "error.bad_token.body"), posted.status});
  }
  const auto made = site.desk.opt_in(request_of(view, form, input, notice_of(posted.form)));
  if (!made) return refused(site, view, form, input, made.error());
  site.remember_answer(posted.whole, made->token);
  return receipt_answer(view, form, made->token);
}

}  // namespace

Page opt_in_page(const View& view, const desk::OptInForm& form, const OptInInput& input,
                 const Remarks& remarks, std::string_view token) {
  Page page;
  page.title = view.tr("notice.title", {{"business", view.business().name}});
  page.name = "opt_in";
  page.status = remarks.status;
  page.kiosk_refresh_s = 0;  // nobody's input is on it yet
  page.values
      .text("action",
            input.corrected ? "/m/" + input.corrected->token + "/correct" : "/o/" + form.link.id.text())
      .text("token", token)
      .html("corrects_html", input.corrected
                                 ? view.phrase("form.corrects", {{"number", input.corrected->masked_number}})
                                 : Html())
      .text("notice_hash", hex(form.notice.ref.sha256))
      .text("form_lang", view.language.code());
  put_problems(page.values, remarks.problems, remarks.message);
  OptInBlocks(view, form, input, remarks).fill(page.values);
  return page;
}

net::Response get_opt_in(Site& site, const net::Request& request) {
  const View view = customer_view(site, request);
  const auto form = site.desk.opt_in_form(link_of(request), view.language.code());
  if (!form) return without_form(site, view, request, form.error());
  return respond(view, opt_in_page(view, *form, {}, {}, fresh_token(site, *form, {})));
}

net::Response post_opt_in(Site& site, const net::Request& request) {
  const auto posted = read_post(site, request, kOptInRoute, request.param("link"));
  const View view = customer_view(site, request, posted ? posted->form.text("lang") : std::string_view());
  if (!posted) return unreadable(view, request, posted.error(), false);
  const auto form = site.desk.opt_in_form(link_of(request), view.language.code());
  if (!form) return without_form(site, view, request, form.error());
  return take_yes(site, view, *form, *posted, std::nullopt);
}

net::Response get_correct(Site& site, const net::Request& request) {
  const auto submission = site.desk.submission(request.param("token"));
  const View view = correct_view(site, request, submission, {});
  if (!submission) return unknown_receipt(view, request, submission.error());
  const auto form = correcting_form(site, view, *submission);
  if (!form) return without_form(site, view, request, form.error());
  OptInInput input;
  input.corrected = Corrected{submission->token, submission->masked_number};
  return respond(view, opt_in_page(view, *form, input, {}, fresh_token(site, *form, input)));
}

net::Response post_correct(Site& site, const net::Request& request) {
  const auto posted = read_post(site, request, kCorrectRoute, request.param("token"));
  const auto submission = site.desk.submission(request.param("token"));
  const View view =
      correct_view(site, request, submission, posted ? posted->form.text("lang") : std::string_view());
  if (!posted) return unreadable(view, request, posted.error(), false);
  if (!submission) return unknown_receipt(view, request, submission.error());
  const auto form = correcting_form(site, view, *submission);
  if (!form) return without_form(site, view, request, form.error());
  return take_yes(site, view, *form, *posted, Corrected{submission->token, submission->masked_number});
}

}  // namespace counterfoil::pages
