// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "counterfoil/proof/twin.h"

#include "counterfoil/proof/jws.h"
#include "twin_maker.h"

#include <doctest/doctest.h>

namespace counterfoil::proof {
using testing::LogMaker;

namespace {

struct Pair {
  LogMaker log;
  std::uint64_t seq = 0;
  Pair() {
    log.fill(20);
    seq = testing::add_grant(log, {"offers", "orders"});
    testing::add_grant(log, {"offers", "orders"});
    log.fill(40);
  }
  [[nodiscard]] CheckedReceipt receipt(std::uint64_t of) const {
    const auto checked = check_receipt(write_receipt(log.receipt(of)), log.key());
    REQUIRE(checked);
    return *checked;
  }
};

}  // namespace

TEST_CASE("a twin opens beside its receipt and names nobody") {
  const Pair made;
  const CheckedReceipt receipt = made.receipt(made.seq);
  const auto record = check_twin(testing::twin_of(made.log, made.seq), receipt, made.log.key());
  REQUIRE(record);
  CHECK(*record->string_at("receipt_id") == std::string(testing::kOrigin) + "#20@40");
  CHECK(json::write(*record)->find("+346") == std::string::npos);
}

TEST_CASE("a twin of another receipt, key or kind is refused") {
  const Pair made;
  const CheckedReceipt receipt = made.receipt(made.seq);
  // The next person said the very same on the same form, in the same log, under the same checkpoint.
  const auto swapped = check_twin(testing::twin_of(made.log, made.seq + 1), receipt, made.log.key());
  REQUIRE_FALSE(swapped);
  CHECK(swapped.error().code == Code::Corrupt);

  const LogMaker stranger(testing::kOrigin, 2);
  const json::Value record(testing::record_of(made.log, made.seq));
  const auto forged = sign_jws(record, kTwinType, stranger.key(), stranger.signer());
  REQUIRE(forged);
  CHECK(check_twin(*forged, receipt, made.log.key()).error().code == Code::WrongKey);
  const auto other_kind = sign_jws(record, "counterfoil-erasure", made.log.key(), made.log.signer());
  CHECK(check_twin(*other_kind, receipt, made.log.key()).error().code == Code::WrongKey);
}

TEST_CASE("each member that ties a twin to its receipt is checked, whoever signed it") {
  const Pair made;
  const CheckedReceipt receipt = made.receipt(made.seq);
  const json::Object good = testing::record_of(made.log, made.seq);
  const json::Object ties = twin_members(receipt);
  CHECK(ties.size() == 10);
  for (const auto& [key, value] : ties) {
    for (const bool gone : {false, true}) {
      CAPTURE(key);
      json::Object bad = good;
      bad.insert_or_assign(key, value.string() == nullptr ? json::Value(9999) : json::Value("x"));
      if (gone) bad.erase(key);
      const auto jws = sign_jws(json::Value(bad), kTwinType, made.log.key(), made.log.signer());
      REQUIRE(jws);
      const auto checked = check_twin(*jws, receipt, made.log.key());
      REQUIRE_FALSE(checked);
      CHECK(checked.error().detail == "the record does not say what its event says: \"" + key + "\"");
    }
  }
}

TEST_CASE("what the event says is demanded of the twin as well") {
  const Pair made;
  const CheckedReceipt receipt = made.receipt(made.seq);
  json::Object bad = testing::record_of(made.log, made.seq);
  bad.insert_or_assign("channels", json::Array{"email"});
  const auto jws = sign_jws(json::Value(bad), kTwinType, made.log.key(), made.log.signer());
  CHECK(check_twin(*jws, receipt, made.log.key()).error().detail.find("\"channels\"") != std::string::npos);
  // A line whose text this version cannot read has no twin.
  const auto odd = check_twin(testing::twin_of(made.log, made.seq), made.receipt(9), made.log.key());
  CHECK_FALSE(odd);
}

}  // namespace counterfoil::proof
