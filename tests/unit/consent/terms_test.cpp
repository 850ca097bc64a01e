// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "counterfoil/consent/terms.h"

#include "counterfoil/consent/event.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

namespace counterfoil::consent {
namespace {

template <class Enum, class NameOf, class FromName>
void names_lead_back(int count, NameOf name_of, FromName from_name) {
  std::set<std::string_view> seen;
  for (int i = 0; i < count; ++i) {
    const auto value = static_cast<Enum>(i);
    CHECK(from_name(name_of(value)) == value);
    seen.insert(name_of(value));
  }
  CHECK(seen.size() == static_cast<std::size_t>(count));
  CHECK_FALSE(from_name("").has_value());
  CHECK_FALSE(from_name("WhatsApp").has_value());
}

TEST_CASE("every word of the domain leads back to its value") {
  names_lead_back<Channel>(5, channel_name, channel_from_name);
  names_lead_back<AddressKind>(4, address_kind_name, address_kind_from_name);
  names_lead_back<Evidence>(3, evidence_name, evidence_from_name);
  names_lead_back<Actor>(4, actor_name, actor_from_name);
  names_lead_back<Category>(4, category_name, category_from_name);
}

TEST_CASE("words are the ones the formats promise") {
  CHECK(channel_name(Channel::WhatsApp) == "whatsapp");
  CHECK(channel_name(Channel::Voice) == "voice");
  CHECK(address_kind_name(AddressKind::WhatsAppId) == "wa_id");
  CHECK(address_kind_name(AddressKind::MessengerId) == "psid");
  CHECK(evidence_name(Evidence::Possessed) == "possessed");
  CHECK(actor_name(Actor::Manager) == "manager");
  CHECK(category_name(Category::ServiceReply) == "service_reply");
  CHECK(state_name(State::ConsentUnknown) == "ConsentUnknown");
  CHECK(state_name(State::RenewedConsentGiven) == "RenewedConsentGiven");
  CHECK(state_name(State::ConsentInvalidated) == "ConsentInvalidated");
}

TEST_CASE("the event table is closed, in order, and says who is a person") {
  const auto table = event_table();
  REQUIRE(table.size() == 32);
  std::set<std::string_view> names;
  for (const EventRow& row : table) {
    CHECK(event_name(row.type) == row.name);
    CHECK(event_from_name(row.name) == row.type);
    CHECK(is_person_event(row.type) == row.person);
    CHECK_FALSE(row.writers.empty());
    names.insert(row.name);
  }
  CHECK(names.size() == table.size());
  CHECK(event_name(EventType::Grant) == "consent.grant");
  CHECK(event_name(EventType::EraseRequest) == "erase.request");
  CHECK(event_name(EventType::NativeStop) == "contact.native_stop");
  CHECK(event_name(EventType::SysAudit) == "sys.audit");
  CHECK(is_person_event(EventType::EraseRequest));
  CHECK_FALSE(is_person_event(EventType::EraseDone));
  CHECK_FALSE(is_person_event(EventType::NoticePublish));
  CHECK_FALSE(event_from_name("consent.revoke").has_value());
}

}  // namespace
}  // namespace counterfoil::consent
