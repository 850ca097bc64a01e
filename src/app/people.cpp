// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "app/people.h"

#include "counterfoil/decide/decision_json.h"

#include <charconv>
#include <chrono>

namespace counterfoil::app {
namespace {

std::string text_or_none(const json::Value& request, std::string_view key) {
  return request.string_at(key).value_or("");
}

// The end of that day.
Result<Instant> end_of_day(std::string_view text) {
  using namespace std::chrono;
  int y = 0;
  unsigned m = 0;
  unsigned d = 0;
  const auto number = [&](std::size_t at, std::size_t length, auto& to) {
    const char* end = text.data() + at + length;
    const auto read = std::from_chars(text.data() + at, end, to);
    return read.ec == std::errc() && read.ptr == end;
  };
  const bool is_date = text.size() == 10 && text[4] == '-' && text[7] == '-' && number(0, 4, y) &&
                       number(5, 2, m) && number(8, 2, d);
  const year_month_day date{year{y}, month{m}, day{d}};
  if (!is_date || !date.ok()) return fail(Code::BadInput, "a day is written 2027-06-30");
  return duration_cast<seconds>((sys_days{date} + days{1}).time_since_epoch()).count();
}

Error person_words(const Error& error) {
  if (error == fail(Code::BadInput, "number"))
    return fail(Code::BadInput, "that is no phone number; write it with its country, +46 70 123 45 67");
  if (error == fail(Code::BadInput, "case"))
    return fail(Code::BadInput, "a case has 1 to 40 of A-Z a-z 0-9 - _ / .");
  if (error == fail(Code::BadInput, "reason"))
    return fail(Code::BadInput, "a reason is one word of A-Z a-z 0-9 - _ / .");
  if (error == fail(Code::BadInput, "until")) return fail(Code::BadInput, "that day is over");
  return error;
}

Result<json::Value> answer_count(const Result<std::size_t>& count) {
  if (!count) return person_words(count.error());
  return json::Value(json::Object{{"submissions", *count}});
}

Result<json::Value> set_hold(desk::Desk& desk, const json::Value& request) {
  CF_TRY(const auto number, request.string_at("number"));
  CF_TRY(auto case_id, request.string_at("case"));
  consent::HoldBody body;
  body.case_id = consent::CaseId(std::move(case_id));
  if (const auto until = text_or_none(request, "until"); !until.empty()) {
    CF_TRY(body.until, end_of_day(until));
  }
  return answer_count(desk.hold(number, text_or_none(request, "region"), body));
}

Result<json::Value> clear_hold(desk::Desk& desk, const json::Value& request) {
  CF_TRY(const auto number, request.string_at("number"));
  CF_TRY(auto case_id, request.string_at("case"));
  consent::HoldClearBody body;
  body.case_id = consent::CaseId(std::move(case_id));
  return answer_count(desk.clear_hold(number, text_or_none(request, "region"), body));
}

// The operator acts as a manager; why restrictions are made is a list of the law's.
Result<json::Value> restrict_use(desk::Desk& desk, const json::Value& request) {
  CF_TRY(const auto number, request.string_at("number"));
  consent::RestrictBody body;
  body.by = consent::Actor::Manager;
  const auto* on = request.find("on");
  body.on = on == nullptr || on->boolean() == nullptr || *on->boolean();
  CF_TRY(body.reason, request.string_at("reason"));
  const auto count = desk.restrict_number(number, text_or_none(request, "region"), body);
  if (!count && count.error() == fail(Code::BadInput, "reason"))
    return fail(Code::BadInput, "reasons are accuracy, claim, objection, unlawful and wish");
  return answer_count(count);
}

Result<json::Value> erase_person(desk::Desk& desk, const json::Value& request) {
  CF_TRY(const auto number, request.string_at("number"));
  CF_TRY(const auto reason, request.string_at("reason"));
  const desk::User by{consent::UserId(), desk::Role::Manager};
  const auto erasure = desk.erase_number(number, text_or_none(request, "region"), reason, by);
  if (!erasure) return person_words(erasure.error());
  return json::Value(json::Object{{"certificate", "/e/" + erasure->token}, {"held", erasure->report.held}});
}

Error question_words(const desk::Desk& desk, const Error& error) {
  const auto names = [](const auto& all, const auto& name_of) {
    std::string out;
    for (const auto& one : all) out += (out.empty() ? "" : ", ") + std::string(name_of(one));
    return out;
  };
  const auto& business = desk.business();
  if (error == fail(Code::BadInput, "topic"))
    return fail(Code::BadInput, "the topics of this shop are " +
                                    names(business.topics, [](const auto& t) { return t.id.text(); }));
  if (error == fail(Code::BadInput, "channel"))
    return fail(Code::BadInput, "the channels of this shop are " + names(business.channels(), [](auto c) {
                                  return consent::channel_name(c);
                                }));
  if (error == fail(Code::BadInput, "sender"))
    return fail(Code::BadInput, "the shop has no sender of that name on this channel");
  if (error == fail(Code::BadInput, "as_of"))
    return fail(Code::BadInput, "ask about a moment between 1970 and a year from now");
  return person_words(error);
}

Result<std::optional<Instant>> time_or_none(const json::Value& request, std::string_view name) {
  const auto text = text_or_none(request, name);
  const auto out = instant_from_rfc3339(text);
  if (!text.empty() && !out) return fail(Code::BadInput, "a time is written 2026-11-22T09:30:00Z");
  return out;
}

}  // namespace

Result<json::Value> decide(desk::Desk& desk, const json::Value& request) {
  desk::Asked asked;
  CF_TRY(asked.number, request.string_at("number"));
  CF_TRY(auto topic, request.string_at("topic"));
  CF_TRY(const auto channel_text, request.string_at("channel"));
  asked.region = text_or_none(request, "region");
  asked.topic = consent::TopicId(std::move(topic));
  asked.sender = consent::SenderId(text_or_none(request, "sender"));
  const auto channel = consent::channel_from_name(channel_text);
  if (!channel) return question_words(desk, fail(Code::BadInput, "channel"));
  asked.channel = *channel;
  asked.free_text = text_or_none(request, "form") == "free_text";
  CF_TRY(asked.useful_until, time_or_none(request, "useful_until"));
  desk::Moment moment;
  moment.before_stops = true;  // whoever runs the box may have to prove why somebody was written to
  CF_TRY(moment.as_of, time_or_none(request, "as_of"));
  const auto question = desk.question(asked);
  if (!question) return question_words(desk, question.error());
  const auto decisions = desk.decide({*question}, moment, consent::UserId(std::string(desk::kOperator)));
  if (!decisions) return question_words(desk, decisions.error());
  return json::Value(decide::to_json(decisions->front()));
}

std::optional<Result<json::Value>> change_person(desk::Desk& desk, std::string_view command,
                                                 const json::Value& request) {
  if (command == "hold.set") return set_hold(desk, request);
  if (command == "hold.clear") return clear_hold(desk, request);
  if (command == "restrict") return restrict_use(desk, request);
  if (command == "erase") return erase_person(desk, request);
  return std::nullopt;
}

Result<json::Value> list_kept(const desk::Desk& desk) {
  CF_TRY(const auto all, desk.kept());
  json::Array out;
  for (const auto& kept : all) {
    json::Array holds;
    for (const auto& [case_id, until] : kept.holds) {
      json::Object hold{{"case", case_id.text()}};
      if (until) hold.emplace("until", rfc3339(*until - 1).substr(0, 10));
      holds.emplace_back(std::move(hold));
    }
    json::Object entry{{"holds", std::move(holds)}, {"number", kept.masked_number}};
    if (kept.restricted) entry.emplace("restricted", kept.restricted->reason);
    if (kept.erase_asked) entry.emplace("erase_asked", rfc3339(*kept.erase_asked));
    out.emplace_back(std::move(entry));
  }
  return json::Value(json::Object{{"kept", std::move(out)}});
}

}  // namespace counterfoil::app
