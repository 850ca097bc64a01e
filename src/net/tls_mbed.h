// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What the server and the client side of TLS share; included by net/tls*.cpp only, the one header of net that
// names mbedTLS types. Thread rule: a Shared configuration is read-only once made.
#pragma once

#include "net/tls.h"

#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ticket.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>

namespace counterfoil::net::tls {

/// "what: mbedtls -0x7200"
Error tls_error(Code code, std::string_view what, int mbedtls_code);

/// An mbedTLS configuration with everything it points to; kept alive by the connections that use it.
struct Config {
  enum class Side { Client, Server };
  explicit Config(Side of);
  ~Config();
  Config(const Config&) = delete;
  Config& operator=(const Config&) = delete;

  /// Versions, suites, groups, randomness. Fails with Crypto.
  Status set_defaults();
  /// Fails with BadInput when unreadable or not belonging together.
  Status set_identity(const TlsIdentity& identity);

  Side side;
  mbedtls_ssl_config ssl{};
  mbedtls_x509_crt certificate{};
  mbedtls_pk_context key{};
  mbedtls_x509_crt trust{};
  std::shared_ptr<void> keeps;  // the keys of its session tickets
};

/// Judges the peer after the handshake; null when it showed no certificate.
using PeerJudge = std::function<Status(const mbedtls_x509_crt* peer)>;

/// server_name: for SNI and name verification; empty for none. Fails with Limit (no memory).
Result<std::unique_ptr<Stream>> make_tls_stream(Fd socket, std::shared_ptr<Config> config,
                                                std::string_view server_name, PeerJudge judge);

/// SHA-256 of the SubjectPublicKeyInfo, exactly as it stands in the certificate.
Hash spki_of(const mbedtls_x509_crt& certificate);

}  // namespace counterfoil::net::tls
