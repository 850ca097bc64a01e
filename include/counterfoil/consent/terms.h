// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The words of the domain: channels, addresses, evidence, actors, the ten states. Thread rule: value types.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace counterfoil::consent {

enum class Channel { WhatsApp, Messenger, Sms, Email, Voice };
inline constexpr std::array kChannels = {Channel::WhatsApp, Channel::Messenger, Channel::Sms, Channel::Email,
                                         Channel::Voice};
/// "whatsapp", "messenger", "sms", "email", "voice".
std::string_view channel_name(Channel c);
std::optional<Channel> channel_from_name(std::string_view name);

enum class AddressKind { Phone, WhatsAppId, MessengerId, Email };
/// "phone" (E.164), "wa_id" (business-scoped user id), "psid" (page-scoped id), "email".
std::string_view address_kind_name(AddressKind k);
std::optional<AddressKind> address_kind_from_name(std::string_view name);

/// What stands behind the claim that an address is this person's, weakest first.
enum class Evidence {
  Claimed,    // typed into a form
  Present,    // its code confirmed by staff at the till
  Possessed,  // a message received from that address carrying the code
};
std::string_view evidence_name(Evidence e);
std::optional<Evidence> evidence_from_name(std::string_view name);

struct Address {
  AddressKind kind = AddressKind::Phone;
  std::string value;  // canonical: E.164 for phones. Personal data: never logged.
  Evidence proof = Evidence::Claimed;
  bool operator==(const Address&) const = default;
  [[nodiscard]] bool same_place(const Address& o) const { return kind == o.kind && value == o.value; }
};

/// Who acted, weakest first: nobody lifts what a stronger one set.
enum class Actor { Machine, Staff, Manager, Person };
std::string_view actor_name(Actor a);
std::optional<Actor> actor_from_name(std::string_view name);

/// The ten states of the ISO/IEC TS 27560 guide.
enum class State {
  ConsentUnknown,
  ConsentRequested,
  ConsentRequestDeferred,
  ConsentRefused,
  ConsentGiven,
  RenewedConsentGiven,
  ConsentWithdrawn,
  ConsentExpired,
  ConsentTerminated,
  ConsentInvalidated,
};
std::string_view state_name(State s);

/// Meta's template categories, and a reply inside the customer service window.
enum class Category { Marketing, Utility, Authentication, ServiceReply };
std::string_view category_name(Category c);
std::optional<Category> category_from_name(std::string_view name);

/// How people took to a sender's messages lately, as its platform says: Meta's quality rating, best first.
enum class Quality { High, Medium, Low };
std::string_view quality_name(Quality q);
std::optional<Quality> quality_from_name(std::string_view name);

}  // namespace counterfoil::consent
