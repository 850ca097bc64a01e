// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What the tests of net share: a clock in the test's hand, a certificate made on the spot, a server with one
// page, and a peer that sends raw bytes. Thread rule: one test at a time, except Clock.
#pragma once

#include "counterfoil/base/clock.h"
#include "crypto/certificate.h"
#include "net/client.h"
#include "net/server.h"

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

namespace counterfoil::net::test {

class HandClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override { return 1'790'000'000 + boot_ms() / 1000; }
  [[nodiscard]] std::int64_t boot_ms() const override { return boot_ms_; }
  [[nodiscard]] ClockState state() const override { return ClockState::Synced; }
  [[nodiscard]] std::string boot_id() const override { return std::string(32, '0'); }
  void advance(std::int64_t ms) { boot_ms_ += ms; }

 private:
  std::atomic<std::int64_t> boot_ms_{1'000'000};
};

/// A head with the usual fields, for the gate.
inline std::string head_with(std::string_view line, std::string_view fields = "") {
  return std::string(line) + "\r\nHost: shop.example\r\n" + std::string(fields) + "\r\n";
}

/// An authority, a server identity for shop.example, localhost and 127.0.0.1, and a client identity.
struct Certificates {
  std::string ca_pem;
  TlsIdentity server;
  TlsIdentity client;
  Hash server_spki{};
  Hash client_spki{};
};
const Certificates& certificates();
TlsIdentity copy_of(const TlsIdentity& identity);
/// A second server identity under the same authority.
TlsIdentity other_server_identity();

/// One server with one listener on 127.0.0.1.
struct RunningServer {
  RunningServer(ListenerKind kind, Router routes, ServerOptions options = {},
                TlsServer::Options tls_options = {});
  [[nodiscard]] std::uint16_t port() const { return server->port(0); }
  HandClock clock;
  Router router;
  std::shared_ptr<TlsServer> tls;
  std::unique_ptr<Server> server;
};

/// Sends raw bytes over TLS, reads until the peer closes, `until` has come or the deadline passed.
class RawPeer {
 public:
  explicit RawPeer(std::uint16_t port, TlsIdentity identity = {}, std::uint8_t from = 1);
  [[nodiscard]] bool connected() const { return connected_; }
  bool send(std::string_view bytes);
  /// Everything up to the end of the first whole answer (by Content-Length), or what came until then.
  std::string answer(int deadline_ms = 4000);
  /// True when the server has closed within the time.
  bool closed_within(int ms);

 private:
  std::shared_ptr<TlsClient> tls_;
  std::unique_ptr<Stream> stream_;
  std::string input_;
  bool connected_ = false;
};
/// A plain TCP connection to the port, non-blocking, from 127.0.0.`from`.
Fd connect_plain(std::uint16_t port, std::uint8_t from = 1);
/// One request on a new connection.
std::string ask(std::uint16_t port, std::string_view bytes);
/// 421 out of "HTTP/1.1 421 ...", 0 when there is no answer.
int status_of(std::string_view answer);
std::string post_text(std::string_view path, std::string_view body, std::string_view more_fields = "");
std::string get_text(std::string_view path, std::string_view more_fields = "");

}  // namespace counterfoil::net::test
