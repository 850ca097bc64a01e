// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "base/limits.h"
#include "crypto/crypto.h"
#include "net/tls_mbed.h"

#include <mutex>

namespace counterfoil::net {
namespace {

/// Keys that seal session tickets; mbedTLS renews them by itself, with a ticket's life between, and locks
/// them against each other.
struct TicketKeys {
  TicketKeys() { mbedtls_ssl_ticket_init(&context); }
  ~TicketKeys() { mbedtls_ssl_ticket_free(&context); }
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;
  mbedtls_ssl_ticket_context context{};
};

class MbedServer final : public TlsServer, public std::enable_shared_from_this<MbedServer> {
 public:
  explicit MbedServer(Options options) : options_(std::move(options)) {}

  Status reload(const TlsIdentity& identity) override {
    auto config = std::make_shared<tls::Config>(tls::Config::Side::Server);
    CF_CHECK(config->set_defaults());
    CF_CHECK(config->set_identity(identity));
    // Optional for the library even where we require one: it would refuse for want of an authority, while
    // the judge below looks at the key. Possession of the key is proven in either mode.
    bool asks = options_.client_certificate != ClientCertificate::None;
    mbedtls_ssl_conf_authmode(&config->ssl, asks ? MBEDTLS_SSL_VERIFY_OPTIONAL : MBEDTLS_SSL_VERIFY_NONE);
    // A ticket does not carry the client's certificate in TLS 1.3, so where one matters each visit is a full
    // handshake.
    if (!asks) CF_CHECK(give_tickets(*config));
    std::lock_guard lock(mutex_);
    config_ = std::move(config);
    return {};
  }

  Result<std::unique_ptr<Stream>> accept(Fd socket) override {
    std::shared_ptr<tls::Config> config;
    {
      std::lock_guard lock(mutex_);
      config = config_;
    }
    if (!config) return fail(Code::NotReady, "no TLS certificate yet");
    tls::PeerJudge judge;
    if (options_.client_certificate != ClientCertificate::None)
      judge = [self = shared_from_this()](const mbedtls_x509_crt* peer) { return self->judge_peer(peer); };
    return tls::make_tls_stream(std::move(socket), std::move(config), {}, std::move(judge));
  }

 private:
  // Fresh keys with each identity: who resumes sees no certificate, and a session that began under an old
  // one, perhaps with a stolen key, must not outlive it.
  static Status give_tickets(tls::Config& config) {
    auto tickets = std::make_shared<TicketKeys>();
    const int rc = mbedtls_ssl_ticket_setup(&tickets->context, crypto::random_callback, nullptr,
                                            MBEDTLS_CIPHER_AES_256_GCM, limits::kTicketLife_s);
    if (rc != 0) return tls::tls_error(Code::Crypto, "TLS tickets", rc);
    mbedtls_ssl_conf_session_tickets_cb(&config.ssl, mbedtls_ssl_ticket_write, mbedtls_ssl_ticket_parse,
                                        &tickets->context);
    config.keeps = std::move(tickets);
    return {};
  }

  Status judge_peer(const mbedtls_x509_crt* peer) const {
    if (peer == nullptr) return fail(Code::Refused, "client certificate missing");
    if (options_.peer_allowed && options_.peer_allowed(tls::spki_of(*peer))) return {};
    return fail(Code::Refused, "client key unknown");
  }

  const Options options_;
  std::mutex mutex_;
  std::shared_ptr<tls::Config> config_;  // protected by mutex_
};

}  // namespace

Result<std::shared_ptr<TlsServer>> TlsServer::open(const TlsIdentity& identity, Options options) {
  auto server = std::make_shared<MbedServer>(std::move(options));
  if (!identity.certificate_pem.empty()) CF_CHECK(server->reload(identity));
  return std::shared_ptr<TlsServer>(std::move(server));
}

}  // namespace counterfoil::net
