// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "counterfoil/proof/leaf.h"

#include "base/limits.h"
#include "counterfoil/proof/note.h"
#include "crypto/crypto.h"

#include <algorithm>
#include <initializer_list>

namespace counterfoil::proof {
namespace {

constexpr std::int64_t kNumberMax = (std::int64_t{1} << 53) - 1;
constexpr std::int64_t kVersion = 1;

Error not_a_leaf(std::string_view why) {
  return fail(Code::BadInput, "not a leaf: " + std::string(why));
}

bool is_digits(std::string_view s) {
  return !s.empty() && std::all_of(s.begin(), s.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// "2028-11" or "2028-11-22".
bool is_cohort(std::string_view s) {
  if (s.size() != 7 && s.size() != 10) return false;
  if (!is_digits(s.substr(0, 4)) || s[4] != '-' || !is_digits(s.substr(5, 2))) return false;
  const std::string_view month = s.substr(5, 2);
  if (month < "01" || month > "12") return false;
  if (s.size() == 7) return true;
  const std::string_view day = s.substr(8);
  return s[7] == '-' && is_digits(day) && day >= "01" && day <= "31";
}

bool is_boot_id(std::string_view s) {
  return s.size() == 32 && std::all_of(s.begin(), s.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

// The rules that a line and a struct share; encode and decode both end here.
Status check_leaf(const Leaf& leaf) {
  if (!is_origin(leaf.log)) return not_a_leaf("\"log\" is no log name");
  if (leaf.seq.value > static_cast<std::uint64_t>(kNumberMax)) return not_a_leaf("\"seq\" is out of range");
  if (leaf.t < 0 || leaf.t > kNumberMax) return not_a_leaf("\"t\" is out of range");
  if (leaf.bt_ms < 0 || leaf.bt_ms > kNumberMax) return not_a_leaf("\"bt\" is out of range");
  if (!is_boot_id(leaf.boot)) return not_a_leaf("\"boot\" must be 32 lower-case hexadecimal digits");
  const bool person = consent::is_person_event(leaf.typ);
  if (person != leaf.person.has_value() || person == leaf.body.has_value())
    return not_a_leaf("its members do not fit its type");
  if (person) {
    if (!is_cohort(leaf.person->coh)) return not_a_leaf("\"coh\" must be a month or a day");
    if (!consent::is_name(leaf.person->rc)) return not_a_leaf("\"rc\" is no retention class");
  } else if (leaf.body->object() == nullptr) {
    return not_a_leaf("\"body\" must be an object");
  }
  return {};
}

template <std::size_t N>
Result<std::array<std::uint8_t, N>> bytes_of(const json::Value& value, std::string_view name) {
  const std::string* text = value.string();
  const Result<Bytes> bytes = text == nullptr ? Result<Bytes>(Error{}) : from_base64url(*text);
  if (!bytes || bytes->size() != N)
    return not_a_leaf("\"" + std::string(name) + "\" must be the base64url of " + std::to_string(N) +
                      " bytes");
  return exactly<N>(*bytes);
}

template <std::size_t N>
Result<std::array<std::uint8_t, N>> bytes_at(const json::Value& value, std::string_view key) {
  const json::Value* member = value.find(key);
  if (member == nullptr) return not_a_leaf("\"" + std::string(key) + "\" is missing");
  return bytes_of<N>(*member, key);
}

Result<PersonPart> decode_person(const json::Value& value) {
  PersonPart out;
  const json::Value* member = value.find("c");
  const json::Array* c = member == nullptr ? nullptr : member->array();
  if (c == nullptr || c->size() != 2) return not_a_leaf("\"c\" must be two commitments");
  for (std::size_t i = 0; i < 2; ++i) {
    CF_TRY(out.c.at(i), bytes_of<32>((*c)[i], "c"));
  }
  CF_TRY(out.coh, value.string_at("coh"));
  CF_TRY(out.h, bytes_at<16>(value, "h"));
  CF_TRY(out.rc, value.string_at("rc"));
  return out;
}

void put_member(std::string& out, std::string_view name, std::string_view text) {
  out += '"';
  out += name;
  out += "\":\"";
  out += text;
  out += '"';
}

void put_member(std::string& out, std::string_view name, std::uint64_t number) {
  out += '"';
  out += name;
  out += "\":";
  out += std::to_string(number);
}

bool has_exactly(const json::Object& object, std::initializer_list<std::string_view> keys) {
  // Both are sorted and unique.
  return std::equal(object.begin(), object.end(), keys.begin(), keys.end(),
                    [](const auto& have, std::string_view want) { return have.first == want; });
}

}  // namespace

Result<std::string> encode_leaf(const Leaf& leaf) {
  CF_CHECK(check_leaf(leaf));
  // check_leaf leaves only characters that need no escape, so the members can be joined in sorted order.
  std::string out = "{";
  if (leaf.body) {
    CF_TRY(const std::string body, json::write(*leaf.body));
    out += "\"body\":" + body + ",";
  }
  put_member(out, "boot", leaf.boot);
  out += ',';
  put_member(out, "bt", static_cast<std::uint64_t>(leaf.bt_ms));
  out += ',';
  if (leaf.person) {
    out += "\"c\":[\"" + base64url(leaf.person->c[0]) + "\",\"" + base64url(leaf.person->c[1]) + "\"],";
  }
  put_member(out, "ck", clock_state_name(leaf.ck));
  out += ',';
  if (leaf.person) {
    put_member(out, "coh", leaf.person->coh);
    out += ',';
    put_member(out, "h", base64url(leaf.person->h));
    out += ',';
  }
  put_member(out, "log", leaf.log);
  out += ',';
  if (leaf.person) {
    put_member(out, "rc", leaf.person->rc);
    out += ',';
  }
  put_member(out, "seq", leaf.seq.value);
  out += ',';
  put_member(out, "t", static_cast<std::uint64_t>(leaf.t));
  out += ',';
  put_member(out, "typ", consent::event_name(leaf.typ));
  out += ',';
  put_member(out, "v", static_cast<std::uint64_t>(kVersion));
  out += '}';
  if (out.size() > limits::kLeafLineBytesMax) return fail(Code::Limit, "a leaf line is too long");
  return out;
}

Result<Leaf> decode_leaf(std::string_view line) {
  CF_TRY(const json::Value value, json::read(line, {.bytes_max = limits::kLeafLineBytesMax,
                                                    .depth_max = 8,
                                                    .values_max = limits::kLeafValuesMax}));
  if (value.object() == nullptr) return not_a_leaf("it is no object");
  Leaf out;
  CF_TRY(const std::string type, value.string_at("typ"));
  const auto typ = consent::event_from_name(type);
  if (!typ) return not_a_leaf("\"typ\" is not in the table of events");
  out.typ = *typ;
  const bool person = consent::is_person_event(out.typ);
  if (person ? !has_exactly(*value.object(),
                            {"boot", "bt", "c", "ck", "coh", "h", "log", "rc", "seq", "t", "typ", "v"})
             : !has_exactly(*value.object(), {"body", "boot", "bt", "ck", "log", "seq", "t", "typ", "v"}))
    return not_a_leaf("its members do not fit its type");
  CF_TRY(const std::int64_t version, value.integer_at("v"));
  if (version != kVersion) return not_a_leaf("\"v\" must be 1");
  CF_TRY(out.log, value.string_at("log"));
  CF_TRY(const std::int64_t seq, value.integer_at("seq"));
  if (seq < 0) return not_a_leaf("\"seq\" is out of range");
  out.seq.value = static_cast<std::uint64_t>(seq);
  CF_TRY(out.t, value.integer_at("t"));
  CF_TRY(const std::string clock, value.string_at("ck"));
  const auto ck = clock_state_from_name(clock);
  if (!ck) return not_a_leaf("\"ck\" is no clock state");
  out.ck = *ck;
  CF_TRY(out.boot, value.string_at("boot"));
  CF_TRY(out.bt_ms, value.integer_at("bt"));
  if (person) {
    CF_TRY(out.person, decode_person(value));
  } else {
    out.body = *value.find("body");
  }
  CF_CHECK(check_leaf(out));
  return out;
}

Hash commitment(std::uint8_t index, const Hash& salt, std::string_view disclosure) {
  constexpr std::string_view kLabel = "cf/d1";
  Bytes input;
  input.reserve(kLabel.size() + 1 + salt.size() + disclosure.size());
  input.insert(input.end(), kLabel.begin(), kLabel.end());
  input.push_back(index);
  input.insert(input.end(), salt.begin(), salt.end());
  input.insert(input.end(), disclosure.begin(), disclosure.end());
  return crypto::sha256(input);
}

}  // namespace counterfoil::proof
