// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "counterfoil/proof/leaf.h"

#include "crypto/crypto.h"
#include "log_maker.h"

#include <doctest/doctest.h>

namespace counterfoil::proof {

namespace {

Leaf person_leaf() {
  Leaf leaf;
  leaf.log = "acme.example/edge/a1/1";
  leaf.seq.value = 70423;
  leaf.t = 1790000123;
  leaf.ck = ClockState::Synced;
  leaf.boot = "0123456789abcdef0123456789abcdef";
  leaf.bt_ms = 98765;
  leaf.typ = consent::EventType::Grant;
  PersonPart person;
  person.c = {testing::numbered(1), testing::numbered(2)};
  person.coh = "2028-11";
  person.h = {1, 2, 3};
  person.rc = "mkt-2y";
  leaf.person = person;
  return leaf;
}

Leaf log_leaf() {
  Leaf leaf = person_leaf();
  leaf.person.reset();
  leaf.typ = consent::EventType::SysMeta;
  leaf.body = json::Value(json::Object{{"epoch", 0}});
  return leaf;
}

// A line with one piece of text replaced.
std::string with(std::string line, std::string_view from, std::string_view to) {
  const std::size_t at = line.find(from);
  REQUIRE(at != std::string::npos);
  return line.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("a leaf line is canonical and comes back as it went") {
  const Leaf leaf = person_leaf();
  const auto line = encode_leaf(leaf);
  REQUIRE(line);
  CHECK(line->starts_with("{\"boot\":\"0123456789abcdef0123456789abcdef\",\"bt\":98765,\"c\":[\""));
  CHECK(line->ends_with(
      "\"log\":\"acme.example/edge/a1/"
      "1\",\"rc\":\"mkt-2y\",\"seq\":70423,\"t\":1790000123,\"typ\":\"consent.grant\",\"v\":1}"));
  CHECK(*json::write(*json::read(*line)) == *line);
  CHECK(*decode_leaf(*line) == leaf);
  CHECK(*decode_leaf(*encode_leaf(log_leaf())) == log_leaf());
}

TEST_CASE("every type and every clock state goes through the codec") {
  for (const consent::EventRow& row : consent::event_table()) {
    Leaf leaf = row.person ? person_leaf() : log_leaf();
    leaf.typ = row.type;
    for (const ClockState ck :
         {ClockState::Signed, ClockState::Synced, ClockState::Rtc, ClockState::Untrusted}) {
      leaf.ck = ck;
      const auto line = encode_leaf(leaf);
      REQUIRE(line);
      CHECK(*decode_leaf(*line) == leaf);
    }
  }
}

TEST_CASE("a leaf whose parts do not fit is not written") {
  const auto refused = [](auto change) {
    Leaf leaf = person_leaf();
    change(leaf);
    const auto line = encode_leaf(leaf);
    return !line && line.error().code == Code::BadInput;
  };
  CHECK(refused([](Leaf& l) { l.log = ""; }));
  CHECK(refused([](Leaf& l) { l.log = "with space"; }));
  CHECK(refused([](Leaf& l) { l.seq.value = std::uint64_t{1} << 53; }));
  CHECK(refused([](Leaf& l) { l.t = -1; }));
  CHECK(refused([](Leaf& l) { l.bt_ms = -1; }));
  CHECK(refused([](Leaf& l) { l.boot = "0123456789ABCDEF0123456789abcdef"; }));
  CHECK(refused([](Leaf& l) { l.person->coh = "2028-13"; }));
  CHECK(refused([](Leaf& l) { l.person->coh = "2028-11-32"; }));
  CHECK(refused([](Leaf& l) { l.person->rc = "no spaces"; }));
  CHECK(refused([](Leaf& l) { l.person.reset(); }));
  CHECK(refused([](Leaf& l) { l.body = json::Value(json::Object{}); }));
  CHECK(refused([](Leaf& l) { l.typ = consent::EventType::SysMeta; }));
  Leaf big = log_leaf();
  big.body = json::Value(json::Object{{"x", std::string(70000, 'x')}});
  CHECK(encode_leaf(big).error().code == Code::Limit);
}

TEST_CASE("a line that is not exactly what would be written is refused") {
  const std::string line = *encode_leaf(person_leaf());
  const auto refused = [&](std::string_view from, std::string_view to) {
    return !decode_leaf(with(line, from, to)).has_value();
  };
  CHECK(decode_leaf(line).has_value());
  CHECK(refused("\"v\":1}", "\"v\":2}"));
  CHECK(refused("\"v\":1}", "\"v\":1 }"));
  CHECK(refused("\"v\":1}", "\"v\":1,\"w\":1}"));
  CHECK(refused(",\"v\":1}", "}"));
  CHECK(refused("{\"boot\"", "{\"body\":{},\"boot\""));
  CHECK(refused("\"seq\":70423", "\"seq\":070423"));
  CHECK(refused("\"seq\":70423", "\"seq\":-1"));
  CHECK(refused("\"seq\":70423", "\"seq\":70423,\"seq\":70423"));
  CHECK(refused("consent.grant", "consent.given"));
  CHECK(refused("consent.grant", "sys.meta"));
  CHECK(refused("\"ck\":\"synced\"", "\"ck\":\"sync\""));
  CHECK(refused("\"coh\":\"2028-11\"", "\"coh\":\"2028-1\""));
  CHECK(refused("\"h\":\"AQID", "\"h\":\"AQID="));
  CHECK(refused("\"c\":[\"", "\"c\":[\"A"));
  CHECK(refused("\"typ\"", "\"typ \""));
  CHECK_FALSE(decode_leaf("").has_value());
  CHECK_FALSE(decode_leaf("[]").has_value());
  CHECK_FALSE(decode_leaf(line + "\n").has_value());
}

TEST_CASE("a commitment binds index, salt and text") {
  const auto salt = testing::numbered(7);
  const auto c = commitment(0, salt, "hello");
  CHECK(c != commitment(1, salt, "hello"));
  CHECK(c != commitment(0, testing::numbered(8), "hello"));
  CHECK(c != commitment(0, salt, "hellp"));
  std::string input = "cf/d1";
  input += '\0';
  input += counterfoil::as_text(salt);
  input += "hello";
  CHECK(c == counterfoil::crypto::sha256(counterfoil::as_bytes(input)));
}

TEST_CASE("entry lines show both, one or no disclosure and come back as they went") {
  testing::LogMaker log;
  log.add_person();
  const Entry full = log.entries().at(1);
  const std::string line = *encode_entry(full);
  CHECK(line.starts_with("{\"d\":[\""));
  CHECK(*decode_entry(line) == full);

  Entry body_only = full;
  body_only.d[0].reset();
  CHECK(encode_entry(body_only)->starts_with("{\"d\":[null,null,\""));
  CHECK(*decode_entry(*encode_entry(body_only)) == body_only);

  Entry bare = full;
  bare.d[0].reset();
  bare.d[1].reset();
  bare.p.reset();
  CHECK(encode_entry(bare)->starts_with("{\"d\":null,\"leaf\":\""));
  CHECK(*decode_entry(*encode_entry(bare)) == bare);

  Entry gone;
  gone.hash = full.hash;
  CHECK(*encode_entry(gone) == "{\"d\":null,\"hash\":\"" + counterfoil::base64url(gone.hash) + "\"}");
  CHECK(*decode_entry(*encode_entry(gone)) == gone);
}

TEST_CASE("entry lines with another shape are refused") {
  testing::LogMaker log;
  log.add_person();
  const Entry full = log.entries().at(1);
  const std::string line = *encode_entry(full);
  const std::string salt = counterfoil::base64url(full.d[0]->salt);
  CHECK_FALSE(decode_entry(with(line, "\"" + salt + "\"", "null")).has_value());
  CHECK_FALSE(decode_entry(with(line, salt, salt.substr(1))).has_value());
  CHECK_FALSE(decode_entry(with(line, "{\"d\":[", "{\"d\":[null,")).has_value());
  CHECK_FALSE(decode_entry(with(line, "\"p\":", "\"q\":")).has_value());
  CHECK_FALSE(decode_entry("{\"d\":[null,null,null,null],\"leaf\":\"x\"}").has_value());
  CHECK_FALSE(decode_entry("{\"d\":null,\"leaf\":\"\"}").has_value());
  CHECK_FALSE(decode_entry("{\"d\":null,\"d\":null,\"leaf\":\"x\"}").has_value());
  CHECK_FALSE(decode_entry("{\"leaf\":\"x\"}").has_value());
  CHECK_FALSE(decode_entry("{\"d\":null,\"hash\":\"AA\"}").has_value());
  CHECK_FALSE(decode_entry("{\"d\":null,\"hash\":\"" + salt + "\",\"leaf\":\"x\"}").has_value());
  Entry bent = full;
  bent.p = counterfoil::Handle{};
  CHECK_FALSE(decode_entry(*encode_entry(bent)).has_value());
  Entry gone = full;
  gone.leaf.clear();
  CHECK_FALSE(encode_entry(gone).has_value());
}

TEST_CASE("a recipient handle shows damage in any of its bits") {
  const counterfoil::Handle handle = recipient_handle({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  CHECK(is_recipient_handle(handle));
  for (std::size_t bit = 0; bit < handle.size() * 8; ++bit) {
    counterfoil::Handle bent = handle;
    bent.at(bit / 8) ^= static_cast<std::uint8_t>(1U << (bit % 8));
    CHECK_FALSE(is_recipient_handle(bent));
  }
}

}  // namespace counterfoil::proof
