// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// X.509 certificates (RFC 5280) for a shop that runs its own small authority: P-256 keys, SHA-256, extensions
// as browsers and openssl -x509_strict demand them. No clock is read: the caller gives the validity.
// Thread rule: value types; const methods from any thread.
#pragma once

#include "counterfoil/base/bytes.h"
#include "counterfoil/base/clock.h"
#include "counterfoil/base/result.h"
#include "crypto/signing.h"

#include <string>
#include <string_view>
#include <vector>

namespace counterfoil::crypto {

struct Validity {
  Instant not_before = 0;
  Instant not_after = 0;
};

/// What a server answers to. At least one of the two is needed.
struct ServerNames {
  std::vector<std::string> dns;        // "shop.example", "*.shop.example", "localhost"
  std::vector<std::string> addresses;  // "127.0.0.1", "::1"
};

/// A certificate authority: its certificate and its key.
class Authority {
 public:
  /// A fresh self-signed authority that may sign end certificates only (path length 0). The name is 1 to 64
  /// letters, digits, spaces, dots, hyphens. Fails with BadInput (name, validity), Crypto.
  static Result<Authority> create(std::string_view name, const Validity& validity);
  /// Fails with BadInput (not PEM, not an authority, key and certificate do not belong together).
  static Result<Authority> from_pem(std::string_view certificate_pem, std::string_view key_pem);

  [[nodiscard]] const std::string& certificate_pem() const { return certificate_pem_; }
  [[nodiscard]] SecretBytes key_pem() const { return key_.pem(); }

  /// A server certificate for the public key. Fails with BadInput (names, validity), Crypto.
  [[nodiscard]] Result<std::string> issue_server(const VerifyKey& key, const ServerNames& names,
                                                 const Validity& validity) const;
  /// A client certificate for the public key; the name as in create(). Fails with BadInput, Crypto.
  [[nodiscard]] Result<std::string> issue_client(const VerifyKey& key, std::string_view name,
                                                 const Validity& validity) const;

 private:
  Authority(std::string certificate_pem, SigningKey key, std::string name)
      : certificate_pem_(std::move(certificate_pem)), key_(std::move(key)), name_(std::move(name)) {}
  std::string certificate_pem_;
  SigningKey key_;
  std::string name_;  // subject, "CN=..."
};

struct CertificateFacts {
  std::string subject;  // "CN=..."
  std::string issuer;
  Hash fingerprint{};  // SHA-256 of the DER certificate
  Hash spki_sha256{};  // SHA-256 of its SubjectPublicKeyInfo: what peers are pinned by
  Validity validity;
  bool is_authority = false;
  ServerNames names;  // what it says a server may be called
  std::string key;    // "EC P-256", "RSA 2048"
};

/// The first certificate of a PEM text, or one DER certificate. Fails with BadInput.
Result<CertificateFacts> read_certificate(ByteView pem_or_der);
/// What an authority needs to issue a server certificate (PKCS #10, RFC 2986): "CERTIFICATE REQUEST", PEM.
/// The same key and names give the same bytes. Fails with BadInput (names).
Result<std::string> certificate_request(const SigningKey& key, const ServerNames& names);

/// The key pin alone. Fails with BadInput.
Result<Hash> spki_sha256_of_certificate(std::string_view pem);

}  // namespace counterfoil::crypto
