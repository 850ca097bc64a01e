// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "net/tls_mbed.h"

#include <arpa/inet.h>

#include <array>
#include <cstring>

namespace counterfoil::net {
namespace {

/// The bytes of an IP literal: 4 or 16, or none when the text is a name.
Bytes address_bytes(const std::string& text) {
  std::array<std::uint8_t, 16> raw{};
  if (::inet_pton(AF_INET, text.c_str(), raw.data()) == 1) return {raw.begin(), raw.begin() + 4};
  if (::inet_pton(AF_INET6, text.c_str(), raw.data()) == 1) return {raw.begin(), raw.end()};
  return {};
}

/// mbedTLS 2.28 verifies DNS names only, so iPAddress entries (RFC 5280, context tag 7) are compared here.
bool names_address(const mbedtls_x509_crt& certificate, ByteView address) {
  constexpr int kTagBits = 0x1f;
  constexpr int kAddressTag = 7;
  for (const mbedtls_x509_sequence* s = &certificate.subject_alt_names; s != nullptr; s = s->next) {
    if ((s->buf.tag & kTagBits) != kAddressTag || s->buf.len != address.size()) continue;
    if (std::memcmp(s->buf.p, address.data(), address.size()) == 0) return true;
  }
  return false;
}

class MbedClient final : public TlsClient, public std::enable_shared_from_this<MbedClient> {
 public:
  explicit MbedClient(Options options)
      : options_(std::move(options)), address_(address_bytes(options_.server_name)) {}

  Status set_up() {
    if (options_.ca_pem.empty() && !options_.server_spki)
      return fail(Code::BadInput, "A server certificate to trust, or the pin of its key, is needed.");
    config_ = std::make_shared<tls::Config>(tls::Config::Side::Client);
    CF_CHECK(config_->set_defaults());
    if (!options_.identity.certificate_pem.empty()) CF_CHECK(config_->set_identity(options_.identity));
    if (options_.ca_pem.empty()) {
      // The pin is judged after the handshake; a chain would say nothing more.
      mbedtls_ssl_conf_authmode(&config_->ssl, MBEDTLS_SSL_VERIFY_OPTIONAL);
      return {};
    }
    int rc = mbedtls_x509_crt_parse(&config_->trust,
                                    reinterpret_cast<const unsigned char*>(options_.ca_pem.c_str()),
                                    options_.ca_pem.size() + 1);
    if (rc != 0) return tls::tls_error(Code::BadInput, "The authority's certificate cannot be read", rc);
    mbedtls_ssl_conf_ca_chain(&config_->ssl, &config_->trust, nullptr);
    mbedtls_ssl_conf_authmode(&config_->ssl, MBEDTLS_SSL_VERIFY_REQUIRED);
    return {};
  }

  Result<std::unique_ptr<Stream>> connect(Fd socket) override {
    bool verify_name = !options_.ca_pem.empty() && address_.empty();
    return tls::make_tls_stream(
        std::move(socket), config_, verify_name ? std::string_view(options_.server_name) : std::string_view(),
        [self = shared_from_this()](const mbedtls_x509_crt* peer) { return self->judge_server(peer); });
  }

 private:
  Status judge_server(const mbedtls_x509_crt* peer) const {
    if (peer == nullptr) return fail(Code::Refused, "The server showed no certificate.");
    if (options_.server_spki && tls::spki_of(*peer) != *options_.server_spki)
      return fail(Code::Refused, "The server's key is not the pinned one.");
    bool verify_address = !options_.ca_pem.empty() && !address_.empty();
    if (verify_address && !names_address(*peer, address_))
      return fail(Code::Refused, "The server's certificate is for another address.");
    return {};
  }

  const Options options_;
  const Bytes address_;                  // of options_.server_name when that is an IP literal
  std::shared_ptr<tls::Config> config_;  // constant after set_up
};

}  // namespace

Result<std::shared_ptr<TlsClient>> TlsClient::open(Options options) {
  auto client = std::make_shared<MbedClient>(std::move(options));
  CF_CHECK(client->set_up());
  return std::shared_ptr<TlsClient>(std::move(client));
}

}  // namespace counterfoil::net
