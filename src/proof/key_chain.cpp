// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "proof/key_chain.h"

#include "base/limits.h"
#include "crypto/crypto.h"

#include <algorithm>

namespace counterfoil::proof {
namespace {

Result<Bytes> bytes_at(const json::Value& body, std::string_view name) {
  CF_TRY(const std::string text, body.string_at(name));
  return from_base64url(text);
}

Status demand_signature(const crypto::VerifyKey& key, const std::string& statement, const json::Value& body,
                        std::string_view name) {
  CF_TRY(const Bytes signature, bytes_at(body, name));
  if (key.verify(as_bytes(statement), signature)) return {};
  return fail(Code::BadInput, std::string(name) + " does not verify");
}

}  // namespace

std::string key_statement(std::string_view origin, const Hash& key, std::uint64_t seq) {
  std::string out = "cf/key1" + std::string(origin) + '\0';
  out += as_text(key);
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(seq >> shift);
  return out;
}

KeyChain::KeyChain(LogKey first) {
  const Hash hash = crypto::sha256(first.spki);
  keys_.push_back({std::move(first), hash});
}

KeyChain::Known* KeyChain::find(const Hash& hash) {
  const auto at = std::find_if(keys_.begin(), keys_.end(), [&](const Known& k) { return k.hash == hash; });
  return at == keys_.end() ? nullptr : &*at;
}

Status KeyChain::follow(const json::Value& body, std::uint64_t seq) {
  constexpr std::size_t kMembers = 5;
  if (body.object() == nullptr || body.object()->size() != kMembers)
    return fail(Code::BadInput, "it has other members");
  CF_TRY(const Bytes spki, bytes_at(body, "key"));
  CF_TRY(const auto key, crypto::VerifyKey::from_spki(spki));
  CF_TRY(const Bytes by_bytes, bytes_at(body, "by"));
  CF_TRY(const Hash by, exactly<32>(by_bytes));
  CF_TRY(const std::string state, body.string_at("state"));
  const Hash hash = key.spki_sha256();
  Known* known = find(hash);
  const Known* voucher = find(by);
  if (voucher == nullptr || voucher->retired || by == hash)
    return fail(Code::BadInput, "no valid key of the log vouches for it");
  const std::string statement = key_statement(first().name, hash, seq);
  CF_TRY(const auto voucher_key, crypto::VerifyKey::from_spki(voucher->key.spki));
  CF_CHECK(demand_signature(voucher_key, statement, body, "sig_by"));
  CF_CHECK(demand_signature(key, statement, body, "sig_self"));
  if (state == "retire") {
    if (known == nullptr || known->retired) return fail(Code::BadInput, "it retires a key that is not valid");
    known->retired = true;
    return {};
  }
  if (state != "add") return fail(Code::BadInput, "its state is no word for keys");
  if (known != nullptr) return fail(Code::BadInput, "it adds a key that was there before");
  if (keys_.size() == limits::kLogKeysMax) return fail(Code::BadInput, "there are too many keys");
  keys_.push_back({{first().name, spki}, hash});
  return {};
}

// One good signature is enough; a bad one by a valid key refuses the note, as with a single key.
Result<Checkpoint> KeyChain::open(std::string_view note) const {
  Result<Checkpoint> out = fail(Code::WrongKey, "the checkpoint is signed by another key");
  bool by_retired = false;
  for (const Known& known : keys_) {
    auto opened = open_checkpoint(note, known.key);
    if (known.retired) {
      by_retired = by_retired || opened;
      continue;
    }
    if (!opened && opened.error().code != Code::WrongKey) return opened;
    if (opened || !out) out = std::move(opened);
  }
  if (!out && by_retired)
    return fail(Code::WrongKey, "the checkpoint is signed by a key that the log has retired");
  return out;
}

}  // namespace counterfoil::proof
