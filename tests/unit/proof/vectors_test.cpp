// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Replays tests/vectors, which a second implementation made from FORMAT.md alone, and which others published.
#include "counterfoil/base/canonical_json.h"
#include "counterfoil/proof/receipt.h"
#include "counterfoil/proof/tree.h"
#include "counterfoil/proof/twin.h"
#include "log_maker.h"

#include <doctest/doctest.h>

#include <functional>
#include <map>

namespace counterfoil::proof {

namespace {

// Calls back for each case of a file; returns how many there were.
int replay(const std::string& name, const std::function<void(const json::Value&)>& each) {
  const std::string text = testing::read_text(std::string(CF_SOURCE_DIR) + "/tests/vectors/" + name);
  int count = 0;
  for (std::size_t at = 0; at < text.size(); ++count) {
    const std::size_t end = text.find('\n', at);
    REQUIRE(end != std::string::npos);
    const auto value = json::read(std::string_view(text).substr(at, end - at));
    REQUIRE(value);
    const auto why = value->string_at("why");
    INFO(name << " case " << count << " " << (why ? *why : ""));
    each(*value);
    at = end + 1;
  }
  return count;
}

bool expected_ok(const json::Value& value) {
  const json::Value* ok = value.find("ok");
  REQUIRE(ok != nullptr);
  const bool* flag = ok->boolean();
  REQUIRE(flag != nullptr);
  return *flag;
}

std::string text_of(const json::Value& value, std::string_view key) {
  const auto text = value.string_at(key);
  REQUIRE(text);
  return *text;
}

std::uint64_t number_of(const json::Value& value, std::string_view key) {
  const auto number = value.integer_at(key);
  REQUIRE(number);
  return static_cast<std::uint64_t>(*number);
}

Hash hash_from(std::string_view text) {
  const auto bytes = counterfoil::from_base64url(text);
  REQUIRE(bytes);
  const auto hash = counterfoil::exactly<32>(*bytes);
  REQUIRE(hash);
  return *hash;
}

Hash hash_of(const json::Value& value, std::string_view key) {
  return hash_from(text_of(value, key));
}

LogKey vector_key() {
  const auto key = log_key_from_pem(
      testing::read_text(std::string(CF_SOURCE_DIR) + "/tests/vectors/log-key.pem"), "vectors.example/log/1");
  REQUIRE(key);
  return *key;
}

}  // namespace

TEST_CASE("vectors of leaves") {
  CHECK(replay("leaves.ndjson", [](const json::Value& v) {
          const std::string line = text_of(v, "line");
          const auto leaf = decode_leaf(line);
          CHECK(leaf.has_value() == expected_ok(v));
          if (!leaf) return;
          CHECK(*encode_leaf(*leaf) == line);
          CHECK(leaf_hash(line) == hash_of(v, "hash"));
        }) == 25);
}

TEST_CASE("vectors of commitments") {
  CHECK(replay("commitments.ndjson", [](const json::Value& v) {
          CHECK(commitment(static_cast<std::uint8_t>(number_of(v, "i")), hash_of(v, "salt"),
                           text_of(v, "text")) == hash_of(v, "c"));
        }) == 4);
}

TEST_CASE("vectors of entries") {
  CHECK(replay("entries.ndjson", [](const json::Value& v) {
          const std::string line = text_of(v, "line");
          const auto entry = decode_entry(line);
          CHECK(entry.has_value() == expected_ok(v));
          if (entry) CHECK(*encode_entry(*entry) == line);
        }) == 15);
}

TEST_CASE("vectors of the tree") {
  std::vector<Hash> leaves;
  for (int i = 0; i < 300; ++i) leaves.push_back(leaf_hash("leaf " + std::to_string(i)));
  const NodeReader nodes = testing::nodes_of(leaves);
  const auto each = [&](const json::Value& v) {
    const std::string kind = text_of(v, "kind");
    const std::uint64_t size = number_of(v, "size");
    const Hash root = hash_of(v, "root");
    if (kind == "root") {
      CHECK(*root_at(size, nodes) == root);
      return;
    }
    std::vector<Hash> proof;
    const auto texts = v.strings_at("proof");
    REQUIRE(texts);
    for (const std::string& text : *texts) proof.push_back(hash_from(text));
    const bool ok = expected_ok(v);
    if (kind == "inclusion") {
      const std::uint64_t index = number_of(v, "index");
      CHECK(verify_inclusion(hash_of(v, "leaf"), index, size, proof, root).has_value() == ok);
      CHECK((*inclusion_proof(index, size, nodes) == proof) == ok);
    } else {
      const std::uint64_t old_size = number_of(v, "old_size");
      CHECK(verify_consistency(old_size, size, hash_of(v, "old"), root, proof).has_value() == ok);
      CHECK((*consistency_proof(old_size, size, nodes) == proof) == ok);
    }
  };
  CHECK(replay("tree.ndjson", each) > 100);
}

TEST_CASE("published vectors of the tree, which are not ours") {
  std::vector<Hash> leaves;
  std::map<std::uint64_t, Hash> roots;
  NodeReader nodes;
  const auto unhex = [](std::string_view text) {
    return *counterfoil::exactly<32>(*counterfoil::from_hex(text));
  };
  const auto each = [&](const json::Value& v) {
    const std::string kind = text_of(v, "kind");
    if (kind == "leaf") {
      leaves.push_back(leaf_hash(counterfoil::as_text(*counterfoil::from_hex(text_of(v, "data")))));
      nodes = testing::nodes_of(leaves);
      return;
    }
    const std::uint64_t size = number_of(v, "size");
    if (kind == "root") {
      roots[size] = unhex(text_of(v, "root"));
      Frontier frontier;
      for (std::uint64_t i = 0; i < size; ++i) frontier.push(leaves.at(i));
      CHECK(frontier.root() == roots[size]);
      CHECK(*root_at(size, nodes) == roots[size]);
      return;
    }
    std::vector<Hash> proof;
    const auto texts = v.strings_at("proof");
    REQUIRE(texts);
    for (const std::string& text : *texts) proof.push_back(unhex(text));
    if (kind == "inclusion") {
      const std::uint64_t index = number_of(v, "index");
      CHECK(*inclusion_proof(index, size, nodes) == proof);
      CHECK(verify_inclusion(leaves.at(index), index, size, proof, roots.at(size)));
    } else {
      const std::uint64_t old_size = number_of(v, "old_size");
      CHECK(*consistency_proof(old_size, size, nodes) == proof);
      CHECK(verify_consistency(old_size, size, roots.at(old_size), roots.at(size), proof));
    }
  };
  CHECK(replay("published-tree.ndjson", each) == 27);
}

TEST_CASE("vectors of notes") {
  const LogKey key = vector_key();
  CHECK(replay("notes.ndjson", [&](const json::Value& v) {
          const auto opened = open_checkpoint(text_of(v, "note"), key);
          CHECK(opened.has_value() == expected_ok(v));
          if (!opened) return;
          CHECK(opened->size == number_of(v, "size"));
          CHECK(opened->root == hash_of(v, "root"));
        }) == 13);
}

TEST_CASE("vectors of receipts") {
  const LogKey key = vector_key();
  CHECK(replay("receipts.ndjson", [&](const json::Value& v) {
          const std::string text = text_of(v, "receipt");
          const auto checked = check_receipt(text, key);
          CHECK(checked.has_value() == expected_ok(v));
          if (!checked) return;
          CHECK(checked->leaf.seq.value == number_of(v, "index"));
          CHECK(write_receipt(*read_receipt(text)) == text);
        }) == 10);
}

TEST_CASE("vectors of twins") {
  const LogKey key = vector_key();
  CHECK(replay("twins.ndjson", [&](const json::Value& v) {
          const auto receipt = check_receipt(text_of(v, "receipt"), key);
          REQUIRE(receipt);
          CHECK(check_twin(text_of(v, "jws"), *receipt, key).has_value() == expected_ok(v));
        }) == 31);
}

}  // namespace counterfoil::proof
