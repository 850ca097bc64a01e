// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "net/tls_mbed.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

namespace counterfoil::net {
namespace {

bool wait_socket(int fd, short events, const Deadline& deadline) {
  for (;;) {
    pollfd p{fd, events, 0};
    int rc = ::poll(&p, 1, deadline.left_ms());
    if (rc > 0) return true;
    if (rc == 0 || errno != EINTR) return false;
  }
}

// On Linux EWOULDBLOCK is EAGAIN.
bool would_block(int error_number) {
  return error_number == EAGAIN || error_number == EINTR;
}

class PlainStream final : public Stream {
 public:
  explicit PlainStream(Fd socket) : socket_(std::move(socket)) {}

  Status handshake(const Deadline& /*deadline*/) override { return {}; }

  Result<std::size_t> read(char* to, std::size_t bytes_max, const Deadline& deadline) override {
    for (;;) {
      ssize_t got = ::recv(socket_.get(), to, bytes_max, 0);
      if (got >= 0) return static_cast<std::size_t>(got);
      if (!would_block(errno)) return fail(Code::Io, "connection lost");
      if (!wait_socket(socket_.get(), POLLIN, deadline)) return fail(Code::Timeout);
    }
  }

  Status write(std::string_view bytes, const Deadline& deadline) override {
    while (!bytes.empty()) {
      ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent >= 0) {
        bytes.remove_prefix(static_cast<std::size_t>(sent));
      } else if (!would_block(errno)) {
        return fail(Code::Io, "connection lost");
      } else if (!wait_socket(socket_.get(), POLLOUT, deadline)) {
        return fail(Code::Timeout);
      }
    }
    return {};
  }

  [[nodiscard]] bool buffered() const override { return false; }
  void finish() override { ::shutdown(socket_.get(), SHUT_WR); }
  [[nodiscard]] std::optional<Hash> peer_spki() const override { return std::nullopt; }

 private:
  Fd socket_;
};

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

  Status handshake(const Deadline& deadline) override {
    int rc = 0;
    while ((rc = mbedtls_ssl_handshake(&ssl_)) != 0) CF_CHECK(wait_for(rc, deadline, "TLS handshake"));
    if (!judge_) return {};
    Status judged = judge_(mbedtls_ssl_get_peer_cert(&ssl_));
    if (!judged)
      mbedtls_ssl_send_alert_message(&ssl_, MBEDTLS_SSL_ALERT_LEVEL_FATAL, MBEDTLS_SSL_ALERT_MSG_BAD_CERT);
    return judged;
  }

  Result<std::size_t> read(char* to, std::size_t bytes_max, const Deadline& deadline) override {
    for (;;) {
      int rc = mbedtls_ssl_read(&ssl_, reinterpret_cast<unsigned char*>(to), bytes_max);
      if (rc > 0) return static_cast<std::size_t>(rc);
      if (rc == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY || rc == 0) return std::size_t{0};
      CF_CHECK(wait_for(rc, deadline, "TLS read"));
    }
  }

  Status write(std::string_view bytes, const Deadline& deadline) override {
    while (!bytes.empty()) {
      int rc = mbedtls_ssl_write(&ssl_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
      if (rc >= 0) {
        bytes.remove_prefix(static_cast<std::size_t>(rc));
      } else {
        CF_CHECK(wait_for(rc, deadline, "TLS write"));
      }
    }
    return {};
  }

  [[nodiscard]] bool buffered() const override {
    return mbedtls_ssl_get_bytes_avail(&ssl_) > 0 || mbedtls_ssl_check_pending(&ssl_) != 0;
  }

  void finish() override {
    mbedtls_ssl_close_notify(&ssl_);
    ::shutdown(socket_.get(), SHUT_WR);
  }

  [[nodiscard]] std::optional<Hash> peer_spki() const override {
    const mbedtls_x509_crt* peer = mbedtls_ssl_get_peer_cert(&ssl_);
    if (peer == nullptr) return std::nullopt;
    return tls::spki_of(*peer);
  }

 private:
  /// Waits for what the library asked for, or turns its code into an error.
  Status wait_for(int rc, const Deadline& deadline, std::string_view what) {
    if (deadline.passed()) return fail(Code::Timeout);
    if (rc == MBEDTLS_ERR_SSL_WANT_READ || rc == MBEDTLS_ERR_SSL_WANT_WRITE) {
      short events = rc == MBEDTLS_ERR_SSL_WANT_READ ? POLLIN : POLLOUT;
      if (!wait_socket(socket_.get(), events, deadline)) return fail(Code::Timeout);
      return {};
    }
#if MBEDTLS_VERSION_MAJOR >= 3
    if (rc == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) return {};
#endif
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

std::unique_ptr<Stream> make_plain_stream(Fd socket) {
  return std::make_unique<PlainStream>(std::move(socket));
}

Result<std::unique_ptr<Stream>> tls::make_tls_stream(Fd socket, std::shared_ptr<Config> config,
                                                     std::string_view server_name, PeerJudge judge) {
  auto stream = std::make_unique<TlsStream>(std::move(socket), std::move(config), std::move(judge));
  CF_CHECK(stream->set_up(server_name));
  return std::unique_ptr<Stream>(std::move(stream));
}

}  // namespace counterfoil::net
