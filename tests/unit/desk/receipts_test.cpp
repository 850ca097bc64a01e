// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Receipts and their twins, made by a real desk and checked as a stranger does.
#include "counterfoil/proof/twin.h"
#include "tests/support/shop.h"

namespace counterfoil::desk {
namespace {

constexpr const char* kAna = "070 174 06 21";

/// The receipt's record, after a stranger's check of both forms.
json::Value checked_record(test::Shop& shop, std::string_view token) {
  const auto receipt = shop.desk->receipt(token);
  REQUIRE(receipt);
  const auto& key = shop.ledger->log_key();
  const auto proof = proof::check_receipt(receipt->proof, key);
  REQUIRE(proof);
  CHECK(proof->leaf.typ == consent::EventType::Grant);
  CHECK(proof->body.find("\"claimed\"") != std::string::npos);
  const auto record = proof::check_twin(receipt->twin, *proof, key);
  REQUIRE_MESSAGE(record, (record ? std::string() : record.error().message()));
  CHECK(*record == receipt->record);
  CHECK(json::write(*record)->find("4670174") == std::string::npos);
  return *record;
}

json::Array items(const json::Value& record, std::string_view key) {
  const json::Value* found = record.find(key);
  if (found == nullptr || found->array() == nullptr) return {};
  return *found->array();
}

/// "consent.grant ConsentRequested" and so on, in order.
std::vector<std::string> told(const json::Value& record) {
  std::vector<std::string> out;
  for (const json::Value& event : items(record, "events"))
    out.push_back(*event.string_at("typ") + " " + *event.string_at("event_state"));
  return out;
}

Submission say_yes(test::Shop& shop) {
  const auto given = shop.desk->opt_in(shop.request(kAna));
  REQUIRE(given);
  return *given;
}

}  // namespace

TEST_CASE("a receipt says requested, then given, then withdrawn, as the events went") {
  test::Shop shop;
  const Submission given = say_yes(shop);
  std::vector<std::string> expected = {"consent.grant ConsentRequested"};
  CHECK(told(checked_record(shop, given.token)) == expected);
  shop.clock.advance(kDay_s);
  REQUIRE(shop.desk->confirm(given.code, shop.cashier));
  expected.emplace_back("consent.confirm ConsentGiven");
  CHECK(told(checked_record(shop, given.token)) == expected);
  REQUIRE(shop.desk->keep(given.token, {consent::TopicId("orders")}));
  expected.emplace_back("consent.withdraw ConsentWithdrawn");
  const json::Value record = checked_record(shop, given.token);
  CHECK(told(record) == expected);
  CHECK(*items(record, "events").back().strings_at("purposes") ==
        std::vector<std::string>{"care", "offers", "tastings"});
  CHECK(*items(record, "events").at(1).string_at("evidence") == "present");
  REQUIRE(shop.desk->stop_all(given.token));
  expected.emplace_back("consent.stop ConsentWithdrawn");
  CHECK(told(checked_record(shop, given.token)) == expected);
}

TEST_CASE("below the shop's minimum of evidence no receipt says given") {
  test::Shop shop;
  shop.business.minimum_evidence = consent::Evidence::Possessed;
  shop.reopen();
  const Submission given = say_yes(shop);
  REQUIRE(shop.desk->confirm(given.code, shop.cashier));
  CHECK(told(checked_record(shop, given.token)) ==
        std::vector<std::string>{"consent.grant ConsentRequested", "consent.confirm ConsentRequested"});
  shop.business.minimum_evidence = consent::Evidence::Claimed;
  shop.reopen();
  CHECK(told(checked_record(shop, given.token)).front() == "consent.grant ConsentGiven");
}

TEST_CASE("a receipt that was never proved tells of no stop but its own") {
  test::Shop shop;
  const Submission given = say_yes(shop);
  consent::StopBody by_number;
  by_number.via = "number";
  REQUIRE(shop.desk->stop_by_number(kAna, "SE", by_number));
  CHECK(told(checked_record(shop, given.token)).size() == 1);
  REQUIRE(shop.desk->stop_all(given.token));
  CHECK(told(checked_record(shop, given.token)) ==
        std::vector<std::string>{"consent.grant ConsentRequested", "consent.stop ConsentWithdrawn"});

  test::Shop other;
  const Submission proved = say_yes(other);
  REQUIRE(other.desk->confirm(proved.code, other.cashier));
  REQUIRE(other.desk->stop_by_number(kAna, "SE", by_number));
  CHECK(told(checked_record(other, proved.token)).size() == 3);
}

TEST_CASE("a record says who, why, how long and how to stop, from configuration and notice as of now") {
  test::Shop shop;
  const Submission given = say_yes(shop);
  const json::Value record = checked_record(shop, given.token);
  CHECK(*record.string_at("record_id") == "shop.example/test/1#" + std::to_string(given.seq.value));
  CHECK(record.string_at("because")->starts_with("You said yes to “"));
  CHECK(record.string_at("retention_period")->starts_with("until you stop, or "));
  CHECK(record.strings_at("withdrawal_method")->front() == "one tap on my receipt");
  CHECK(record.strings_at("withdrawal_method")->size() == shop.business.stop_ways.size() + 2);
  CHECK(*record.string_at("issued") == rfc3339(shop.clock.now()));
  CHECK(*record.string_at("language") == "en");
  const json::Value controller = items(record, "parties").at(0);
  CHECK(*controller.string_at("party_name") == shop.business.legal_name);
  CHECK(*controller.string_at("party_contact") == shop.business.privacy_contact);
  CHECK(items(record, "recipient_third_parties").size() == shop.business.recipients.size());

  // The line that the record names holds the very text that was agreed to.
  const json::Value* notice = record.find("privacy_notice");
  REQUIRE(notice != nullptr);
  const auto line = static_cast<std::uint64_t>(notice->integer_at("published_seq").value_or(0));
  REQUIRE(shop.ledger->checkpoint());
  std::string published;
  REQUIRE(shop.ledger->entries(line, line + 1, {}, [&](std::string_view entry) -> Status {
    published = entry;
    return {};
  }));
  CHECK(published.find("notice.publish") != std::string::npos);
  CHECK(published.find(*notice->string_at("sha256")) != std::string::npos);

  shop.business.legal_name = "Tres Faroles Nueva, S.L.";
  shop.reopen();
  CHECK(*items(checked_record(shop, given.token), "parties").at(0).string_at("party_name") ==
        "Tres Faroles Nueva, S.L.");
}

TEST_CASE("an erased submission has no receipt") {
  test::Shop shop;
  const Submission given = say_yes(shop);
  REQUIRE(shop.desk->erase(given.token));
  CHECK(shop.desk->receipt(given.token).error().code == Code::NotFound);
  CHECK(shop.desk->receipt("AAAAAAAAAAAAAAAAAAAAAA").error().code == Code::NotFound);
}

}  // namespace counterfoil::desk
