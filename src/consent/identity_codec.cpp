// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Disclosure 0: addresses in the order of (kind, value), by bytes.
#include "base/limits.h"
#include "consent/body_rules.h"
#include "consent/members.h"
#include "counterfoil/consent/event.h"

#include <algorithm>

namespace counterfoil::consent {
namespace {

bool address_before(const Address& a, const Address& b) {
  if (a.kind != b.kind) return address_kind_name(a.kind) < address_kind_name(b.kind);
  return a.value < b.value;
}

Result<Address> read_address(const json::Object& object) {
  Members members(object, "identity address");
  Address out;
  CF_TRY(const std::string kind_text, members.text("kind"));
  const auto kind = address_kind_from_name(kind_text);
  if (!kind) return members.bad("kind", "is unknown");
  out.kind = *kind;
  CF_TRY(const std::string proof_text, members.text("proof"));
  const auto proof = evidence_from_name(proof_text);
  if (!proof) return members.bad("proof", "is unknown");
  out.proof = *proof;
  CF_TRY(out.value, members.text("value"));
  CF_CHECK(members.done());
  return out;
}

}  // namespace

Result<std::string> encode_identity(const Identity& identity) {
  CF_CHECK(check_identity(identity));
  std::vector<Address> sorted = identity.addresses;
  std::sort(sorted.begin(), sorted.end(), address_before);
  json::Array addresses;
  for (const Address& a : sorted) {
    addresses.emplace_back(json::Object{
        {"kind", address_kind_name(a.kind)}, {"proof", evidence_name(a.proof)}, {"value", a.value}});
  }
  json::Object out = {{"addresses", std::move(addresses)}};
  if (!identity.language.empty()) out.emplace("language", identity.language);
  return json::write(std::move(out));
}

Result<Identity> decode_identity(std::string_view canonical) {
  CF_TRY(const json::Value value, json::read(canonical, {.bytes_max = limits::kDisclosureBytesMax}));
  if (value.object() == nullptr) return fail(Code::BadInput, "identity: not an object");
  Members members(*value.object(), "identity");
  Identity out;
  CF_TRY(const json::Array* addresses, members.array("addresses"));
  for (const json::Value& item : *addresses) {
    if (item.object() == nullptr) return members.bad("addresses", "must be a list of objects");
    CF_TRY(Address address, read_address(*item.object()));
    if (!out.addresses.empty() && !address_before(out.addresses.back(), address))
      return members.bad("addresses", "must be sorted and unique");
    out.addresses.push_back(std::move(address));
  }
  CF_TRY(out.language, members.text_or_none("language"));
  CF_CHECK(members.done());
  CF_CHECK(check_identity(out));
  return out;
}

}  // namespace counterfoil::consent
