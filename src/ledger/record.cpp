// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "ledger/record.h"

#include "base/limits.h"
#include "crypto/crypto.h"
#include "ledger/byte_order.h"
#include "ledger/key_tree.h"

#include <algorithm>

namespace counterfoil::ledger {
namespace {

constexpr std::uint8_t kAes256Gcm = 1;  // 2 is reserved for ChaCha20-Poly1305
constexpr std::size_t kCardPadding_bytes = 64;
constexpr std::size_t kDisclosurePadding_bytes = 128;
constexpr std::array<std::uint8_t, crypto::kNonceBytes> kZeroNonce{};

std::size_t padded(std::size_t n, std::size_t step) {
  return (n + step - 1) / step * step;
}

// Each disclosure is rounded up by itself: a long number or a long choice of topics would make all records of
// a person a little larger than others of their type, and tie them together for whoever has ledger.db.
std::size_t payload_size(const Disclosures& disclosures) {
  std::size_t out = 0;
  for (const auto& d : disclosures)
    out += d.salt.size() + 4 + padded(d.text.size(), kDisclosurePadding_bytes);
  return out;
}

void append_text(Bytes& out, std::string_view text) {
  append_be32(out, static_cast<std::uint32_t>(text.size()));
  append_bytes(out, as_bytes(text));
}

// Takes a length and as many bytes from the front.
Result<std::string> take_text(ByteView& in) {
  if (in.size() < 4) return fail(Code::Corrupt, "a payload ends too early");
  const std::size_t n = read_be32(in);
  in = in.subspan(4);
  if (n > in.size()) return fail(Code::Corrupt, "a payload ends too early");
  std::string out(as_text(in.first(n)));
  in = in.subspan(n);
  return out;
}

bool all_zero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t x) { return x == 0; });
}

}  // namespace

Bytes seal_payload(const Key& record, const Hash& leaf, const Disclosures& disclosures) {
  Bytes plain;
  plain.reserve(payload_size(disclosures));
  for (const auto& d : disclosures) append_bytes(plain, d.salt);
  for (const auto& d : disclosures) append_text(plain, d.text);
  plain.resize(payload_size(disclosures), 0);
  const SecretBytes clear(std::move(plain));
  const Bytes sealed = crypto::seal(record, kZeroNonce, leaf, clear.view());
  Bytes out;
  out.reserve(sealed.size() + 1);
  out.push_back(kAes256Gcm);
  append_bytes(out, sealed);
  return out;
}

Result<Disclosures> open_payload(const Key& record, const Hash& leaf, ByteView sealed) {
  if (sealed.empty() || sealed[0] != kAes256Gcm)
    return fail(Code::Corrupt, "a payload has an unknown cipher");
  CF_TRY(const SecretBytes clear, crypto::open(record, kZeroNonce, leaf, sealed.subspan(1)));
  ByteView rest = clear.view();
  if (rest.size() < 64) return fail(Code::Corrupt, "a payload ends too early");
  Disclosures out;
  for (auto& d : out) {
    std::copy_n(rest.begin(), d.salt.size(), d.salt.begin());
    rest = rest.subspan(d.salt.size());
  }
  for (auto& d : out) {
    CF_TRY(d.text, take_text(rest));
  }
  if (clear.view().size() != payload_size(out) || !all_zero(rest))
    return fail(Code::Corrupt, "a payload has another padding");
  return out;
}

Result<Bytes> seal_card(const Key& subject, const consent::SubjectId& id, const Card& card) {
  CF_TRY(const std::string identity, consent::encode_identity(card.identity));
  Bytes plain;
  plain.reserve(padded(identity.size() + card.code.size() + 16, kCardPadding_bytes));
  append_text(plain, identity);
  append_text(plain, card.code);
  append_be64(plain, static_cast<std::uint64_t>(card.code_ends));
  plain.resize(padded(plain.size(), kCardPadding_bytes), 0);
  const SecretBytes clear(std::move(plain));
  return crypto::wrap(card_key(subject), place("cf/card", id.bytes), clear.view());
}

Result<Card> open_card(const Key& subject, const consent::SubjectId& id, ByteView sealed) {
  CF_TRY(const SecretBytes clear, crypto::unwrap(card_key(subject), place("cf/card", id.bytes), sealed));
  ByteView rest = clear.view();
  Card out;
  CF_TRY(const std::string identity, take_text(rest));
  CF_TRY(out.identity, consent::decode_identity(identity));
  CF_TRY(out.code, take_text(rest));
  if (rest.size() < 8) return fail(Code::Corrupt, "a card ends too early");
  out.code_ends = static_cast<Instant>(read_be64(rest));
  rest = rest.subspan(8);
  if (clear.view().size() != padded(clear.view().size() - rest.size(), kCardPadding_bytes) || !all_zero(rest))
    return fail(Code::Corrupt, "a card is padded otherwise");
  return out;
}

}  // namespace counterfoil::ledger
