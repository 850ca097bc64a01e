// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "counterfoil/consent/record.h"

#include <doctest/doctest.h>

#include <functional>

namespace counterfoil::consent {
namespace {

constexpr Instant kGiven = 1795340400;  // 2026-11-22T09:00:00Z
constexpr Instant kEnds = kGiven + 730 * kDay_s;

Business shop() {
  Business out;
  out.id = "tres-faroles";
  out.legal_name = "Ultramarinos Tres Faroles, S.L.";
  out.address = "Calle del Faro 3";
  out.privacy_contact = "privacidad@tresfaroles.example";
  out.authority_name = "Agencia";
  out.authority_url = "www.aepd.es";
  out.jurisdiction = "ES";
  out.languages = {"es"};
  Topic offers;
  offers.id = TopicId("offers");
  offers.title = {{"es", "Ofertas"}};
  out.topics = {offers};
  Recipient office;
  office.id = RecipientId("head-office");
  office.name = "Oficina";
  office.role = "controller";
  out.recipients = {office};
  return out;
}

Event event(std::uint64_t seq, EventBody body) {
  Event out;
  out.seq.value = seq;
  out.t = kGiven + static_cast<Instant>(seq) * kDay_s;
  out.type = event_type(body);
  out.body = std::move(body);
  out.identity = {{{AddressKind::Phone, "+46701740621", {}}}, "es"};
  return out;
}

Event grant() {
  GrantBody body;
  body.channels = {Channel::WhatsApp, Channel::Sms};
  body.topics = {TopicId("offers"), TopicId("orders")};
  body.notice.id = NoticeId("N1");
  body.notice.language = "es";
  body.method = "form";
  body.ends = kEnds;
  return event(0, body);
}

json::Value record(const std::vector<Event>& events, const Business& business = shop()) {
  auto made = make_record(business, events, {kEnds, Seq{7}, "porque", "aquí", "dos años", {"BAJA"}});
  REQUIRE(made);
  return json::Value(*std::move(made));
}

/// The items of a list among the members; none when there is no such list.
json::Array items(const json::Value& made, std::string_view key) {
  const json::Value* found = made.find(key);
  if (found == nullptr || found->array() == nullptr) return {};
  return *found->array();
}

json::Object members(const json::Value& made) {
  const json::Object* found = made.object();
  REQUIRE(found != nullptr);
  return found == nullptr ? json::Object() : *found;
}

std::vector<std::string> states(const json::Value& made) {
  std::vector<std::string> out;
  for (const json::Value& one : items(made, "events")) out.push_back(*one.string_at("event_state"));
  return out;
}

std::vector<Event> history() {
  return {grant(), event(1, ConfirmBody{}),
          event(2, WithdrawBody{{}, {TopicId("offers")}, Actor::Person, "link"}),
          event(3, StopBody{Actor::Staff, "till", {}, {}})};
}

}  // namespace

TEST_CASE("a yes below the minimum of evidence is requested, and given once it is reached") {
  CHECK(states(record({grant()})) == std::vector<std::string>{"ConsentRequested"});
  Business easy = shop();
  easy.minimum_evidence = Evidence::Claimed;
  CHECK(states(record({grant()}, easy)) == std::vector<std::string>{"ConsentGiven"});
  CHECK(states(record(history())) ==
        std::vector<std::string>{"ConsentRequested", "ConsentGiven", "ConsentWithdrawn", "ConsentWithdrawn"});
  Business strict = shop();
  strict.minimum_evidence = Evidence::Possessed;
  CHECK(states(record(history(), strict)).at(1) == "ConsentRequested");
}

TEST_CASE("a record names what 27560 demands, and nobody") {
  const json::Value made = record(history());
  for (const char* member :
       {"@context", "schema_version", "privacy_notice", "language", "purposes", "pii_information",
        "pii_controllers", "storage_locations", "retention_period", "jurisdiction", "recipient_third_parties",
        "withdrawal_method", "parties", "events", "because", "issued"})
    CHECK_MESSAGE(made.find(member) != nullptr, member);
  CHECK(json::write(made)->find("46701740621") == std::string::npos);
  CHECK(*made.find("privacy_notice")->integer_at("published_seq") == 7);
  CHECK(*made.strings_at("channels") == std::vector<std::string>{"sms", "whatsapp"});
  CHECK(*items(made, "purposes").at(0).string_at("purpose_name") == "Ofertas");
  CHECK(items(made, "purposes").at(1).find("purpose_name") == nullptr);  // configured no more
  CHECK(*items(made, "pii_information").at(0).string_at("pii_type") == "language");
  CHECK(*items(made, "pii_information").at(1).string_at("pii_type") == "phone");
  CHECK(*items(made, "parties").at(0).string_at("party_address") == "Calle del Faro 3");
  CHECK(*items(made, "parties").at(2).string_at("party_role") == "authority");
  const json::Array events = items(made, "events");
  CHECK(*events.at(0).string_at("validity_duration") == "P730D");
  CHECK(*events.at(1).string_at("validity_duration") == "P729D");
  CHECK(*events.at(1).string_at("entity_id") == "staff");
  CHECK(*events.at(2).strings_at("purposes") == std::vector<std::string>{"offers"});
  CHECK(*events.at(2).string_at("validity_duration") == "P0D");
  CHECK(events.at(3).find("evidence") == nullptr);
}

TEST_CASE("events that say nothing about consent are not told") {
  std::vector<Event> events = history();
  Event sent;
  sent.type = EventType::Sent;
  events.insert(events.begin() + 1, sent);
  CHECK(states(record(events)).size() == 4);
}

TEST_CASE("without an authority none is named") {
  Business business = shop();
  business.authority_name.clear();
  const json::Value made = record({grant()}, business);
  CHECK(made.find("authority_party") == nullptr);
  CHECK(items(made, "parties").size() == 2);
}

TEST_CASE("only a grant makes a record") {
  CHECK(make_record(shop(), {}, {}).error().code == Code::BadInput);
  const std::vector<Event> stop = {event(0, StopBody{Actor::Person, "link", {}, {}})};
  CHECK(make_record(shop(), stop, {}).error().code == Code::BadInput);
  CHECK(check_record(record({grant()}), stop.front()).error().code == Code::BadInput);
}

TEST_CASE("a record is held to its grant and to what follows from later events") {
  const json::Value good = record(history());
  CHECK(check_record(good, grant()));
  struct Change {
    std::string says;
    std::function<void(json::Object&)> make;
  };
  const auto event_member = [](std::size_t i, const char* key, json::Value value) {
    return [=](json::Object& all) {
      json::Array events = items(json::Value(all), "events");
      json::Object one = members(events.at(i));
      one.insert_or_assign(key, value);
      events.at(i) = json::Value(std::move(one));
      all.insert_or_assign("events", std::move(events));
    };
  };
  const auto member = [](const char* key, json::Value value) {
    return [=](json::Object& all) { all.insert_or_assign(key, value); };
  };
  const Change changes[] = {
      {"channels", member("channels", json::Array{"sms"})},
      {"channels", member("channels", json::Array{"sms", "whatsapp", "zz"})},
      {"channels[1]", member("channels", json::Array{"sms", "voice"})},
      {"collection_method", member("collection_method", "paper")},
      {"language", member("language", "en")},
      {"events[0].event_state", member("minimum_evidence", "claimed")},
      {"pii_information", member("pii_information", json::Array{})},
      {"privacy_notice.notice_id", member("privacy_notice", json::Object{{"sha256", ""}})},
      {"purposes[1].purpose", member("purposes", json::Array{json::Object{{"purpose", "offers"}},
                                                             json::Object{{"purpose", "care"}}})},
      {"valid_until", member("valid_until", "2029-11-22T09:00:00Z")},
      {"valid_until", [](json::Object& all) { all.erase("valid_until"); }},
      {"events[0].event_time", event_member(0, "event_time", "2026-11-21T09:00:00Z")},
      {"events[0].evidence", event_member(0, "evidence", "possessed")},
      {"events[0].validity_duration", event_member(0, "validity_duration", "P731D")},
      {"events[1].event_state", event_member(1, "event_state", "ConsentRequested")},
      {"events[1].event_state", event_member(1, "evidence", "claimed")},
      {"events[1]", event_member(1, "evidence", "sworn")},
      {"events[2].event_state", event_member(2, "typ", "consent.confirm")},
      {"events[3]", event_member(3, "typ", "consent.grant")},
      {"events[3]", event_member(3, "typ", "sys.boot")},
      {"events[2].seq", event_member(2, "seq", 1)},
  };
  for (const Change& change : changes) {
    CAPTURE(change.says);
    json::Object all = members(good);
    change.make(all);
    const Status checked = check_record(json::Value(all), grant());
    REQUIRE_FALSE(checked);
    CHECK(checked.error().code == Code::Corrupt);
    CHECK(checked.error().detail == "the record does not say what its event says: \"" + change.says + "\"");
  }
  CHECK(check_record(json::Value("hello"), grant()).error().code == Code::BadInput);
  json::Object all = members(good);
  all.insert_or_assign("minimum_evidence", "none");
  CHECK(check_record(json::Value(all), grant()).error().code == Code::BadInput);
}

}  // namespace counterfoil::consent
