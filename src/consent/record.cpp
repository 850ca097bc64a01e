// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "counterfoil/consent/record.h"

#include <algorithm>
#include <array>
#include <set>

namespace counterfoil::consent {
namespace {

constexpr std::string_view kContext = "urn:counterfoil:context:receipt:1";
constexpr std::string_view kSchema = "urn:counterfoil:schema:receipt:1";
// GDPR Art. 15 to 18, 20, 21, 7(3) and 77, by their names in the W3C Data Privacy Vocabulary.
constexpr std::array<std::string_view, 8> kRights = {"A15", "A16", "A17", "A18", "A20", "A21", "A7-3", "A77"};

// ---- events ----

struct Said {
  Actor by = Actor::Person;
  Evidence evidence = Evidence::Claimed;
  std::vector<Channel> channels;  // of a withdrawal of less than everything
  std::vector<TopicId> topics;
};

Said said_in(const GrantBody& body) {
  return {Actor::Person, body.evidence, {}, {}};
}
Said said_in(const ConfirmBody& body) {
  return {body.by, body.evidence, {}, {}};
}
Said said_in(const WithdrawBody& body) {
  return {body.by, Evidence::Claimed, body.channels, body.topics};
}
Said said_in(const StopBody& body) {
  return {body.by, Evidence::Claimed, {}, {}};
}
Said said_in(const EraseBody& body) {
  return {body.by, Evidence::Claimed, {}, {}};
}

// What is kept, and for how long, is no event of a consent: make_record leaves it out.
template <class Other>
Said said_in(const Other&) {
  return {};
}

json::Array channel_names(const std::vector<Channel>& channels) {
  std::set<std::string_view> sorted;
  for (const Channel channel : channels) sorted.insert(channel_name(channel));
  return json::Array(sorted.begin(), sorted.end());
}

json::Array topic_names(const std::vector<TopicId>& topics) {
  json::Array out;
  for (const TopicId& topic : topics) out.emplace_back(topic.text());
  return out;
}

bool gives(EventType type) {
  return type == EventType::Grant || type == EventType::Confirm;
}

std::string days_between(Instant from, Instant to) {
  return "P" + std::to_string(std::max<Instant>(0, to - from) / kDay_s) + "D";
}

// ends: until when the yes was given; what takes it back leaves no time of it.
json::Object record_event(const Event& event, Instant ends, Evidence minimum) {
  const Said said =
      event.body ? std::visit([](const auto& body) { return said_in(body); }, *event.body) : Said();
  json::Object out = {{"entity_id", actor_name(said.by)},
                      {"event_state", state_name(state_after(event.type, said.evidence, minimum))},
                      {"event_time", rfc3339(event.t)},
                      {"event_type", "ExpressedConsent"},
                      {"seq", event.seq.value},
                      {"typ", event_name(event.type)},
                      {"validity_duration", gives(event.type) ? days_between(event.t, ends) : "P0D"}};
  if (gives(event.type)) out.emplace("evidence", evidence_name(said.evidence));
  if (!said.channels.empty()) out.emplace("channels", channel_names(said.channels));
  if (!said.topics.empty()) out.emplace("purposes", topic_names(said.topics));
  return out;
}

// ---- what the grant says ----

json::Array pii_information(const Identity& identity) {
  std::set<std::string_view> types;
  for (const Address& address : identity.addresses) types.insert(address_kind_name(address.kind));
  if (!identity.language.empty()) types.insert("language");
  json::Array out;
  for (const std::string_view type : types)
    out.emplace_back(json::Object{{"pii_optional", false}, {"pii_type", type}});
  return out;
}

Result<const GrantBody*> body_of(const Event& grant) {
  const auto* body = grant.body ? std::get_if<GrantBody>(&*grant.body) : nullptr;
  if (body == nullptr) return fail(Code::BadInput, "a record is made from a consent.grant");
  return body;
}

json::Object notice_of(const GrantBody& grant) {
  return {{"notice_id", grant.notice.id.text()}, {"sha256", base64url(grant.notice.sha256)}};
}

// What a record says because its grant says so, beside the event itself: a stranger who has the grant derives
// the same members.
json::Object grant_members(const GrantBody& grant, const Identity& identity, Evidence minimum) {
  json::Array purposes;
  for (const TopicId& topic : grant.topics) purposes.emplace_back(json::Object{{"purpose", topic.text()}});
  return {{"channels", channel_names(grant.channels)},
          {"collection_method", grant.method},
          {"language", grant.notice.language},
          {"minimum_evidence", evidence_name(minimum)},
          {"pii_information", pii_information(identity)},
          {"privacy_notice", notice_of(grant)},
          {"purposes", std::move(purposes)},
          {"valid_until", rfc3339(grant.ends)}};
}

// ---- what the configuration says ----

json::Array purposes_of(const Business& business, const GrantBody& grant) {
  json::Array out;
  for (const TopicId& id : grant.topics) {
    json::Object purpose = {{"purpose", id.text()}};
    if (const Topic* topic = business.topic(id)) {
      purpose.emplace("purpose_name", local(topic->title, grant.notice.language, business));
      purpose.emplace("purpose_type", category_name(topic->category));
    }
    out.emplace_back(std::move(purpose));
  }
  return out;
}

json::Object party(const std::string& id, const std::string& name, std::string_view role,
                   const std::string& contact) {
  return {{"party_contact", contact},
          {"party_id", id},
          {"party_name", name},
          {"party_role", role},
          {"party_type", "organisation"}};
}

// Recipients are reached through the controller, who alone has their addresses.
json::Array parties_of(const Business& business, std::string_view language) {
  json::Object controller = party(business.id, business.legal_name, "controller", business.privacy_contact);
  controller.emplace("party_address", business.address);
  json::Array out;
  out.emplace_back(std::move(controller));
  for (const Recipient& recipient : business.recipients) {
    json::Object one = party(recipient.id.text(), recipient.name, recipient.role, business.privacy_contact);
    if (const std::string& where = local(recipient.outside_eu, language, business); !where.empty())
      one.emplace("geographic_restrictions", where);
    out.emplace_back(std::move(one));
  }
  if (!business.authority_name.empty())
    out.emplace_back(party("authority", business.authority_name, "authority", business.authority_url));
  return out;
}

json::Array recipients_of(const Business& business) {
  json::Array out;
  for (const Recipient& recipient : business.recipients) out.emplace_back(recipient.id.text());
  return out;
}

// ---- comparing ----

Error disagrees(const std::string& member) {
  return fail(Code::Corrupt, "the record does not say what its event says: \"" + member + "\"");
}

Status demand(const json::Value* found, const json::Value& expected, const std::string& name);

Status demand_all(const json::Value& found, const json::Object& expected, const std::string& name) {
  for (const auto& [key, value] : expected)
    CF_CHECK(demand(found.find(key), value, name.empty() ? key : name + "." + key));
  return {};
}

// Members that only the found one has are its own affair; lists must be as long as each other.
Status demand(const json::Value* found, const json::Value& expected, const std::string& name) {
  if (found == nullptr) return disagrees(name);
  if (const json::Object* members = expected.object()) return demand_all(*found, *members, name);
  const json::Array* items = expected.array();
  if (items == nullptr) return *found == expected ? Status() : Status(disagrees(name));
  const json::Array* theirs = found->array();
  if (theirs == nullptr || theirs->size() != items->size()) return disagrees(name);
  for (std::size_t i = 0; i < items->size(); ++i)
    CF_CHECK(demand(&theirs->at(i), items->at(i), name + "[" + std::to_string(i) + "]"));
  return {};
}

// Later events are the log's word; what the record concludes from each is not.
Result<json::Value> later_event(const json::Value& found, std::int64_t after, const std::string& name,
                                Evidence minimum) {
  const EventType type = event_from_name(found.string_at("typ").value_or("")).value_or(EventType::SysMeta);
  const auto evidence = evidence_from_name(found.string_at("evidence").value_or("claimed"));
  const State state = state_after(type, evidence.value_or(Evidence::Claimed), minimum);
  if (!evidence || type == EventType::Grant || state == State::ConsentUnknown) return disagrees(name);
  if (found.integer_at("seq").value_or(-1) <= after) return disagrees(name + ".seq");
  return json::Value(json::Object{{"event_state", state_name(state)}});
}

}  // namespace

State state_after(EventType type, Evidence evidence, Evidence minimum) {
  switch (type) {
    case EventType::Grant:
    case EventType::Confirm:
      return evidence >= minimum ? State::ConsentGiven : State::ConsentRequested;
    case EventType::Withdraw:
    case EventType::Stop:
    case EventType::EraseRequest:
      return State::ConsentWithdrawn;
    default:
      return State::ConsentUnknown;
  }
}

Result<json::Object> make_record(const Business& business, std::span<const Event> events,
                                 const RecordDetails& details) {
  if (events.empty()) return fail(Code::BadInput, "a record is made from a consent.grant");
  CF_TRY(const GrantBody* grant, body_of(events.front()));
  json::Object out = grant_members(*grant, events.front().identity, business.minimum_evidence);
  json::Array told;
  for (const Event& event : events)
    if (state_after(event.type, Evidence::Claimed, Evidence::Claimed) != State::ConsentUnknown)
      told.emplace_back(record_event(event, grant->ends, business.minimum_evidence));
  json::Array rights;
  for (const std::string_view right : kRights) rights.emplace_back("eu-gdpr:" + std::string(right));
  out.insert_or_assign("events", std::move(told));
  out.insert_or_assign("purposes", purposes_of(business, *grant));
  if (details.published) {
    json::Object notice = notice_of(*grant);
    notice.emplace("published_seq", details.published->value);
    out.insert_or_assign("privacy_notice", std::move(notice));
  }
  out.merge(
      json::Object{{"@context", kContext},
                   {"because", details.because},
                   {"issued", rfc3339(details.issued)},
                   {"jurisdiction", business.jurisdiction},
                   {"lawful_basis", "eu-gdpr:A6-1-a"},
                   {"parties", parties_of(business, grant->notice.language)},
                   {"pii_controllers", json::Array{business.id}},
                   {"privacy_rights", std::move(rights)},
                   {"recipient_third_parties", recipients_of(business)},
                   {"retention_period", details.retention},
                   {"schema_version", kSchema},
                   {"storage_locations", json::Array{details.storage}},
                   {"withdrawal_method", json::Array(details.withdrawal.begin(), details.withdrawal.end())}});
  if (!business.authority_name.empty()) out.emplace("authority_party", "authority");
  return out;
}

Status check_record(const json::Value& record, const Event& grant) {
  CF_TRY(const GrantBody* body, body_of(grant));
  const auto minimum = evidence_from_name(record.string_at("minimum_evidence").value_or(""));
  const json::Value* events_found = record.find("events");
  const json::Array* told = events_found == nullptr ? nullptr : events_found->array();
  if (!minimum || told == nullptr)
    return fail(Code::BadInput, "not a consent record: it has no events or no minimum of evidence");
  json::Object expected = grant_members(*body, grant.identity, *minimum);
  json::Array events = {record_event(grant, body->ends, *minimum)};
  auto last = static_cast<std::int64_t>(grant.seq.value);
  for (std::size_t i = 1; i < told->size(); ++i) {
    CF_TRY(json::Value event, later_event(told->at(i), last, "events[" + std::to_string(i) + "]", *minimum));
    last = told->at(i).integer_at("seq").value_or(last);
    events.push_back(std::move(event));
  }
  expected.insert_or_assign("events", std::move(events));
  return demand_members(record, expected);
}

Status demand_members(const json::Value& record, const json::Object& members) {
  return demand_all(record, members, "");
}

}  // namespace counterfoil::consent
