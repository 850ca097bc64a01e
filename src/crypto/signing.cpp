// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "crypto/signing.h"

#include "crypto/crypto.h"
#include "crypto/pem.h"
#include "crypto/pk_holder.h"
#include "crypto/psa_guard.h"

#include <algorithm>

namespace counterfoil::crypto {
namespace {

constexpr std::size_t kScalarBytes = 32;
constexpr KeyUse kSign{PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_SECP_R1),
                       PSA_ALG_DETERMINISTIC_ECDSA(PSA_ALG_SHA_256), PSA_KEY_USAGE_SIGN_MESSAGE};
constexpr KeyUse kVerify{PSA_KEY_TYPE_ECC_PUBLIC_KEY(PSA_ECC_FAMILY_SECP_R1), PSA_ALG_ECDSA(PSA_ALG_SHA_256),
                         PSA_KEY_USAGE_VERIFY_MESSAGE};

// SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING of 66 bytes }; the point follows.
constexpr std::array<std::uint8_t, 26> kSpkiHead = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                                    0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                                    0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};
// PKCS#8 OneAsymmetricKey around an ECPrivateKey; scalar, then kPkcs8Middle, then the point follow.
constexpr std::array<std::uint8_t, 36> kPkcs8Head = {0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06,
                                                     0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
                                                     0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,
                                                     0x04, 0x6d, 0x30, 0x6b, 0x02, 0x01, 0x01, 0x04, 0x20};
constexpr std::array<std::uint8_t, 5> kPkcs8Middle = {0xa1, 0x44, 0x03, 0x42, 0x00};
// What mbedTLS writes for a P-256 key (SEC1): head, scalar, then the name of the curve.
constexpr std::array<std::uint8_t, 7> kSec1Head = {0x30, 0x77, 0x02, 0x01, 0x01, 0x04, 0x20};
constexpr std::array<std::uint8_t, 12> kSec1Curve = {0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                                     0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
constexpr std::size_t kSec1Bytes = 121;

bool starts_with(ByteView bytes, ByteView head) {
  return bytes.size() >= head.size() && std::equal(head.begin(), head.end(), bytes.begin());
}

// DER INTEGER of an unsigned big-endian number; empty for zero, which no signature holds.
Bytes der_unsigned(ByteView number) {
  const auto first = std::find_if(number.begin(), number.end(), [](std::uint8_t b) { return b != 0; });
  if (first == number.end()) return {};
  Bytes digits;
  if ((*first & 0x80U) != 0) digits.push_back(0);
  digits.insert(digits.end(), first, number.end());
  return der_element(kDerInteger, digits);
}

// Takes one INTEGER off the front of der and writes it to out, right-aligned.
bool take_unsigned(ByteView& der, std::span<std::uint8_t> out) {
  if (der.size() < 3 || der[0] != kDerInteger) return false;
  const std::size_t n = der[1];
  if (n == 0 || n > kScalarBytes + 1 || der.size() < 2 + n) return false;
  ByteView digits = der.subspan(2, n);
  der = der.subspan(2 + n);
  if ((digits[0] & 0x80U) != 0) return false;  // negative
  if (digits[0] == 0) {
    if (n == 1 || (digits[1] & 0x80U) == 0) return false;  // zero, or a needless leading zero
    digits = digits.subspan(1);
  }
  if (digits.size() > kScalarBytes) return false;
  std::copy(digits.begin(), digits.end(), out.end() - static_cast<std::ptrdiff_t>(digits.size()));
  return true;
}

}  // namespace

Result<VerifyKey> VerifyKey::from_spki(ByteView der) {
  if (der.size() != kSpkiBytes || !starts_with(der, kSpkiHead) || der[kSpkiHead.size()] != 0x04)
    return fail(Code::BadInput, "not a P-256 public key (SubjectPublicKeyInfo, uncompressed point)");
  CF_TRY(const Point point, exactly<65>(der.subspan(kSpkiHead.size())));
  const PsaGuard guard;
  const SlotKey slot(kVerify, point);
  if (slot.status() != PSA_SUCCESS) return fail(Code::BadInput, "the public key is not a point of P-256");
  return VerifyKey(point);
}

Result<VerifyKey> VerifyKey::from_pem(std::string_view pem) {
  CF_TRY(const Bytes der, read_pem_block("PUBLIC KEY", pem));
  return from_spki(der);
}

bool VerifyKey::verify(ByteView message, ByteView raw_signature) const {
  if (raw_signature.size() != kSignatureBytes) return false;
  const PsaGuard guard;
  const SlotKey slot(kVerify, point_);
  if (slot.status() != PSA_SUCCESS) give_up("import public key", static_cast<int>(slot.status()));
  return psa_verify_message(slot.id(), kVerify.algorithm, start_of(message), message.size(),
                            raw_signature.data(), raw_signature.size()) == PSA_SUCCESS;
}

Bytes VerifyKey::spki() const {
  return der_join({kSpkiHead, point_});
}

std::string VerifyKey::pem() const {
  return pem_of_spki(spki());
}

Hash VerifyKey::spki_sha256() const {
  return sha256(spki());
}

SigningKey SigningKey::generate() {
  // A random number is no scalar with probability 2^-32; a second try is for form's sake.
  for (;;) {
    const Key candidate = random_key();
    if (auto key = from_scalar(candidate.view())) return std::move(*key);
  }
}

Result<SigningKey> SigningKey::from_scalar(ByteView scalar) {
  if (scalar.size() != kScalarBytes) return fail(Code::BadInput, "a P-256 private key has 32 bytes");
  VerifyKey::Point point{};
  std::size_t n = 0;
  const PsaGuard guard;
  const SlotKey slot(kSign, scalar);
  if (slot.status() != PSA_SUCCESS) return fail(Code::BadInput, "the number is not a P-256 private key");
  if (const auto status = psa_export_public_key(slot.id(), point.data(), point.size(), &n);
      status != PSA_SUCCESS || n != point.size())
    give_up("psa_export_public_key", static_cast<int>(status));
  return SigningKey(Secret<32>(scalar), VerifyKey(point));
}

Result<SigningKey> SigningKey::from_pem(std::string_view pem) {
  PkHolder holder;
  if (parse_private_key(&holder.pk, pem) != 0)
    return fail(Code::BadInput, "not an unencrypted private key in PEM");
  Secret<256> buffer;
  const int length = mbedtls_pk_write_key_der(&holder.pk, buffer.writable().data(), buffer.writable().size());
  // The writer is used as the one reader of the scalar that is the same in 2.28 and 3.6; it fills from the
  // end.
  if (length != static_cast<int>(kSec1Bytes)) return fail(Code::BadInput, "not a P-256 private key");
  const ByteView sec1 = buffer.view().last(kSec1Bytes);
  if (!starts_with(sec1, kSec1Head) ||
      !starts_with(sec1.subspan(kSec1Head.size() + kScalarBytes), kSec1Curve))
    return fail(Code::BadInput, "not a P-256 private key");
  return from_scalar(sec1.subspan(kSec1Head.size(), kScalarBytes));
}

SecretBytes SigningKey::pem() const {
  const SecretBytes der(der_join({kPkcs8Head, scalar_.view(), kPkcs8Middle, public_.point_}));
  return pem_block("PRIVATE KEY", der.view());
}

Bytes SigningKey::sign(ByteView message) const {
  Bytes out(kSignatureBytes);
  std::size_t n = 0;
  const PsaGuard guard;
  const SlotKey slot(kSign, scalar_.view());
  if (slot.status() != PSA_SUCCESS) give_up("import private key", static_cast<int>(slot.status()));
  if (const auto status = psa_sign_message(slot.id(), kSign.algorithm, start_of(message), message.size(),
                                           out.data(), out.size(), &n);
      status != PSA_SUCCESS)
    give_up("psa_sign_message", static_cast<int>(status));
  return out;
}

std::string pem_of_spki(ByteView spki) {
  return std::string(pem_block("PUBLIC KEY", spki).text());
}

Result<Bytes> der_signature(ByteView raw) {
  if (raw.size() != kSignatureBytes) return fail(Code::BadInput, "a raw P-256 signature has 64 bytes");
  const Bytes r = der_unsigned(raw.first(kScalarBytes));
  const Bytes s = der_unsigned(raw.last(kScalarBytes));
  if (r.empty() || s.empty()) return fail(Code::BadInput, "no signature holds the number zero");
  return der_element(kDerSequence, der_join({r, s}));
}

Result<Bytes> raw_signature(ByteView der) {
  const auto bad = [] { return fail(Code::BadInput, "not a DER signature of P-256"); };
  // Two INTEGERs of at most 35 bytes each: the length always fits the short form.
  if (der.size() < 2 || der[0] != kDerSequence || der[1] >= 0x80 || der.size() != 2U + der[1]) return bad();
  Bytes out(kSignatureBytes);
  const std::span<std::uint8_t> both(out);
  ByteView rest = der.subspan(2);
  if (!take_unsigned(rest, both.first(kScalarBytes)) || !take_unsigned(rest, both.last(kScalarBytes)) ||
      !rest.empty())
    return bad();
  return out;
}

}  // namespace counterfoil::crypto
