// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// People of tests and what they ask for; their numbers are kept for fiction. Thread rule: value types.
#pragma once

#include "ledger/ledger.h"

#include <string>

namespace counterfoil::ledger::test {

constexpr Instant kStart = 1'790'000'000;

inline const Retention kYes{"consent", "2028-11"};
inline const Retention kProof{"proof", "2029-11"};

inline consent::Address phone(std::string number) {
  return {consent::AddressKind::Phone, std::move(number), consent::Evidence::Claimed};
}

inline consent::Identity somebody(std::string number) {
  return {{phone(std::move(number))}, "es"};
}

inline consent::GrantBody grant() {
  consent::GrantBody out;
  out.channels = {consent::Channel::WhatsApp};
  out.topics = {consent::TopicId("offers"), consent::TopicId("orders")};
  out.notice = {consent::NoticeId("N1"), "es", Hash{}};
  out.method = "form";
  out.link = consent::LinkId("caja");
  out.place = consent::ShopId("centro");
  out.age_affirmed = true;
  out.minimum_age = 14;
  out.ends = kStart + 365 * kDay_s;
  return out;
}

inline consent::StopBody stop_of_person() {
  consent::StopBody out;
  out.via = "number";
  return out;
}

inline consent::ConfirmBody confirmed_by_staff() {
  consent::ConfirmBody out;
  out.user = consent::UserId("sara");
  return out;
}

}  // namespace counterfoil::ledger::test
