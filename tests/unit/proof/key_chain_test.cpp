// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// V9 after a change of the log's key: whoever pinned the first key follows the lines that vouch for later
// ones.
#include "counterfoil/proof/key_chain.h"

#include "counterfoil/proof/jws.h"
#include "counterfoil/proof/twin.h"
#include "crypto/crypto.h"
#include "twin_maker.h"

#include <doctest/doctest.h>

#include <functional>

namespace counterfoil::proof::testing {
namespace {

using crypto::SigningKey;

SigningKey key_of(std::uint8_t seed) {
  Bytes scalar(32, seed);
  return std::move(*SigningKey::from_scalar(scalar));
}

json::Object change_of(const SigningKey& key, const SigningKey& by, std::uint64_t seq,
                       std::string state = "add", std::string_view origin = kOrigin) {
  const std::string statement = key_statement(origin, key.public_key().spki_sha256(), seq);
  return {{"by", base64url(by.public_key().spki_sha256())},
          {"key", base64url(key.spki())},
          {"sig_by", base64url(by.sign(as_bytes(statement)))},
          {"sig_self", base64url(key.sign(as_bytes(statement)))},
          {"state", std::move(state)}};
}

void add_change(LogMaker& log, json::Object body) {
  log.add_log(consent::EventType::SysKey, std::move(body));
}

std::string note_by(const LogMaker& log, const std::vector<const SigningKey*>& keys) {
  std::string out;
  for (const SigningKey* key : keys) {
    const LogKey log_key{kOrigin, key->spki()};
    const auto note = sign_checkpoint(log.checkpoint(), log_key, [&](std::string_view text) -> Result<Bytes> {
      return key->sign(as_bytes(text));
    });
    REQUIRE(note);
    out += out.empty() ? *note : note->substr(note->find("\n\n") + 2);
  }
  return out;
}

std::vector<Finding> findings_of(const LogMaker& log, const std::string& note) {
  Verifier verifier(log.key());
  for (const auto& line : log.lines()) verifier.feed(line);
  const auto done = verifier.finish(note);
  CHECK(done.has_value() == verifier.findings().empty());
  return verifier.findings();
}

std::string first_text(const std::vector<Finding>& findings) {
  return findings.empty() ? "intact" : findings.front().rule + ": " + findings.front().text;
}

}  // namespace

TEST_CASE("V9 - a key that a valid one vouched for signs on, and the first key still proves the log") {
  LogMaker log;
  log.fill(20);
  const SigningKey second = key_of(2);
  const SigningKey third = key_of(3);
  CHECK(first_text(findings_of(log, note_by(log, {&second}))) ==
        "V1: the checkpoint is signed by another key");
  add_change(log, change_of(second, log.signing(), log.size()));
  CHECK(first_text(findings_of(log, note_by(log, {&log.signing(), &second}))) == "intact");
  CHECK(first_text(findings_of(log, note_by(log, {&second}))) == "intact");
  CHECK(first_text(findings_of(log, note_by(log, {&third}))) ==
        "V1: the checkpoint is signed by another key");
  add_change(log, change_of(log.signing(), second, log.size(), "retire"));
  CHECK(first_text(findings_of(log, note_by(log, {&second}))) == "intact");
  CHECK(first_text(findings_of(log, note_by(log, {&log.signing(), &second}))) == "intact");
  CHECK(first_text(findings_of(log, note_by(log, {&log.signing()}))) ==
        "V1: the checkpoint is signed by a key that the log has retired");
  add_change(log, change_of(third, second, log.size()));
  log.fill(60);
  CHECK(first_text(findings_of(log, note_by(log, {&third}))) == "intact");
}

TEST_CASE("V9 - a key that nobody may vouch for is no key of the log") {
  LogMaker log;
  log.fill(20);
  const SigningKey second = key_of(2);
  const SigningKey stranger = key_of(9);
  const std::uint64_t seq = log.size();
  json::Object body;
  std::string why;
  SUBCASE("a stranger vouches") {
    body = change_of(second, stranger, seq);
    why = "no valid key of the log vouches for it";
  }
  SUBCASE("it vouches for itself") {
    body = change_of(second, second, seq);
    why = "no valid key of the log vouches for it";
  }
  SUBCASE("the vouching signature is forged") {
    body = change_of(second, log.signing(), seq);
    body["sig_by"] = change_of(second, stranger, seq)["sig_by"];
    why = "sig_by does not verify";
  }
  SUBCASE("it did not prove itself") {
    body = change_of(second, log.signing(), seq);
    body["sig_self"] = body["sig_by"];
    why = "sig_self does not verify";
  }
  SUBCASE("a statement of another line is replayed") {
    body = change_of(second, log.signing(), seq - 1);
    why = "sig_by does not verify";
  }
  SUBCASE("a statement of another log is replayed") {
    body = change_of(second, log.signing(), seq, "add", "other.example/demo/1");
    why = "sig_by does not verify";
  }
  SUBCASE("the key is no point of the curve") {
    body = change_of(second, log.signing(), seq);
    Bytes spki = second.spki();
    spki.back() ^= 1;
    body["key"] = base64url(spki);
    why = "the public key is not a point of P-256";
  }
  SUBCASE("another member") {
    body = change_of(second, log.signing(), seq);
    body["more"] = 1;
    why = "it has other members";
  }
  SUBCASE("another state") {
    body = change_of(second, log.signing(), seq, "lend");
    why = "its state is no word for keys";
  }
  SUBCASE("a key that never was there is retired") {
    body = change_of(second, log.signing(), seq, "retire");
    why = "it retires a key that is not valid";
  }
  add_change(log, std::move(body));
  const std::string says = "line 20 is no valid change of keys (" + why + ")";
  CHECK(first_text(findings_of(log, log.note())) == "V9: " + says);
  const auto by_second = findings_of(log, note_by(log, {&second}));
  REQUIRE_FALSE(by_second.empty());
  CHECK(by_second.front().rule == "V1");
}

TEST_CASE("V9 - a retired key vouches for nobody and does not come back") {
  LogMaker log;
  log.fill(20);
  const SigningKey second = key_of(2);
  const SigningKey third = key_of(3);
  add_change(log, change_of(second, log.signing(), log.size()));
  add_change(log, change_of(log.signing(), second, log.size(), "retire"));
  const std::uint64_t seq = log.size();
  std::string why;
  SUBCASE("it vouches") {
    add_change(log, change_of(third, log.signing(), seq));
    why = "no valid key of the log vouches for it";
  }
  SUBCASE("it comes back") {
    add_change(log, change_of(log.signing(), second, seq));
    why = "it adds a key that was there before";
  }
  SUBCASE("it is retired twice") {
    add_change(log, change_of(log.signing(), second, seq, "retire"));
    why = "it retires a key that is not valid";
  }
  SUBCASE("the last valid one retires itself") {
    add_change(log, change_of(second, second, seq, "retire"));
    why = "no valid key of the log vouches for it";
  }
  CHECK(first_text(findings_of(log, note_by(log, {&second}))) ==
        "V9: line " + std::to_string(seq) + " is no valid change of keys (" + why + ")");
}

TEST_CASE("a chain of keys tells which of them are valid") {
  const LogMaker log;
  const SigningKey second = key_of(2);
  KeyChain chain(log.key());
  REQUIRE(chain.follow(change_of(second, log.signing(), 1), 1));
  CHECK(chain.valid() ==
        std::vector{log.signing().public_key().spki_sha256(), second.public_key().spki_sha256()});
  REQUIRE(chain.follow(change_of(log.signing(), second, 2, "retire"), 2));
  CHECK(chain.valid() == std::vector{second.public_key().spki_sha256()});
}

TEST_CASE("V9 - a wrong signature of any valid key refuses the note") {
  LogMaker log;
  log.fill(20);
  const SigningKey second = key_of(2);
  add_change(log, change_of(second, log.signing(), log.size()));
  const std::string honest = note_by(log, {&log.signing()});
  log.fill(30);
  const std::string later = note_by(log, {&second});
  const std::string mixed = note_by(log, {&log.signing()}) + honest.substr(honest.find("\n\n") + 2);
  CHECK(first_text(findings_of(log, mixed)) ==
        "V1: the checkpoint was changed: its signature does not verify");
  const std::string stale = later + honest.substr(honest.find("\n\n") + 2);
  CHECK(first_text(findings_of(log, stale)) ==
        "V1: the checkpoint was changed: its signature does not verify");
}

TEST_CASE("a bundle whose checkpoint has the new key's signature only is intact for the first key") {
  const TempFolder folder;
  LogMaker log;
  log.fill(300);
  const SigningKey second = key_of(2);
  add_change(log, change_of(second, log.signing(), log.size()));
  log.fill(520);
  write_bundle(folder.path(), kOrigin, note_by(log, {&second}), log.lines());
  const auto report = verify_bundle(folder.path(), log.pem(), kOrigin);
  REQUIRE(report);
  CHECK_MESSAGE(report->intact(), first_text(report->findings));
}

TEST_CASE("a receipt under a later key opens along the lines that its record carries") {
  LogMaker log;
  log.fill(20);
  const std::uint64_t seq = add_grant(log, {"offers"});
  const SigningKey second = key_of(2);
  const SigningKey stranger = key_of(9);
  const std::string too_early = note_by(log, {&second});
  add_change(log, change_of(second, log.signing(), log.size()));
  const std::string line = log.entries().back().leaf;
  Receipt receipt = log.receipt(seq);
  receipt.checkpoint = note_by(log, {&second});
  const std::string text = write_receipt(receipt);
  const auto twin_with = [&](const json::Array& lines) {
    json::Object record = record_of(log, seq);
    record[std::string(kTwinKeys)] = lines;
    const auto sign = [&](std::string_view m) -> Result<Bytes> { return second.sign(as_bytes(m)); };
    return sign_jws(json::Value(record), kTwinType, {kOrigin, second.spki()}, sign).value();
  };
  const std::string twin = twin_with({line});
  const auto keys = keys_of_twin(twin, log.key());
  REQUIRE(keys);
  const auto checked = check_receipt(text, *keys);
  REQUIRE(checked);
  CHECK(check_twin(twin, *checked, *keys));
  CHECK(check_receipt(text, log.key()).error().code == Code::WrongKey);
  CHECK(check_twin(twin, *checked, log.key()).error().code == Code::WrongKey);
  CHECK_MESSAGE(!keys->open(too_early), "it signed a log that did not have its line yet");

  LogMaker other("other.example/demo/1");
  other.fill(20);
  add_change(other, change_of(second, other.signing(), other.size(), "add", "other.example/demo/1"));
  LogMaker forged;
  forged.fill(20);
  add_change(forged, change_of(second, stranger, forged.size()));
  for (const json::Array& lines :
       {json::Array{line, line}, json::Array{log.entries()[0].leaf}, json::Array{line.substr(1)},
        json::Array{other.entries().back().leaf}, json::Array{forged.entries().back().leaf}})
    CHECK(keys_of_twin(twin_with(lines), log.key()).error().code == Code::BadInput);
}

}  // namespace counterfoil::proof::testing
