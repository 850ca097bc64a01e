// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "counterfoil/proof/receipt.h"

#include "log_maker.h"

#include <doctest/doctest.h>

namespace counterfoil::proof {
using testing::LogMaker;

namespace {

LogMaker small_log() {
  LogMaker log;
  log.fill(77);
  return log;
}

Error error_of(const Receipt& receipt, const LogKey& key) {
  const auto checked = check_receipt(write_receipt(receipt), key);
  return checked ? fail(Code::Internal, "intact") : checked.error();
}

Code code_of(const Receipt& receipt, const LogKey& key) {
  return error_of(receipt, key).code;
}

}  // namespace

TEST_CASE("a receipt goes through its text and opens") {
  const LogMaker log = small_log();
  const Receipt receipt = log.receipt(42);
  const std::string text = write_receipt(receipt);
  CHECK(text.starts_with("c2sp.org/tlog-proof@v1\nextra "));
  CHECK(text.find("\nindex 42\n") != std::string::npos);
  REQUIRE(read_receipt(text));
  CHECK(*read_receipt(text) == receipt);
  const auto checked = check_receipt(text, log.key());
  REQUIRE(checked);
  CHECK(checked->leaf.seq.value == 42);
  CHECK(checked->identity.addresses.at(0).value == "+34600000042");
  CHECK(checked->body == "{\"note\":\"content of 42\"}");
  CHECK(checked->checkpoint.size == 77);
}

TEST_CASE("each demand of a receipt is checked") {
  const LogMaker log = small_log();
  const Receipt good = log.receipt(42);

  Receipt bad = good;
  bad.index = 43;
  CHECK(code_of(bad, log.key()) == Code::Corrupt);
  bad = good;
  bad.proof.at(2)[0] ^= 1;
  CHECK(code_of(bad, log.key()) == Code::Corrupt);
  bad = good;
  bad.proof.pop_back();
  CHECK(code_of(bad, log.key()) == Code::Corrupt);
  bad = good;
  bad.line = log.receipt(43).line;
  CHECK(code_of(bad, log.key()) == Code::Corrupt);
  bad = good;
  bad.disclosures[0].text = log.receipt(43).disclosures[0].text;
  CHECK(error_of(bad, log.key()) ==
        fail(Code::Corrupt, "the receipt was changed: the identity does not open its commitment"));
  bad = good;
  bad.disclosures[1].salt[0] ^= 1;
  CHECK(error_of(bad, log.key()) ==
        fail(Code::Corrupt, "the receipt was changed: the content does not open its commitment"));
  bad = good;
  std::swap(bad.disclosures[0], bad.disclosures[1]);
  CHECK(code_of(bad, log.key()) == Code::Corrupt);
  const LogMaker stranger(testing::kOrigin, 2);
  CHECK(code_of(good, stranger.key()) == Code::WrongKey);
  const LogMaker other("other.example/1");
  CHECK(code_of(good, other.key()) == Code::WrongKey);
}

TEST_CASE("a line that the log signed under another number or name is refused") {
  LogMaker log = small_log();
  // The log's own leaf 42 put at place 43, and then signed: inclusion alone would let it pass.
  log.entries().at(43) = log.entries().at(42);
  const auto renumbered = check_receipt(write_receipt(log.receipt(43)), log.key());
  CHECK(renumbered.error().code == Code::Corrupt);
  CHECK(renumbered.error().detail == "the receipt is wrong: its line is numbered 42, its index is 43");
  LogMaker other("other.example/1");
  other.fill(77);
  log.entries().at(43) = other.entries().at(43);
  CHECK(check_receipt(write_receipt(log.receipt(43)), log.key()).error().code == Code::WrongKey);
}

TEST_CASE("any flipped bit of a receipt is refused") {
  const LogMaker log = small_log();
  const std::string text = write_receipt(log.receipt(9));
  for (std::size_t i = 0; i < text.size(); i += 3) {
    std::string bent = text;
    bent[i] = static_cast<char>(bent[i] ^ (1 << (i % 7)));
    REQUIRE_FALSE(check_receipt(bent, log.key()).has_value());
  }
  for (std::size_t n = 0; n < text.size(); n += 43)
    REQUIRE_FALSE(check_receipt(std::string_view(text).substr(0, n), log.key()).has_value());
}

TEST_CASE("a receipt must carry everything") {
  const LogMaker log = small_log();
  std::string text = write_receipt(log.receipt(9));
  const std::size_t extra = text.find("extra ");
  std::string without = text;
  without.erase(extra, text.find('\n', extra) - extra + 1);
  CHECK(check_receipt(without, log.key()).error().detail == "not a receipt: the line \"extra\" is missing");
  Entry entry;
  entry.leaf = log.receipt(9).line;
  entry.d[1] = log.receipt(9).disclosures[1];
  const std::string partial = counterfoil::base64(counterfoil::as_bytes(*encode_entry(entry)));
  std::string withheld = text;
  withheld.replace(extra + 6, text.find('\n', extra) - extra - 6, partial);
  CHECK(check_receipt(withheld, log.key()).error().detail ==
        "not a receipt: it must carry the line, both salts and both disclosures");
  CHECK_FALSE(read_receipt(std::string(300 * 1024, 'x')).has_value());
}

}  // namespace counterfoil::proof
