// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Disclosure 1. Every list is written in the order of its bytes, a member without a value is left out, and a
// reader demands both, so that one body has one text.
#include "base/limits.h"
#include "consent/body_rules.h"
#include "consent/members.h"
#include "counterfoil/consent/event.h"

#include <algorithm>

namespace counterfoil::consent {
namespace {

// ---- writing ----

json::Array channel_list(const std::vector<Channel>& channels) {
  std::vector<std::string> names;
  names.reserve(channels.size());
  for (const Channel c : channels) names.emplace_back(channel_name(c));
  std::sort(names.begin(), names.end());
  return {names.begin(), names.end()};
}

json::Array topic_list(std::vector<TopicId> topics) {
  std::sort(topics.begin(), topics.end());
  json::Array out;
  out.reserve(topics.size());
  for (const TopicId& id : topics) out.emplace_back(id.text());
  return out;
}

template <class Tag>
void put_name(json::Object& object, const char* key, const Name<Tag>& name) {
  if (!name.empty()) object.emplace(key, name.text());
}

json::Object promise_object(const Promise& p) {
  return {{"days_per_week", p.days_per_week},
          {"exceptions", topic_list(p.exceptions)},
          {"from_minute", p.from_minute},
          {"holidays", p.holidays},
          {"per_day", p.per_day},
          {"to_minute", p.to_minute},
          {"weekdays", static_cast<std::int64_t>(p.weekdays)}};
}

json::Object body_object(const GrantBody& body) {
  json::Object notice = {{"id", body.notice.id.text()},
                         {"language", body.notice.language},
                         {"sha256", base64url(body.notice.sha256)}};
  json::Object out = {{"age_affirmed", body.age_affirmed},
                      {"channels", channel_list(body.channels)},
                      {"ends", body.ends},
                      {"evidence", evidence_name(body.evidence)},
                      {"method", body.method},
                      {"minimum_age", body.minimum_age},
                      {"notice", std::move(notice)},
                      {"promise", promise_object(body.promise)},
                      {"topics", topic_list(body.topics)}};
  put_name(out, "link", body.link);
  put_name(out, "place", body.place);
  return out;
}

json::Object body_object(const ConfirmBody& body) {
  json::Object out = {{"by", actor_name(body.by)}, {"evidence", evidence_name(body.evidence)}};
  put_name(out, "user", body.user);
  return out;
}

json::Object body_object(const WithdrawBody& body) {
  json::Object out = {{"by", actor_name(body.by)}, {"topics", topic_list(body.topics)}, {"via", body.via}};
  if (!body.channels.empty()) out.emplace("channels", channel_list(body.channels));
  return out;
}

json::Object body_object(const StopBody& body) {
  json::Object out = {{"by", actor_name(body.by)}, {"via", body.via}};
  if (body.told_at) out.emplace("told_at", *body.told_at);
  put_name(out, "user", body.user);
  return out;
}

json::Object body_object(const EraseBody& body) {
  return {{"by", actor_name(body.by)}, {"scope", body.scope}, {"via", body.via}};
}

json::Object body_object(const HoldBody& body) {
  json::Object out = {{"case", body.case_id.text()}};
  if (body.until) out.emplace("until", *body.until);
  put_name(out, "user", body.user);
  return out;
}

json::Object body_object(const HoldClearBody& body) {
  json::Object out = {{"case", body.case_id.text()}};
  put_name(out, "user", body.user);
  return out;
}

json::Object body_object(const RestrictBody& body) {
  json::Object out = {{"by", actor_name(body.by)}, {"on", body.on}, {"reason", body.reason}};
  put_name(out, "user", body.user);
  return out;
}

json::Object cohort_object(const Cohort& cohort) {
  return {{"class", cohort.retention_class}, {"cohort", cohort.until}};
}

json::Object body_object(const RetentionChangeBody& body) {
  json::Array lines;
  for (const Seq seq : body.lines) lines.emplace_back(seq.value);
  return {{"from", cohort_object(body.from)},
          {"lines", std::move(lines)},
          {"reason", body.reason},
          {"to", cohort_object(body.to)}};
}

json::Object body_object(const LookupBody& body) {
  return {{"answer", body.answer},
          {"reasons", json::Array(body.reasons.begin(), body.reasons.end())},
          {"user", body.user.text()}};
}

constexpr std::string_view kAllowed = "allow";
constexpr std::string_view kDenied = "deny";

json::Object body_object(const SentBody& body) {
  return {{"at", body.at},
          {"category", category_name(body.category)},
          {"channel", channel_name(body.channel)},
          {"decision", body.allowed ? kAllowed : kDenied},
          {"sender", body.sender.text()},
          {"topic", body.topic.text()}};
}

json::Object body_object(const NativeBody& body) {
  return {{"at", body.at},
          {"channel", channel_name(body.channel)},
          {"sender", body.sender.text()},
          {"source", body.source}};
}

json::Object body_object(const InboundBody& body) {
  json::Object out{{"at", body.at},
                   {"channel", channel_name(body.channel)},
                   {"sender", body.sender.text()},
                   {"source", body.source}};
  if (!body.text.empty()) out.emplace("text", body.text);
  return out;
}

json::Object was_object(const Was& was) {
  return {{"ck", clock_state_name(was.clock)}, {"log", was.log}, {"seq", was.seq.value}, {"t", was.t}};
}

// ---- reading ----

Result<std::vector<Channel>> read_channels(Members& members, std::string_view key) {
  CF_TRY(const std::vector<std::string> names, members.texts(key));
  if (names.empty()) return members.bad(key, "must name at least one");
  std::vector<Channel> out;
  for (const std::string& name : names) {
    const auto channel = channel_from_name(name);
    if (!channel) return members.bad(key, "has an unknown channel");
    out.push_back(*channel);
  }
  std::sort(out.begin(), out.end());
  return out;
}

Result<std::vector<TopicId>> read_topics(Members& members, std::string_view key) {
  CF_TRY(const std::vector<std::string> names, members.texts(key));
  std::vector<TopicId> out;
  out.reserve(names.size());
  for (const std::string& name : names) out.emplace_back(name);
  return out;
}

Result<Evidence> read_evidence(Members& members) {
  CF_TRY(const std::string name, members.text("evidence"));
  const auto evidence = evidence_from_name(name);
  if (!evidence) return members.bad("evidence", "is unknown");
  return *evidence;
}

Result<Actor> read_actor(Members& members) {
  CF_TRY(const std::string name, members.text("by"));
  const auto actor = actor_from_name(name);
  if (!actor) return members.bad("by", "is unknown");
  return *actor;
}

Result<NoticeRef> read_notice(const json::Object& object) {
  Members members(object, "consent.grant notice");
  NoticeRef out;
  CF_TRY(std::string id, members.text("id"));
  out.id = NoticeId(std::move(id));
  CF_TRY(out.language, members.text("language"));
  CF_TRY(const std::string digest, members.text("sha256"));
  CF_TRY(const Bytes bytes, from_base64url(digest));
  CF_TRY(out.sha256, exactly<32>(bytes));
  CF_CHECK(members.done());
  return out;
}

Result<int> read_int(Members& members, std::string_view key) {
  CF_TRY(const std::int64_t number, members.integer(key, 0, 1'000'000));
  return static_cast<int>(number);
}

Result<Promise> read_promise(const json::Object& object) {
  Members members(object, "consent.grant promise");
  Promise out;
  CF_TRY(out.days_per_week, read_int(members, "days_per_week"));
  CF_TRY(out.exceptions, read_topics(members, "exceptions"));
  CF_TRY(out.from_minute, read_int(members, "from_minute"));
  CF_TRY(out.holidays, members.boolean("holidays"));
  CF_TRY(out.per_day, read_int(members, "per_day"));
  CF_TRY(out.to_minute, read_int(members, "to_minute"));
  CF_TRY(const int weekdays, read_int(members, "weekdays"));
  out.weekdays = static_cast<unsigned>(weekdays);
  CF_CHECK(members.done());
  return out;
}

Result<EventBody> read_grant(Members& members) {
  GrantBody out;
  CF_TRY(out.age_affirmed, members.boolean("age_affirmed"));
  CF_TRY(out.channels, read_channels(members, "channels"));
  CF_TRY(out.ends, members.integer("ends", 1, kIntegerMax));
  CF_TRY(out.evidence, read_evidence(members));
  CF_TRY(std::string link, members.text_or_none("link"));
  out.link = LinkId(std::move(link));
  CF_TRY(out.method, members.text("method"));
  CF_TRY(out.minimum_age, read_int(members, "minimum_age"));
  CF_TRY(const json::Object* notice, members.object("notice"));
  CF_TRY(out.notice, read_notice(*notice));
  CF_TRY(std::string place, members.text_or_none("place"));
  out.place = ShopId(std::move(place));
  CF_TRY(const json::Object* promise, members.object("promise"));
  CF_TRY(out.promise, read_promise(*promise));
  CF_TRY(out.topics, read_topics(members, "topics"));
  CF_CHECK(check_body(out));
  return EventBody(std::move(out));
}

Result<UserId> read_user(Members& members) {
  CF_TRY(std::string user, members.text_or_none("user"));
  return UserId(std::move(user));
}

Result<CaseId> read_case(Members& members) {
  CF_TRY(std::string case_id, members.text("case"));
  return CaseId(std::move(case_id));
}

Result<EventBody> read_confirm(Members& members) {
  ConfirmBody out;
  CF_TRY(out.by, read_actor(members));
  CF_TRY(out.evidence, read_evidence(members));
  CF_TRY(out.user, read_user(members));
  CF_CHECK(check_body(out));
  return EventBody(std::move(out));
}

Result<EventBody> read_withdraw(Members& members, bool all_channels) {
  WithdrawBody out;
  CF_TRY(out.by, read_actor(members));
  if (!all_channels) {
    CF_TRY(out.channels, read_channels(members, "channels"));
  }
  CF_TRY(out.topics, read_topics(members, "topics"));
  CF_TRY(out.via, members.text("via"));
  CF_CHECK(check_body(out));
  return EventBody(std::move(out));
}

Result<EventBody> read_stop(Members& members) {
  StopBody out;
  CF_TRY(out.by, read_actor(members));
  CF_TRY(out.told_at, members.instant_or_none("told_at"));
  CF_TRY(out.user, read_user(members));
  CF_TRY(out.via, members.text("via"));
  CF_CHECK(check_body(out));
  return EventBody(std::move(out));
}

Result<EventBody> read_erase(Members& members) {
  EraseBody out;
  CF_TRY(out.by, read_actor(members));
  CF_TRY(out.scope, members.text("scope"));
  CF_TRY(out.via, members.text("via"));
  CF_CHECK(check_body(out));
  return EventBody(std::move(out));
}

Result<EventBody> read_hold(Members& members) {
  HoldBody out;
  CF_TRY(out.case_id, read_case(members));
  CF_TRY(out.until, members.instant_or_none("until"));
  CF_TRY(out.user, read_user(members));
  CF_CHECK(check_body(out));
  return EventBody(std::move(out));
}

Result<EventBody> read_hold_clear(Members& members) {
  HoldClearBody out;
  CF_TRY(out.case_id, read_case(members));
  CF_TRY(out.user, read_user(members));
  CF_CHECK(check_body(out));
  return EventBody(std::move(out));
}

Result<EventBody> read_restrict(Members& members) {
  RestrictBody out;
  CF_TRY(out.by, read_actor(members));
  CF_TRY(out.on, members.boolean("on"));
  CF_TRY(out.reason, members.text("reason"));
  CF_TRY(out.user, read_user(members));
  CF_CHECK(check_body(out));
  return EventBody(std::move(out));
}

Result<Cohort> read_cohort(const json::Object& object) {
  Members members(object, "retention.change cohort");
  Cohort out;
  CF_TRY(out.retention_class, members.text("class"));
  CF_TRY(out.until, members.text("cohort"));
  CF_CHECK(members.done());
  return out;
}

Result<EventBody> read_retention_change(Members& members) {
  RetentionChangeBody out;
  CF_TRY(const json::Object* from, members.object("from"));
  CF_TRY(out.from, read_cohort(*from));
  CF_TRY(const json::Array* lines, members.array("lines"));
  for (const json::Value& line : *lines) {
    if (line.integer() == nullptr || *line.integer() < 0) return members.bad("lines", "must be numbers");
    out.lines.push_back(Seq{static_cast<std::uint64_t>(*line.integer())});
  }
  CF_TRY(out.reason, members.text("reason"));
  CF_TRY(const json::Object* to, members.object("to"));
  CF_TRY(out.to, read_cohort(*to));
  CF_CHECK(check_body(out));
  return EventBody(std::move(out));
}

Result<EventBody> read_lookup(Members& members) {
  LookupBody out;
  CF_TRY(out.answer, members.text("answer"));
  CF_TRY(out.reasons, members.texts("reasons"));
  CF_TRY(std::string user, members.text("user"));
  out.user = UserId(std::move(user));
  CF_CHECK(check_body(out));
  return EventBody(std::move(out));
}

Result<EventBody> read_sent(Members& members) {
  SentBody out;
  CF_TRY(out.at, members.integer("at", 0, kIntegerMax));
  CF_TRY(const std::string category, members.text("category"));
  CF_TRY(const std::string channel, members.text("channel"));
  CF_TRY(const std::string decision, members.text("decision"));
  const auto known_category = category_from_name(category);
  if (!known_category) return members.bad("category", "is unknown");
  const auto known_channel = channel_from_name(channel);
  if (!known_channel) return members.bad("channel", "is unknown");
  if (decision != kAllowed && decision != kDenied) return members.bad("decision", "is unknown");
  out.category = *known_category;
  out.channel = *known_channel;
  out.allowed = decision == kAllowed;
  CF_TRY(std::string sender, members.text("sender"));
  out.sender = SenderId(std::move(sender));
  CF_TRY(std::string topic, members.text("topic"));
  out.topic = TopicId(std::move(topic));
  CF_CHECK(check_body(out));
  return EventBody(std::move(out));
}

/// What both kinds of report say: when, on which channel, of which sender, by whom.
template <class Body>
Status read_report(Members& members, Body& out) {
  CF_TRY(out.at, members.integer("at", 0, kIntegerMax));
  CF_TRY(const std::string channel, members.text("channel"));
  const auto known_channel = channel_from_name(channel);
  if (!known_channel) return members.bad("channel", "is unknown");
  out.channel = *known_channel;
  CF_TRY(std::string sender, members.text("sender"));
  out.sender = SenderId(std::move(sender));
  CF_TRY(out.source, members.text("source"));
  return {};
}

Result<EventBody> read_native(Members& members, bool stop) {
  NativeBody out;
  out.stop = stop;
  CF_CHECK(read_report(members, out));
  CF_CHECK(check_body(out));
  return EventBody(std::move(out));
}

Result<EventBody> read_inbound(Members& members) {
  InboundBody out;
  CF_CHECK(read_report(members, out));
  CF_TRY(out.text, members.text_or_none("text"));
  CF_CHECK(check_body(out));
  return EventBody(std::move(out));
}

Result<Was> read_was(const json::Object& object) {
  Members members(object, "was");
  Was out;
  CF_TRY(const std::string clock, members.text("ck"));
  const auto state = clock_state_from_name(clock);
  if (!state) return members.bad("ck", "is unknown");
  out.clock = *state;
  CF_TRY(out.log, members.text("log"));
  CF_TRY(const std::int64_t seq, members.integer("seq", 0, kIntegerMax));
  out.seq = Seq{static_cast<std::uint64_t>(seq)};
  CF_TRY(out.t, members.integer("t", 0, kIntegerMax));
  CF_CHECK(members.done());
  return out;
}

Result<EventBody> read_body(EventType type, const json::Object& object, Members& members) {
  switch (type) {
    case EventType::Grant:
      return read_grant(members);
    case EventType::Confirm:
      return read_confirm(members);
    case EventType::Withdraw:
      return read_withdraw(members, !object.contains("channels"));
    case EventType::Stop:
      return read_stop(members);
    case EventType::EraseRequest:
      return read_erase(members);
    case EventType::HoldSet:
      return read_hold(members);
    case EventType::HoldClear:
      return read_hold_clear(members);
    case EventType::Restrict:
      return read_restrict(members);
    case EventType::RetentionChange:
      return read_retention_change(members);
    case EventType::Lookup:
      return read_lookup(members);
    case EventType::Sent:
      return read_sent(members);
    case EventType::NativeStop:
    case EventType::NativeResume:
      return read_native(members, type == EventType::NativeStop);
    case EventType::Inbound:
      return read_inbound(members);
    default:
      return fail(Code::NotFound,
                  std::string(event_name(type)) + ": this version knows no body of this type");
  }
}

struct BodyTypeOf {
  EventType operator()(const GrantBody&) const { return EventType::Grant; }
  EventType operator()(const ConfirmBody&) const { return EventType::Confirm; }
  EventType operator()(const WithdrawBody&) const { return EventType::Withdraw; }
  EventType operator()(const StopBody&) const { return EventType::Stop; }
  EventType operator()(const EraseBody&) const { return EventType::EraseRequest; }
  EventType operator()(const HoldBody&) const { return EventType::HoldSet; }
  EventType operator()(const HoldClearBody&) const { return EventType::HoldClear; }
  EventType operator()(const RestrictBody&) const { return EventType::Restrict; }
  EventType operator()(const RetentionChangeBody&) const { return EventType::RetentionChange; }
  EventType operator()(const LookupBody&) const { return EventType::Lookup; }
  EventType operator()(const SentBody&) const { return EventType::Sent; }
  EventType operator()(const NativeBody& body) const {
    return body.stop ? EventType::NativeStop : EventType::NativeResume;
  }
  EventType operator()(const InboundBody&) const { return EventType::Inbound; }
};

}  // namespace

EventType event_type(const EventBody& body) {
  return std::visit(BodyTypeOf{}, body);
}

Result<std::string> encode_body(const EventBody& body) {
  return std::visit(
      [](const auto& b) -> Result<std::string> {
        CF_CHECK(check_body(b));
        return json::write(body_object(b));
      },
      body);
}

Result<EventBody> decode_body(EventType type, std::string_view canonical) {
  CF_TRY(const json::Value value, json::read(canonical, {.bytes_max = limits::kDisclosureBytesMax}));
  if (value.object() == nullptr)
    return fail(Code::BadInput, std::string(event_name(type)) + ": not an object");
  Members members(*value.object(), event_name(type));
  CF_TRY(EventBody body, read_body(type, *value.object(), members));
  if (value.find("was") != nullptr) {
    CF_TRY(const json::Object* was, members.object("was"));
    CF_CHECK(read_was(*was));
  }
  CF_CHECK(members.done());
  return body;
}

Status take_body(Event& event, std::string_view canonical) {
  if (auto body = decode_body(event.type, canonical)) {
    event.body = *std::move(body);
  } else if (body.error().code != Code::NotFound) {
    return body.error();
  }
  CF_TRY(const json::Value value, json::read(canonical, {.bytes_max = limits::kDisclosureBytesMax}));
  const json::Value* member = value.find("was");
  if (member == nullptr) return {};
  if (member->object() == nullptr) return fail(Code::BadInput, "was: not an object");
  CF_TRY(const Was was, read_was(*member->object()));
  event.t = was.t;
  event.clock = was.clock;
  return {};
}

Result<std::string> with_was(std::string_view canonical, const Was& was) {
  CF_TRY(const json::Value value, json::read(canonical, {.bytes_max = limits::kDisclosureBytesMax}));
  json::Object out;
  if (const json::Object* body = value.object())
    for (const auto& [name, member] : *body) out.emplace(name, member);
  // emplace leaves an earlier one as it is: a second restore does not forget the first log.
  out.emplace("was", was_object(was));
  return json::write(std::move(out));
}

}  // namespace counterfoil::consent
