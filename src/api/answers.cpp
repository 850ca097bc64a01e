// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "api/answers.h"

#include "api/json_reader.h"
#include "base/limits.h"

#include <algorithm>
#include <array>

namespace counterfoil::api {
namespace {

struct Sentence {
  int status;
  std::string_view reason;  // empty: any of this status
  std::string_view words;
};
constexpr std::array<Sentence, 12> kSentences = {
    {{401, "",
      "show the token that 'counterfoil client add' printed, as Authorization: Bearer and the token"},
     {403, "scope",
      "this client may do other things, but not this; 'counterfoil client list' names its scopes"},
     {404, "", "there is nothing at this address; the paths stand in openapi.json"},
     {405, "", "this address does not know this method"},
     {411, "", "a request with a body says how long it is (Content-Length)"},
     {413, "", "this is too long for one request"},
     {415, "", "a request is sent as plain JSON, in no other coding"},
     {421, "", "the box does not go by this name"},
     {429, "", "too many requests; wait a little"},
     {431, "", "the head of the request is too long"},
     {503, "not_set_up", "the box is not set up: it has no manager yet"},
     {503, "", "the box is busy; try again in a moment"}}};

}  // namespace

net::Response answer_of(const Refusal& refusal) {
  auto out = net::Response::json_error(refusal.status, refusal.code, refusal.message, refusal.at);
  if (refusal.status == 401) out.with("WWW-Authenticate", "Bearer");
  return out;
}

Refusal refusal_of(const Error& error) {
  return {http_status(error.code), std::string(code_name(error.code)), error.message()};
}

net::Response error_page(const net::Request&, int status, std::string_view reason) {
  const auto at = std::find_if(kSentences.begin(), kSentences.end(), [&](const Sentence& known) {
    return known.status == status && (known.reason.empty() || known.reason == reason);
  });
  const std::string_view other =
      status >= 500 ? "the box could not answer" : "this is no request as it should be";
  return answer_of(
      Refusal{status, std::string(reason), std::string(at != kSentences.end() ? at->words : other)});
}

std::string_view body_of(const net::Request& request, std::string_view type, std::optional<Refusal>& wrong) {
  const std::string_view sent = request.field("Content-Type").value_or("");
  if (net::equals_ignoring_case(sent.substr(0, sent.find(';')), type)) return request.body;
  wrong = Refusal{415, "content_type", "this is sent as Content-Type: " + std::string(type)};
  return {};
}

json::Value json_body_of(const net::Request& request, std::optional<Refusal>& wrong) {
  const std::string_view body = body_of(request, "application/json", wrong);
  if (wrong) return {};
  auto value = read_json(body, {limits::kApiBodyBytesMax, limits::kApiDepthMax, limits::kApiValuesMax});
  if (!value) wrong = Refusal{400, "json", value.error().message()};
  return value ? *std::move(value) : json::Value();
}

}  // namespace counterfoil::api
