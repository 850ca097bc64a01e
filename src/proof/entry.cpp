// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "base/limits.h"
#include "counterfoil/proof/leaf.h"
#include "counterfoil/proof/tree.h"
#include "crypto/crypto.h"

#include <algorithm>

namespace counterfoil::proof {
namespace {

constexpr std::size_t kHandleRandomBytes = 12;

Error not_an_entry(std::string_view why) {
  return fail(Code::BadInput, "not an entry: " + std::string(why));
}

template <std::size_t N>
Result<std::array<std::uint8_t, N>> entry_bytes(const json::Value& value, std::string_view name) {
  const std::string* text = value.string();
  const Result<Bytes> bytes = text == nullptr ? Result<Bytes>(Error{}) : from_base64url(*text);
  if (!bytes || bytes->size() != N)
    return not_an_entry("\"" + std::string(name) + "\" must be the base64url of " + std::to_string(N) +
                        " bytes");
  return exactly<N>(*bytes);
}

// Salt and text of one disclosure: both or neither.
Result<std::optional<Entry::Disclosure>> decode_disclosure(const json::Value& salt, const json::Value& text) {
  if (salt.is_null() && text.is_null()) return std::optional<Entry::Disclosure>();
  if (salt.is_null() || text.is_null()) return not_an_entry("a disclosure and its salt come together");
  Entry::Disclosure out;
  CF_TRY(out.salt, entry_bytes<32>(salt, "d"));
  const Result<Bytes> bytes =
      text.string() == nullptr ? Result<Bytes>(Error{}) : from_base64url(*text.string());
  if (!bytes) return not_an_entry("a disclosure must be base64url");
  if (bytes->size() > limits::kDisclosureBytesMax) return not_an_entry("a disclosure is too long");
  out.text = as_text(*bytes);
  return std::optional(std::move(out));
}

Status decode_disclosures(const json::Value& value, Entry& entry) {
  if (value.is_null()) return {};
  const json::Array* array = value.array();
  if (array == nullptr || array->size() != 4) return not_an_entry("\"d\" must have four elements");
  CF_TRY(entry.d[0], decode_disclosure((*array)[0], (*array)[1]));
  CF_TRY(entry.d[1], decode_disclosure((*array)[2], (*array)[3]));
  // One spelling only: nothing shown is written as null.
  if (!entry.d[0] && !entry.d[1]) return not_an_entry("\"d\" shows nothing and must be null");
  return {};
}

void append_bytes_value(std::string& out, ByteView bytes) {
  out += '"';
  append_base64url(out, bytes);
  out += '"';
}

void append_disclosures(std::string& out, const Entry& entry) {
  if (!entry.d[0] && !entry.d[1]) {
    out += "null";
    return;
  }
  char separator = '[';
  for (const auto& disclosure : entry.d) {
    out += separator;
    separator = ',';
    if (disclosure) {
      append_bytes_value(out, disclosure->salt);
      out += ',';
      append_bytes_value(out, as_bytes(disclosure->text));
    } else {
      out += "null,null";
    }
  }
  out += ']';
}

// Room for the line, so that it grows once: base64 adds a third, and a leaf's quotes are escaped.
std::size_t room_for(const Entry& entry) {
  constexpr std::size_t kNamesAndSalts = 256;
  std::size_t out = kNamesAndSalts + entry.leaf.size() * 3 / 2;
  for (const auto& disclosure : entry.d)
    if (disclosure) out += disclosure->text.size() * 4 / 3;
  return out;
}

Hash handle_check(ByteView random) {
  constexpr std::string_view kLabel = "cf/p1";
  Bytes input(kLabel.begin(), kLabel.end());
  input.insert(input.end(), random.begin(), random.end());
  return crypto::sha256(input);
}

}  // namespace

Handle recipient_handle(const std::array<std::uint8_t, 12>& random) {
  const Hash check = handle_check(random);
  Handle out{};
  std::copy(random.begin(), random.end(), out.begin());
  std::copy_n(check.begin(), out.size() - random.size(), out.begin() + kHandleRandomBytes);
  return out;
}

bool is_recipient_handle(const Handle& handle) {
  const Hash check = handle_check(ByteView(handle).first(kHandleRandomBytes));
  return std::equal(handle.begin() + kHandleRandomBytes, handle.end(), check.begin());
}

// Written member by member: a pull writes every line of the log, and a tree of values for each would cost as
// much as opening the record.
Result<std::string> encode_entry(const Entry& entry) {
  std::string out;
  out.reserve(room_for(entry));
  out += R"({"d":)";
  if (entry.deleted()) {
    if (entry.d[0] || entry.d[1] || entry.p)
      return not_an_entry("a deleted leaf shows its hash and nothing else");
    out += R"(null,"hash":)";
    append_bytes_value(out, entry.hash);
    out += '}';
    return out;
  }
  if (entry.leaf.size() > limits::kLeafLineBytesMax) return fail(Code::Limit, "a leaf line is too long");
  for (const auto& disclosure : entry.d)
    if (disclosure && disclosure->text.size() > limits::kDisclosureBytesMax)
      return fail(Code::Limit, "a disclosure is too long");
  append_disclosures(out, entry);
  out += R"(,"leaf":)";
  CF_CHECK(json::append_string(out, entry.leaf));
  if (entry.p) {
    out += R"(,"p":)";
    append_bytes_value(out, *entry.p);
  }
  out += '}';
  return out;
}

Result<Entry> decode_entry(std::string_view line) {
  CF_TRY(const json::Value value,
         json::read(line, {.bytes_max = limits::kEntryLineBytesMax, .depth_max = 3, .values_max = 16}));
  const json::Value* d = value.find("d");
  if (d == nullptr) return not_an_entry("\"d\" is missing");
  const std::size_t members = value.object()->size();
  Entry out;
  if (const json::Value* hash = value.find("hash")) {
    if (members != 2 || !d->is_null()) return not_an_entry("a deleted leaf shows its hash and nothing else");
    CF_TRY(out.hash, entry_bytes<32>(*hash, "hash"));
    return out;
  }
  CF_TRY(out.leaf, value.string_at("leaf"));
  if (out.leaf.empty()) return not_an_entry("\"leaf\" is empty");
  CF_CHECK(decode_disclosures(*d, out));
  const json::Value* p = value.find("p");
  if (members != (p == nullptr ? 2U : 3U)) return not_an_entry("it has unknown members");
  if (p != nullptr) {
    CF_TRY(out.p, entry_bytes<16>(*p, "p"));
    if (!is_recipient_handle(*out.p)) return not_an_entry("the check bytes of \"p\" are wrong");
  }
  out.hash = leaf_hash(out.leaf);
  return out;
}

}  // namespace counterfoil::proof
