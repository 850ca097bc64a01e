// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// ECDSA over P-256 with SHA-256, deterministic (RFC 6979). Signatures are raw r || s, 64 bytes, big-endian;
// DER only where a format asks for it. Public keys travel as DER SubjectPublicKeyInfo (RFC 5480), 91 bytes,
// uncompressed point, no other spelling. Thread rule: value types; const methods from any thread.
#pragma once

#include "counterfoil/base/bytes.h"
#include "counterfoil/base/result.h"

#include <array>
#include <string>
#include <string_view>

namespace counterfoil::crypto {

constexpr std::size_t kSignatureBytes = 64;
constexpr std::size_t kSpkiBytes = 91;

/// A public key that lies on the curve.
class VerifyKey {
 public:
  /// Fails with BadInput on any other algorithm, curve, encoding, or a point off the curve.
  static Result<VerifyKey> from_spki(ByteView der);
  /// One "PUBLIC KEY" block; text around it is ignored. Fails with BadInput.
  static Result<VerifyKey> from_pem(std::string_view pem);

  /// False for every signature that does not verify, whatever its length.
  [[nodiscard]] bool verify(ByteView message, ByteView raw_signature) const;
  [[nodiscard]] Bytes spki() const;
  [[nodiscard]] std::string pem() const;
  /// SHA-256 of the SubjectPublicKeyInfo: how keys are pinned and named.
  [[nodiscard]] Hash spki_sha256() const;
  bool operator==(const VerifyKey&) const = default;

 private:
  friend class SigningKey;
  using Point = std::array<std::uint8_t, 65>;
  explicit VerifyKey(const Point& point) : point_(point) {}
  Point point_;
};

/// A private key; the scalar is wiped when the object goes or is moved from (then use nothing of it).
class SigningKey {
 public:
  static SigningKey generate();
  /// 32 bytes, big-endian, 1 to n - 1. Fails with BadInput.
  static Result<SigningKey> from_scalar(ByteView scalar);
  /// PKCS#8 ("PRIVATE KEY") or SEC1 ("EC PRIVATE KEY"), not encrypted. Fails with BadInput.
  static Result<SigningKey> from_pem(std::string_view pem);

  [[nodiscard]] Secret<32> export_secret() const { return scalar_.clone(); }
  /// PKCS#8 PEM, as openssl and curl read it.
  [[nodiscard]] SecretBytes pem() const;
  /// 64 bytes r || s.
  [[nodiscard]] Bytes sign(ByteView message) const;
  [[nodiscard]] const VerifyKey& public_key() const { return public_; }
  [[nodiscard]] Bytes spki() const { return public_.spki(); }

 private:
  SigningKey(Secret<32> scalar, const VerifyKey& public_key)
      : scalar_(std::move(scalar)), public_(public_key) {}
  Secret<32> scalar_;
  VerifyKey public_;
};

/// "-----BEGIN PUBLIC KEY-----" text of SubjectPublicKeyInfo bytes (not judged).
std::string pem_of_spki(ByteView spki);

/// ECDSA-Sig-Value (RFC 3279) of a raw signature. Fails with BadInput: not 64 bytes, r or s zero.
Result<Bytes> der_signature(ByteView raw);
/// 64 raw bytes. Strict DER: one spelling per signature, nothing after it. Fails with BadInput.
Result<Bytes> raw_signature(ByteView der);

}  // namespace counterfoil::crypto
