// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "api/lists.h"

#include "api/decisions.h"
#include "base/limits.h"

namespace counterfoil::api {
namespace {

constexpr std::string_view kIdParam = "id";

net::Response state_answer(const Result<desk::ScrubState>& state, int status = 200) {
  if (!state) return answer_of(refusal_of(state.error()));
  json::Object out{{"bytes", state->bytes},
                   {"done", state->done},
                   {"id", state->id},
                   {"lines", state->lines},
                   {"state", desk::stage_name(state->stage)}};
  out.emplace("as_of", state->as_of == 0 ? json::Value() : json::Value(rfc3339(state->as_of)));
  out.emplace("trouble", state->trouble.empty() ? json::Value() : json::Value(state->trouble));
  return net::Response::json_line(out, status);
}

void read_sample(const json::Value& value, desk::ScrubOrder& order, std::optional<Refusal>& wrong) {
  Members members(value, "/sample", wrong);
  const std::int64_t size = members.integer("size");
  order.seed = members.text("seed");
  members.end();
  if (!wrong && (size < 1 || size > std::int64_t{limits::kListSampleMax}))
    members.refuse("size", "sample",
                   "a sample has 1 to " + std::to_string(limits::kListSampleMax) + " people");
  if (!wrong && order.seed.size() > limits::kNameBytesMax)
    members.refuse("seed", "sample",
                   "a seed has at most " + std::to_string(limits::kNameBytesMax) + " bytes");
  if (!wrong) order.sample = static_cast<std::size_t>(size);
}

desk::ScrubOrder read_order(const json::Value& body, std::optional<Refusal>& wrong) {
  Members members(body, "", wrong);
  desk::ScrubOrder out;
  read_message(members, out.asked);
  const json::Value* sample = members.value_if_there("sample");
  members.end();
  if (sample != nullptr && !wrong) read_sample(*sample, out, wrong);
  return out;
}

// The one parameter of the query.
std::uint64_t query_number(const net::Request& request, std::string_view name,
                           std::optional<Refusal>& wrong) {
  const auto value = net::decimal(request.query_value(name).value_or(""));
  if (!value || request.query.size() != 1)
    wrong = Refusal{400, std::string(name), "the query is ?" + std::string(name) + "= and a whole number"};
  return value.value_or(0);
}

json::Object line_json(std::uint64_t number, const desk::ScrubLine& line) {
  json::Object out{{"line", number}};
  if (!line.verdict) {
    out.emplace("error", "number");
    return out;
  }
  json::Array reasons;
  for (const decide::ReasonCode code : line.reasons) reasons.emplace_back(decide::reason_name(code));
  out.emplace("next_allowed", line.next_allowed ? json::Value(rfc3339(*line.next_allowed)) : json::Value());
  out.emplace("reasons", std::move(reasons));
  out.emplace("verdict", decide::verdict_name(*line.verdict));
  if (line.sampled) out.emplace("sample", true);
  return out;
}

}  // namespace

net::Response post_scrub(Door& door, const desk::Client& client, const net::Request& request) {
  std::optional<Refusal> wrong;
  const auto body = json_body_of(request, wrong);
  if (wrong) return answer_of(*wrong);
  const auto order = read_order(body, wrong);
  if (wrong) return answer_of(*wrong);
  const auto opened = door.desk.scrubs().open(order, client.id());
  if (!opened && opened.error().code == Code::BadInput) return answer_of(wrong_message(opened.error(), ""));
  return state_answer(opened, 201);
}

net::Response post_numbers(Door& door, const desk::Client& client, const net::Request& request) {
  std::optional<Refusal> wrong;
  const std::string_view piece = body_of(request, "text/plain", wrong);
  const std::uint64_t at = wrong ? 0 : query_number(request, "at", wrong);
  if (wrong) return answer_of(*wrong);
  return state_answer(door.desk.scrubs().add(request.param(kIdParam), client.id(), at, piece));
}

net::Response post_run(Door& door, const desk::Client& client, const net::Request& request) {
  return state_answer(door.desk.scrubs().run(request.param(kIdParam), client.id()), 202);
}

net::Response get_scrub(Door& door, const desk::Client& client, const net::Request& request) {
  return state_answer(door.desk.scrubs().state(request.param(kIdParam), client.id()));
}

net::Response get_result(Door& door, const desk::Client& client, const net::Request& request) {
  std::optional<Refusal> wrong;
  const std::uint64_t start = query_number(request, "start", wrong);
  if (wrong) return answer_of(*wrong);
  const auto state = door.desk.scrubs().state(request.param(kIdParam), client.id());
  if (!state) return answer_of(refusal_of(state.error()));
  const auto lines = door.desk.scrubs().lines(request.param(kIdParam), client.id(), start);
  if (!lines && lines.error().code == Code::BadInput)
    return answer_of(Refusal{400, "start", "the list has " + std::to_string(state->lines) + " lines"});
  if (!lines) return answer_of(refusal_of(lines.error()));
  std::string text;
  for (std::size_t i = 0; i < lines->size(); ++i)
    text += json::write(line_json(start + i, (*lines)[i])).value_or("{}") + "\n";
  const std::uint64_t next = start + lines->size();
  const json::Object last = next == state->lines ? json::Object{{"count", state->lines}, {"done", true}}
                                                 : json::Object{{"done", false}, {"next", next}};
  return net::Response::of("application/x-ndjson", text + json::write(last).value_or("{}") + "\n");
}

net::Response post_end(Door& door, const desk::Client& client, const net::Request& request) {
  const auto ended = door.desk.scrubs().end(request.param(kIdParam), client.id());
  return ended ? net::Response::json_line({}) : answer_of(refusal_of(ended.error()));
}

}  // namespace counterfoil::api
