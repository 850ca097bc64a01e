// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What a TLS server shows: its own certificate first, then those that lead to an authority. Read and judged
// as phones will judge it, but for the authority itself, which only a phone knows. No clock is read. Thread
// rule: value types; const methods from any thread.
#pragma once

#include "crypto/certificate.h"

namespace counterfoil::crypto {

class ServerChain {
 public:
  /// All certificates of a PEM text; other blocks and text around them are ignored. Fails with BadInput
  /// (none, or one that cannot be read), Limit (more than limits::kChainCertificatesMax).
  static Result<ServerChain> from_pem(std::string_view pem);

  /// The server's own.
  [[nodiscard]] const CertificateFacts& leaf() const { return facts_.front(); }
  /// SHA-256 over all certificates: another chain, another print.
  [[nodiscard]] Hash fingerprint() const;
  /// True when the private key, PEM, is that of the leaf.
  [[nodiscard]] bool fits(std::string_view key_pem) const;
  /// False for a key that no handshake here can use: another curve than P-256.
  [[nodiscard]] bool is_key_served() const {
    return leaf().key == "EC P-256" || leaf().key.starts_with("RSA ");
  }
  /// Everything about it that keeps phones away whatever the time is, one sentence each; empty: nothing.
  [[nodiscard]] std::vector<std::string> faults() const;

 private:
  ServerChain(std::vector<Bytes> ders, std::vector<CertificateFacts> facts)
      : ders_(std::move(ders)), facts_(std::move(facts)) {}
  std::vector<Bytes> ders_;
  std::vector<CertificateFacts> facts_;  // as many as ders_, one at least
};

/// True when a browser that was sent to the host (a DNS name or an IP address) takes one of the names for it:
/// a star stands for exactly one label.
bool is_named(const ServerNames& names, std::string_view host);

}  // namespace counterfoil::crypto
