// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// TLS 1.2 and 1.3 by mbedTLS, server and client side; the library's types stay in net/tls*.cpp.
// ECDHE only, P-256 and X25519, ChaCha20-Poly1305 first, session tickets with rotating keys, no
// renegotiation. Client certificates are judged by the pin of their key (SHA-256 of the SPKI), never by a
// chain; TLS itself proves possession of the key. Thread rule: TlsServer and TlsClient are safe from any
// thread.
#pragma once

#include "net/stream.h"

#include <functional>
#include <string>

namespace counterfoil::net {

/// Certificate chain and private key of one side, PEM.
struct TlsIdentity {
  std::string certificate_pem;
  SecretBytes key_pem;
};

/// Says whether the key of a client certificate belongs to a known peer. Called from any thread.
using PeerAllowed = std::function<bool(const Hash& spki_sha256)>;

class TlsServer {
 public:
  enum class ClientCertificate { None, Required };
  struct Options {
    ClientCertificate client_certificate = ClientCertificate::None;
    PeerAllowed peer_allowed;  // needed unless None; a certificate it does not allow ends the handshake
  };
  /// With an empty identity nobody is let in until reload(). Fails with BadInput (certificate or key
  /// unreadable, or they do not belong together), Crypto.
  static Result<std::shared_ptr<TlsServer>> open(const TlsIdentity& identity, Options options);
  virtual ~TlsServer() = default;
  /// New handshakes use the new identity, and tickets of before resume nothing; running connections keep the
  /// old one. Fails as open() and then keeps what it had.
  virtual Status reload(const TlsIdentity& identity) = 0;
  /// Fails with NotReady (no identity yet), Limit, Crypto.
  virtual Result<std::unique_ptr<Stream>> accept(Fd socket) = 0;
};

class TlsClient {
 public:
  struct Options {
    std::string server_name;          // checked against the certificate when ca_pem decides; DNS name or IP
    std::string ca_pem;               // trust anchors; may be empty when a pin is given
    std::optional<Hash> server_spki;  // pin: the server's key must be this one
    TlsIdentity identity;             // empty certificate_pem: none is shown
  };
  /// Fails with BadInput (nothing to trust, unreadable PEM), Crypto.
  static Result<std::shared_ptr<TlsClient>> open(Options options);
  virtual ~TlsClient() = default;
  /// The handshake fails with Refused when the server is not the expected one.
  virtual Result<std::unique_ptr<Stream>> connect(Fd socket) = 0;
};

}  // namespace counterfoil::net
