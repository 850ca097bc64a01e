// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "crypto/sealing.h"

#include "crypto/crypto.h"
#include "crypto/pem.h"
#include "crypto/psa_guard.h"

#include <optional>

namespace counterfoil::crypto {
namespace {

constexpr KeyUse kAgree{PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_SECP_R1), PSA_ALG_ECDH,
                        PSA_KEY_USAGE_DERIVE};
// A key serves one message, so its nonce may be any.
constexpr std::array<std::uint8_t, kNonceBytes> kOnlyNonce{};

Bytes point_of(const VerifyKey& key) {
  const Bytes spki = key.spki();
  return {spki.end() - static_cast<std::ptrdiff_t>(kSealedPointBytes), spki.end()};
}

// Both public keys are the salt: a text sealed to one reader is none for another. None: the point is not on
// the curve.
std::optional<Key> agreed_key(const SigningKey& mine, ByteView theirs, ByteView salt, std::string_view info) {
  Key shared;
  {
    const Key scalar = mine.export_secret();
    const PsaGuard guard;
    const SlotKey slot(kAgree, scalar.view());
    if (slot.status() != PSA_SUCCESS) give_up("import ECDH key", static_cast<int>(slot.status()));
    std::size_t n = 0;
    if (psa_raw_key_agreement(PSA_ALG_ECDH, slot.id(), theirs.data(), theirs.size(), shared.writable().data(),
                              shared.writable().size(), &n) != PSA_SUCCESS)
      return std::nullopt;
  }
  return hkdf_sha256(shared.view(), salt, info);
}

}  // namespace

Bytes seal_to(const VerifyKey& reader, std::string_view info, ByteView plain) {
  const SigningKey once = SigningKey::generate();
  const Bytes point = point_of(once.public_key());
  const Bytes theirs = point_of(reader);
  const auto key = agreed_key(once, theirs, der_join({point, theirs}), info);
  if (!key) give_up("ECDH", 0);  // a VerifyKey lies on the curve
  return der_join({point, seal(*key, kOnlyNonce, {}, plain)});
}

Result<SecretBytes> open_sealed(const SigningKey& reader, std::string_view info, ByteView sealed) {
  const auto no = [] { return fail(Code::WrongKey, "the key does not open these bytes"); };
  if (sealed.size() < kSealedOverheadBytes) return no();
  const ByteView point = sealed.first(kSealedPointBytes);
  const auto key = agreed_key(reader, point, der_join({point, point_of(reader.public_key())}), info);
  if (!key) return no();
  return open(*key, kOnlyNonce, {}, sealed.subspan(kSealedPointBytes));
}

}  // namespace counterfoil::crypto
