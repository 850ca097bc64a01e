// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "support.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <charconv>

namespace counterfoil::net::test {
namespace {

constexpr crypto::Validity kValidity = {1'577'836'800, 4'102'444'800};  // 2020 to 2100

TlsIdentity make_server_identity(const crypto::Authority& authority) {
  auto key = crypto::SigningKey::generate();
  auto pem =
      authority.issue_server(key.public_key(), {{"shop.example", "localhost"}, {"127.0.0.1"}}, kValidity);
  REQUIRE(pem);
  return {*pem, key.pem()};
}

const crypto::Authority& authority() {
  static const crypto::Authority made = [] {
    auto a = crypto::Authority::create("Test Authority", kValidity);
    REQUIRE(a);
    return std::move(*a);
  }();
  return made;
}

}  // namespace

const Certificates& certificates() {
  static const Certificates made = [] {
    Certificates c;
    c.ca_pem = authority().certificate_pem();
    c.server = make_server_identity(authority());
    auto client_key = crypto::SigningKey::generate();
    auto client_pem = authority().issue_client(client_key.public_key(), "head office", kValidity);
    REQUIRE(client_pem);
    c.client = {*client_pem, client_key.pem()};
    c.client_spki = client_key.public_key().spki_sha256();
    c.server_spki = *crypto::spki_sha256_of_certificate(c.server.certificate_pem);
    return c;
  }();
  return made;
}

TlsIdentity copy_of(const TlsIdentity& identity) {
  ByteView key = identity.key_pem.view();
  return {identity.certificate_pem, SecretBytes(Bytes(key.begin(), key.end()))};
}

TlsIdentity other_server_identity() {
  return make_server_identity(authority());
}

RunningServer::RunningServer(ListenerKind kind, Router routes, ServerOptions options,
                             TlsServer::Options tls_options)
    : router(std::move(routes)) {
  auto opened_tls = TlsServer::open(certificates().server, std::move(tls_options));
  REQUIRE(opened_tls);
  tls = *opened_tls;
  ListenerOptions listener;
  listener.kind = kind;
  listener.hosts = {"shop.example", "localhost", "127.0.0.1"};
  listener.tls = tls;
  listener.router = &router;
  auto opened = Server::open(clock, options, {listener});
  REQUIRE(opened);
  server = std::move(*opened);
  REQUIRE(server->start());
}

Fd connect_plain(std::uint16_t port, std::uint8_t from) {
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in mine{};
  mine.sin_family = AF_INET;
  mine.sin_addr.s_addr = htonl((INADDR_LOOPBACK & 0xffffff00U) | from);
  REQUIRE(::bind(fd.get(), reinterpret_cast<sockaddr*>(&mine), sizeof mine) == 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) fd.close();
  if (fd.valid()) ::fcntl(fd.get(), F_SETFL, O_NONBLOCK);
  return fd;
}

RawPeer::RawPeer(std::uint16_t port, TlsIdentity identity, std::uint8_t from) {
  TlsClient::Options options;
  options.server_spki = certificates().server_spki;
  options.identity = std::move(identity);
  auto tls = TlsClient::open(std::move(options));
  REQUIRE(tls);
  tls_ = *tls;
  auto stream = tls_->connect(connect_plain(port, from));
  REQUIRE(stream);
  stream_ = std::move(*stream);
  connected_ = bool(stream_->handshake(Deadline::in_ms(5000)));
}

bool RawPeer::send(std::string_view bytes) {
  return bool(stream_->write(bytes, Deadline::in_ms(5000)));
}

std::string RawPeer::answer(int deadline_ms) {
  Deadline deadline = Deadline::in_ms(deadline_ms);
  for (;;) {
    std::size_t head = input_.find("\r\n\r\n");
    std::size_t at = input_.find("Content-Length: ");
    if (head != std::string::npos && at < head) {
      std::size_t length = 0;
      std::from_chars(input_.data() + at + 16, input_.data() + head, length);
      std::size_t whole = head + 4 + length;
      if (input_.size() >= whole) {
        std::string out = input_.substr(0, whole);
        input_.erase(0, whole);
        return out;
      }
    }
    std::array<char, 4096> buffer;
    auto got = stream_->read(buffer.data(), buffer.size(), deadline);
    if (!got || *got == 0) return std::move(input_);
    input_.append(buffer.data(), *got);
  }
}

bool RawPeer::closed_within(int ms) {
  std::array<char, 256> buffer;
  auto got = stream_->read(buffer.data(), buffer.size(), Deadline::in_ms(ms));
  return got ? *got == 0 : got.error().code != Code::Timeout;
}

std::string ask(std::uint16_t port, std::string_view bytes) {
  RawPeer peer(port);
  REQUIRE(peer.connected());
  peer.send(bytes);
  return peer.answer();
}

int status_of(std::string_view answer) {
  int status = 0;
  if (answer.starts_with("HTTP/1.1 "))
    std::from_chars(answer.data() + 9, answer.data() + answer.size(), status);
  return status;
}

std::string post_text(std::string_view path, std::string_view body, std::string_view more_fields) {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nHost: shop.example\r\nContent-Type: "
         "application/x-www-form-urlencoded\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n" + std::string(more_fields) + "\r\n" + std::string(body);
}

std::string get_text(std::string_view path, std::string_view more_fields) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: shop.example\r\n" + std::string(more_fields) +
         "\r\n";
}

}  // namespace counterfoil::net::test
