// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "api/decisions.h"

#include "base/limits.h"
#include "counterfoil/decide/decision_json.h"

#include <array>

namespace counterfoil::api {
namespace {

desk::Asked read_asked(Members& members) {
  desk::Asked out;
  out.number = members.text("number");
  read_message(members, out);
  members.end();
  return out;
}

struct Posed {
  std::vector<decide::Question> questions;
  desk::Moment moment;
};

// Nothing is looked up before all of it is understood.
Posed read_questions(const desk::Desk& desk, const json::Value& body, std::optional<Refusal>& wrong) {
  Members members(body, "", wrong);
  Posed out;
  const json::Array& list = members.list("questions");
  if (const auto as_of = members.text_if_there("as_of")) {
    out.moment.as_of = instant_from_rfc3339(*as_of);
    if (!out.moment.as_of) members.refuse("as_of", "as_of", kTimes);
  }
  members.end();
  if (!wrong && list.empty()) members.refuse("questions", "questions", "ask at least one question");
  if (!wrong && list.size() > limits::kQuestionsMax)
    members.refuse("questions", "questions",
                   "ask at most " + std::to_string(limits::kQuestionsMax) + " questions at once");
  for (std::size_t i = 0; i < list.size() && !wrong; ++i) {
    const std::string at = "/questions/" + std::to_string(i);
    Members question(list[i], at, wrong);
    const desk::Asked asked = read_asked(question);
    if (wrong) break;
    auto understood = desk.question(asked);
    if (understood)
      out.questions.push_back(*std::move(understood));
    else
      wrong = wrong_message(understood.error(), at);
  }
  return out;
}

}  // namespace

void read_message(Members& members, desk::Asked& asked) {
  asked.region = members.text_if_there("region").value_or("");
  asked.topic = consent::TopicId(members.text("topic"));
  const auto channel = consent::channel_from_name(members.text("channel"));
  if (!channel) members.refuse("channel", "channel", kChannels);
  asked.channel = channel.value_or(asked.channel);
  asked.sender = consent::SenderId(members.text_if_there("sender").value_or(""));
  const std::string form = members.text_if_there("form").value_or("template");
  if (form != "template" && form != "free_text")
    members.refuse("form", "form", "a message is a template that the platform approved, or free_text");
  asked.free_text = form == "free_text";
  if (const auto until = members.text_if_there("useful_until")) {
    asked.useful_until = instant_from_rfc3339(*until);
    if (!asked.useful_until) members.refuse("useful_until", "useful_until", kTimes);
  }
}

Refusal wrong_message(const Error& error, const std::string& at) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kMistakes = {
      {{"as_of", "ask about a moment between 1970 and a year from now"},
       {"at", "this time is still to come, or something later is known"},
       {"number", "this is no phone number; write it with its country, +46701234567, or name the region"},
       {"topic", "no topic of that name is configured"},
       {"channel", "the shop does not write on this channel"},
       {"sender", "no sender of that name is configured for this channel"}}};
  for (const auto& [word, sentence] : kMistakes)
    if (error == fail(Code::BadInput, std::string(word)))
      return {400, std::string(word), std::string(sentence), at + "/" + std::string(word)};
  return refusal_of(error);
}

net::Response post_decide(Door& door, const desk::Client& client, const net::Request& request) {
  std::optional<Refusal> wrong;
  const auto body = json_body_of(request, wrong);
  if (wrong) return answer_of(*wrong);
  const Posed posed = read_questions(door.desk, body, wrong);
  if (wrong) return answer_of(*wrong);
  const auto decisions = door.desk.decide(posed.questions, posed.moment, client.id());
  if (!decisions) return answer_of(wrong_message(decisions.error(), ""));
  json::Array out;
  for (const auto& decision : *decisions) out.emplace_back(decide::to_json(decision));
  return net::Response::json_line({{"decisions", std::move(out)}});
}

net::Response post_message(Door& door, const desk::Client& client, const net::Request& request) {
  std::optional<Refusal> wrong;
  const auto body = json_body_of(request, wrong);
  if (wrong) return answer_of(*wrong);
  Members members(body, "", wrong);
  const desk::Asked asked = read_asked(members);
  if (wrong) return answer_of(*wrong);
  const auto written = door.desk.write(asked, {client.id(), desk::Role::Staff});
  if (!written) return answer_of(wrong_message(written.error(), ""));
  const bool is_noted = written->decision.verdict == decide::Verdict::Allow;
  return net::Response::json_line({{"decision", decide::to_json(written->decision)}, {"noted", is_noted}});
}

}  // namespace counterfoil::api
