// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "twin_maker.h"

#include "counterfoil/consent/record.h"
#include "counterfoil/proof/jws.h"
#include "counterfoil/proof/twin.h"

#include <doctest/doctest.h>

namespace counterfoil::proof::testing {

std::uint64_t add_grant(LogMaker& log, const std::vector<std::string>& topics) {
  consent::GrantBody body;
  body.channels = {consent::Channel::WhatsApp, consent::Channel::Sms};
  for (const std::string& topic : topics) body.topics.emplace_back(topic);
  body.notice.id = consent::NoticeId("N1");
  body.notice.language = "es";
  body.notice.sha256 = numbered(1);
  body.method = "form";
  body.link = consent::LinkId("caja");
  body.age_affirmed = true;
  body.minimum_age = 16;
  body.ends = 1853000000;
  const auto text = consent::encode_body(body);
  REQUIRE(text);
  log.add_person(consent::EventType::Grant, *text);
  return log.size() - 1;
}

json::Object record_of(const LogMaker& log, std::uint64_t seq) {
  consent::Business shop;
  shop.id = "tres-faroles";
  shop.legal_name = "Ultramarinos Tres Faroles, S.L.";
  shop.address = "Calle del Faro 3";
  shop.privacy_contact = "privacidad@tresfaroles.example";
  const auto receipt = check_receipt(write_receipt(log.receipt(seq)), log.key());
  REQUIRE(receipt);
  const auto event = event_of(*receipt);
  REQUIRE(event);
  const std::vector<consent::Event> events = {*event};
  auto record = consent::make_record(shop, events, {log.now, {}, "because", "here", "two years", {"STOP"}});
  REQUIRE(record);
  record->merge(twin_members(*receipt));
  return *std::move(record);
}

std::string twin_of(const LogMaker& log, std::uint64_t seq) {
  const auto jws = sign_jws(json::Value(record_of(log, seq)), kTwinType, log.key(), log.signer());
  REQUIRE(jws);
  return *jws;
}

}  // namespace counterfoil::proof::testing
