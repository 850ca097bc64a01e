// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "net/tls_mbed.h"

#include <sys/socket.h>

#include <cerrno>

namespace counterfoil::net {
namespace {

class TlsStream final : public Stream {
 public:
  TlsStream(Fd socket, std::shared_ptr<tls::Config> config, tls::PeerJudge judge)
      : socket_(std::move(socket)), config_(std::move(config)), judge_(std::move(judge)) {
    mbedtls_ssl_init(&ssl_);
  }
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;
  ~TlsStream() override { mbedtls_ssl_free(&ssl_); }

  Status set_up(std::string_view server_name) {
    int rc = mbedtls_ssl_setup(&ssl_, &config_->ssl);
    if (rc != 0) return tls::tls_error(Code::Limit, "TLS connection", rc);
    if (config_->side == tls::Config::Side::Client) {
      // Null says on purpose that no name is verified by the library.
      std::string name(server_name);
      rc = mbedtls_ssl_set_hostname(&ssl_, name.empty() ? nullptr : name.c_str());
      if (rc != 0) return tls::tls_error(Code::BadInput, "TLS server name", rc);
    }
    mbedtls_ssl_set_bio(&ssl_, this, send_raw, receive_raw, nullptr);
    return {};
  }

  Result<Want> try_handshake() override {
    const int rc = mbedtls_ssl_handshake(&ssl_);
    if (rc != 0) return want_of(rc, "TLS handshake");
    if (!judge_) return Want::Nothing;
    Status judged = judge_(mbedtls_ssl_get_peer_cert(&ssl_));
    if (judged) return Want::Nothing;
    mbedtls_ssl_send_alert_message(&ssl_, MBEDTLS_SSL_ALERT_LEVEL_FATAL, MBEDTLS_SSL_ALERT_MSG_BAD_CERT);
    return std::move(judged).error();
  }

  Result<Step> try_read(char* to, std::size_t bytes_max) override {
    int rc = mbedtls_ssl_read(&ssl_, reinterpret_cast<unsigned char*>(to), bytes_max);
#if MBEDTLS_VERSION_MAJOR >= 3
    // TLS 1.3 sends tickets between the bytes; this client resumes no session, so they pass by.
    while (rc == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET)
      rc = mbedtls_ssl_read(&ssl_, reinterpret_cast<unsigned char*>(to), bytes_max);
#endif
    if (rc == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) return Step{};
    return step_of(rc, "TLS read");
  }

  Result<Step> try_write(std::string_view bytes) override {
    return step_of(
        mbedtls_ssl_write(&ssl_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()),
        "TLS write");
  }

  [[nodiscard]] bool buffered() const override {
    return mbedtls_ssl_get_bytes_avail(&ssl_) > 0 || mbedtls_ssl_check_pending(&ssl_) != 0;
  }

  void finish() override {
    mbedtls_ssl_close_notify(&ssl_);
    ::shutdown(socket_.get(), SHUT_WR);
  }

  [[nodiscard]] int fd() const override { return socket_.get(); }

  [[nodiscard]] std::optional<Hash> peer_spki() const override {
    const mbedtls_x509_crt* peer = mbedtls_ssl_get_peer_cert(&ssl_);
    if (peer == nullptr) return std::nullopt;
    return tls::spki_of(*peer);
  }

 private:
  static Result<Step> step_of(int rc, std::string_view what) {
    if (rc >= 0) return Step{static_cast<std::size_t>(rc), Want::Nothing};
    CF_TRY(const Want want, want_of(rc, what));
    return Step{0, want};
  }

  /// What the library asks for, or its code as an error.
  static Result<Want> want_of(int rc, std::string_view what) {
    if (rc == MBEDTLS_ERR_SSL_WANT_READ) return Want::Read;
    if (rc == MBEDTLS_ERR_SSL_WANT_WRITE) return Want::Write;
    if (rc == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED)
      return tls::tls_error(
          Code::Refused, "The server's certificate is not from the given authority, or not for its name", rc);
    if (rc == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE)
      return tls::tls_error(
          Code::Refused, "The other side refused this connection; perhaps it does not know the certificate",
          rc);
    return tls::tls_error(Code::Io, what, rc);
  }

  static int send_raw(void* self, const unsigned char* from, std::size_t bytes) {
    ssize_t rc = ::send(static_cast<TlsStream*>(self)->socket_.get(), from, bytes, MSG_NOSIGNAL);
    if (rc >= 0) return static_cast<int>(rc);
    return would_block(errno) ? MBEDTLS_ERR_SSL_WANT_WRITE : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
  }

  static int receive_raw(void* self, unsigned char* to, std::size_t bytes) {
    ssize_t rc = ::recv(static_cast<TlsStream*>(self)->socket_.get(), to, bytes, 0);
    if (rc >= 0) return static_cast<int>(rc);
    return would_block(errno) ? MBEDTLS_ERR_SSL_WANT_READ : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
  }

  Fd socket_;
  std::shared_ptr<tls::Config> config_;
  tls::PeerJudge judge_;
  mbedtls_ssl_context ssl_{};
};

}  // namespace

Result<std::unique_ptr<Stream>> tls::make_tls_stream(Fd socket, std::shared_ptr<Config> config,
                                                     std::string_view server_name, PeerJudge judge) {
  auto stream = std::make_unique<TlsStream>(std::move(socket), std::move(config), std::move(judge));
  CF_CHECK(stream->set_up(server_name));
  return std::unique_ptr<Stream>(std::move(stream));
}

}  // namespace counterfoil::net
