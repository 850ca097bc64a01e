// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "api/facts.h"

#include "api/decisions.h"

namespace counterfoil::api {
namespace {

struct Fact {
  std::string number;
  std::string region;
  consent::NativeBody body;
};

/// The channel, sender and time of what is reported.
template <class What>
void read_what(Members& members, Instant now, What& what) {
  const auto channel = consent::channel_from_name(members.text("channel"));
  if (!channel) members.refuse("channel", "channel", kChannels);
  what.channel = channel.value_or(what.channel);
  what.sender = consent::SenderId(members.text_if_there("sender").value_or(""));
  const auto at = members.text_if_there("at");
  const auto instant = at ? instant_from_rfc3339(*at) : now;
  if (!instant) members.refuse("at", "at", kTimes);
  what.at = instant.value_or(now);
}

/// And whose it is.
template <class Whose, class What>
void read_report(Members& members, Instant now, Whose& whose, What& what) {
  whose.number = members.text("number");
  whose.region = members.text_if_there("region").value_or("");
  read_what(members, now, what);
}

desk::QualityReport read_quality(const json::Value& value, Instant now, std::optional<Refusal>& wrong) {
  Members members(value, "", wrong);
  desk::QualityReport out;
  read_what(members, now, out);
  const auto rating = consent::quality_from_name(members.text("rating"));
  if (!rating) members.refuse("rating", "rating", "ratings are high, medium and low");
  out.rating = rating.value_or(out.rating);
  members.end();
  return out;
}

Fact read_fact(const json::Value& value, Instant now, std::optional<Refusal>& wrong) {
  Members members(value, "", wrong);
  Fact out;
  const std::string fact = members.text("fact");
  if (fact != "native_stop" && fact != "native_resume")
    members.refuse("fact", "fact", "facts are native_stop and native_resume");
  out.body.stop = fact == "native_stop";
  read_report(members, now, out, out.body);
  members.end();
  return out;
}

desk::InboundMessage read_inbound(const json::Value& value, Instant now, std::optional<Refusal>& wrong) {
  Members members(value, "", wrong);
  desk::InboundMessage out;
  read_report(members, now, out, out);
  out.text = members.text_if_there("text").value_or("");
  members.end();
  return out;
}

}  // namespace

net::Response post_fact(Door& door, const desk::Client& client, const net::Request& request) {
  std::optional<Refusal> wrong;
  const auto body = json_body_of(request, wrong);
  if (wrong) return answer_of(*wrong);
  Fact fact = read_fact(body, door.clock.now(), wrong);
  if (wrong) return answer_of(*wrong);
  fact.body.source = client.id().text();
  const auto changed = door.desk.native(fact.number, fact.region, fact.body);
  if (!changed) return answer_of(wrong_message(changed.error(), ""));
  return net::Response::json_line({{"changed", *changed}});
}

net::Response post_quality(Door& door, const desk::Client& client, const net::Request& request) {
  std::optional<Refusal> wrong;
  const auto body = json_body_of(request, wrong);
  if (wrong) return answer_of(*wrong);
  desk::QualityReport report = read_quality(body, door.clock.now(), wrong);
  if (wrong) return answer_of(*wrong);
  report.source = client.id().text();
  const auto is_news = door.desk.rate(report);
  if (!is_news) return answer_of(wrong_message(is_news.error(), ""));
  return net::Response::json_line({{"changed", *is_news ? 1 : 0}});
}

net::Response post_inbound(Door& door, const desk::Client& client, const net::Request& request) {
  std::optional<Refusal> wrong;
  const auto body = json_body_of(request, wrong);
  if (wrong) return answer_of(*wrong);
  desk::InboundMessage message = read_inbound(body, door.clock.now(), wrong);
  if (wrong) return answer_of(*wrong);
  message.source = client.id().text();
  const auto heard = door.desk.hear(message);
  if (!heard) return answer_of(wrong_message(heard.error(), ""));
  return net::Response::json_line(
      {{"topic", heard->topic.empty() ? json::Value() : json::Value(heard->topic.text())},
       {"wish", i18n::wish_name(heard->wish)}});
}

}  // namespace counterfoil::api
