// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "ledger/key_tree.h"

#include "counterfoil/proof/leaf.h"
#include "crypto/crypto.h"
#include "ledger/byte_order.h"

#include <algorithm>
#include <string>

namespace counterfoil::ledger {
namespace {

// Names never hold a zero byte, so parts joined by one cannot be read in two ways.
std::string info_of(std::string_view what, std::string_view origin, std::uint64_t number) {
  Bytes out;
  out.reserve(what.size() + origin.size() + 10);
  append_bytes(out, as_bytes(what));
  out.push_back(0);
  append_bytes(out, as_bytes(origin));
  out.push_back(0);
  append_be64(out, number);
  return std::string(as_text(out));
}

Handle short_mac(const Key& key, ByteView data) {
  const Hash full = crypto::hmac_sha256(key.view(), data);
  Handle out;
  std::copy_n(full.begin(), out.size(), out.begin());
  return out;
}

Bytes two_parts(std::string_view first, std::string_view second) {
  Bytes out;
  append_bytes(out, as_bytes(first));
  out.push_back(0);
  append_bytes(out, as_bytes(second));
  return out;
}

}  // namespace

consent::SubjectId new_subject_id() {
  consent::SubjectId out;
  crypto::random(out.bytes);
  return out;
}

std::int64_t new_row_number() {
  constexpr std::uint64_t kMask = (std::uint64_t{1} << 48) - 1;
  std::array<std::uint8_t, 8> random{};
  crypto::random(random);
  ByteView bytes = random;
  return static_cast<std::int64_t>(read_be64(bytes) & kMask) + 1;
}

Key epoch_key(const Key& secret, std::string_view origin, std::uint64_t epoch) {
  return crypto::hkdf_sha256(secret.view(), {}, info_of("cf/kek", origin, epoch));
}

Key purpose_key(const Key& key, std::string_view purpose) {
  return crypto::hkdf_sha256(key.view(), {}, "cf/" + std::string(purpose));
}

Key card_key(const Key& subject) {
  return purpose_key(subject, "card/v1");
}

Key record_key(const Key& subject, const Key& cohort, ByteView row_salt, std::string_view origin,
               std::uint64_t seq) {
  Secret<64> both;
  std::copy_n(subject.view().begin(), 32, both.writable().begin());
  std::copy_n(cohort.view().begin(), 32, both.writable().begin() + 32);
  return crypto::hkdf_sha256(both.view(), row_salt, info_of("cf/rec/v1", origin, seq));
}

Handle chain_value(const Key& subject, std::uint64_t n) {
  Bytes data = {'h'};
  append_be64(data, n);
  return short_mac(subject, data);
}

Handle handle_for(const Key& subject, const consent::RecipientId& recipient) {
  Bytes data = {'p'};
  append_bytes(data, as_bytes(recipient.text()));
  const Handle mac = short_mac(subject, data);
  std::array<std::uint8_t, 12> random;
  std::copy_n(mac.begin(), random.size(), random.begin());
  return proof::recipient_handle(random);
}

Handle suppression_tag(const Key& supp, const consent::Address& address) {
  return short_mac(supp, two_parts(consent::address_kind_name(address.kind), address.value));
}

Handle link_hash(const Key& link, std::string_view token) {
  return short_mac(link, as_bytes(token));
}

Handle item_hash(const Key& desk_id, std::string_view kind, std::string_view id) {
  return short_mac(desk_id, two_parts(kind, id));
}

Bytes place(std::string_view what, ByteView where) {
  Bytes out;
  append_bytes(out, as_bytes(what));
  out.push_back(0);
  append_bytes(out, where);
  return out;
}

}  // namespace counterfoil::ledger
