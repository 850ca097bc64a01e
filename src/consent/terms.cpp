// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "counterfoil/consent/terms.h"

namespace counterfoil::consent {
namespace {

// Each table is in the order of its enum.
constexpr std::array<std::string_view, 5> kChannelNames = {"whatsapp", "messenger", "sms", "email", "voice"};
constexpr std::array<std::string_view, 4> kAddressKindNames = {"phone", "wa_id", "psid", "email"};
constexpr std::array<std::string_view, 3> kEvidenceNames = {"claimed", "present", "possessed"};
constexpr std::array<std::string_view, 4> kActorNames = {"machine", "staff", "manager", "person"};
constexpr std::array<std::string_view, 4> kCategoryNames = {"marketing", "utility", "authentication",
                                                            "service_reply"};
constexpr std::array<std::string_view, 3> kQualityNames = {"high", "medium", "low"};
constexpr std::array<std::string_view, 10> kStateNames = {
    "ConsentUnknown",    "ConsentRequested",    "ConsentRequestDeferred", "ConsentRefused",
    "ConsentGiven",      "RenewedConsentGiven", "ConsentWithdrawn",       "ConsentExpired",
    "ConsentTerminated", "ConsentInvalidated"};

template <class Enum, std::size_t N>
std::string_view term_name(const std::array<std::string_view, N>& names, Enum value) {
  return names.at(static_cast<std::size_t>(value));
}

template <class Enum, std::size_t N>
std::optional<Enum> term_from_name(const std::array<std::string_view, N>& names, std::string_view name) {
  for (std::size_t i = 0; i < N; ++i) {
    if (names.at(i) == name) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace

std::string_view channel_name(Channel c) {
  return term_name(kChannelNames, c);
}
std::optional<Channel> channel_from_name(std::string_view name) {
  return term_from_name<Channel>(kChannelNames, name);
}

std::string_view address_kind_name(AddressKind k) {
  return term_name(kAddressKindNames, k);
}
std::optional<AddressKind> address_kind_from_name(std::string_view name) {
  return term_from_name<AddressKind>(kAddressKindNames, name);
}

std::string_view evidence_name(Evidence e) {
  return term_name(kEvidenceNames, e);
}
std::optional<Evidence> evidence_from_name(std::string_view name) {
  return term_from_name<Evidence>(kEvidenceNames, name);
}

std::string_view actor_name(Actor a) {
  return term_name(kActorNames, a);
}
std::optional<Actor> actor_from_name(std::string_view name) {
  return term_from_name<Actor>(kActorNames, name);
}

std::string_view state_name(State s) {
  return term_name(kStateNames, s);
}

std::string_view category_name(Category c) {
  return term_name(kCategoryNames, c);
}
std::optional<Category> category_from_name(std::string_view name) {
  return term_from_name<Category>(kCategoryNames, name);
}

std::string_view quality_name(Quality q) {
  return term_name(kQualityNames, q);
}
std::optional<Quality> quality_from_name(std::string_view name) {
  return term_from_name<Quality>(kQualityNames, name);
}

}  // namespace counterfoil::consent
