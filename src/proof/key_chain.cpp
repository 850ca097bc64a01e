// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "counterfoil/proof/key_chain.h"

#include "base/limits.h"
#include "counterfoil/proof/jws.h"
#include "crypto/crypto.h"
#include "crypto/signing.h"

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
  keys_.push_back({std::move(first), hash, 0});
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
  if (voucher == nullptr || voucher->until != kNever || by == hash)
    return fail(Code::BadInput, "no valid key of the log vouches for it");
  const std::string statement = key_statement(first().name, hash, seq);
  CF_TRY(const auto voucher_key, crypto::VerifyKey::from_spki(voucher->key.spki));
  CF_CHECK(demand_signature(voucher_key, statement, body, "sig_by"));
  CF_CHECK(demand_signature(key, statement, body, "sig_self"));
  if (state == "retire") {
    if (known == nullptr || known->until != kNever)
      return fail(Code::BadInput, "it retires a key that is not valid");
    known->until = seq;
    return {};
  }
  if (state != "add") return fail(Code::BadInput, "its state is no word for keys");
  if (known != nullptr) return fail(Code::BadInput, "it adds a key that was there before");
  if (keys_.size() == limits::kLogKeysMax) return fail(Code::BadInput, "there are too many keys");
  keys_.push_back({{first().name, spki}, hash, seq + 1});
  return {};
}

Status KeyChain::follow_lines(const std::vector<std::string>& lines) {
  std::uint64_t next = 0;
  for (const std::string& line : lines) {
    CF_TRY(const Leaf leaf, decode_leaf(line));
    if (leaf.typ != consent::EventType::SysKey || leaf.log != first().name || leaf.seq.value < next)
      return fail(Code::BadInput, "it is no change of keys of this log, or out of order");
    CF_CHECK(follow(*leaf.body, leaf.seq.value));
    next = leaf.seq.value + 1;
  }
  return {};
}

std::vector<Hash> KeyChain::valid() const {
  std::vector<Hash> out;
  for (const Known& known : keys_)
    if (known.until == kNever) out.push_back(known.hash);
  return out;
}

// One good signature is enough; a bad one by a valid key refuses the note, as with a single key.
Result<Checkpoint> KeyChain::open(std::string_view note) const {
  CF_TRY(const Checkpoint claimed, read_checkpoint(note));
  Result<Checkpoint> out = fail(Code::WrongKey, "the checkpoint is signed by another key");
  bool by_retired = false;
  for (const Known& known : keys_) {
    if (claimed.size < known.from) continue;
    auto opened = open_checkpoint(note, known.key);
    if (claimed.size > known.until) {
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

Result<json::Value> KeyChain::open_statement(std::string_view jws, std::string_view typ,
                                             std::uint64_t size) const {
  Result<json::Value> out = fail(Code::WrongKey, "the statement is of another kind or signed by another key");
  for (const Known& known : keys_) {
    if (size > known.until) continue;
    out = open_jws(jws, typ, known.key);
    if (out || out.error().code != Code::WrongKey) return out;
  }
  return out;
}

}  // namespace counterfoil::proof
