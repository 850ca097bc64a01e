// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "net/tls.h"

#include "support.h"

#include <array>
#include <cstdio>
#include <thread>

namespace counterfoil::net {

using test::certificates;
using test::copy_of;
using test::get_text;
using test::RawPeer;
using test::RunningServer;
using test::status_of;

namespace {

Router one_page() {
  Router router;
  router.get("/",
             [](const Request& q) { return Response::text(q.peer_spki ? hex(*q.peer_spki) : "nobody"); });
  return router;
}

/// What the openssl client says, standard error included.
std::string openssl_client(std::uint16_t port, const std::string& options) {
  std::string command =
      "openssl s_client -connect 127.0.0.1:" + std::to_string(port) + " " + options + " </dev/null 2>&1";
  std::string out;
  FILE* pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::array<char, 4096> buffer;
  while (std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe)) out.append(buffer.data(), got);
  ::pclose(pipe);
  return out;
}

bool mentions(const std::string& text, std::string_view what) {
  return text.find(what) != std::string::npos;
}

HttpsClientOptions client_options(std::uint16_t port) {
  HttpsClientOptions o;
  o.host = "127.0.0.1";
  o.port = port;
  o.tls.ca_pem = certificates().ca_pem;
  return o;
}

Code handshake_error(std::uint16_t port, TlsClient::Options options) {
  auto tls = TlsClient::open(std::move(options));
  REQUIRE(tls);
  auto stream = (*tls)->connect(test::connect_plain(port));
  REQUIRE(stream);
  Status done = (*stream)->handshake(Deadline::in_ms(3000));
  REQUIRE_FALSE(done);
  return done.error().code;
}

TlsServer::Options pinned(const Hash& known) {
  TlsServer::Options o;
  o.client_certificate = TlsServer::ClientCertificate::Required;
  o.peer_allowed = [known](const Hash& spki) { return spki == known; };
  return o;
}

}  // namespace

TEST_CASE("old versions and weak suites are refused, ChaCha20 comes first, sessions resume") {
  RunningServer s(ListenerKind::Customer, one_page());
  std::string low = "-cipher ALL:@SECLEVEL=0 ";
  CHECK(mentions(openssl_client(s.port(), low + "-tls1_1"), "alert protocol version"));
  CHECK(mentions(openssl_client(s.port(), "-tls1_2 -cipher AES128-SHA"), "handshake failure"));
  std::string modern = openssl_client(s.port(), "-tls1_2 -cipher ECDHE+AESGCM:ECDHE+CHACHA20");
  CHECK(mentions(modern, "CHACHA20-POLY1305"));
  CHECK(mentions(modern, "Secure Renegotiation IS supported"));
  CHECK(mentions(modern, "TLS session ticket"));
  CHECK(mentions(openssl_client(s.port(), "-tls1_2 -groups X25519:P-256"),
                 "Cipher is ECDHE-ECDSA-CHACHA20-POLY1305"));
  CHECK(mentions(openssl_client(s.port(), "-tls1_2 -groups P-384"), "handshake failure"));
  CHECK(mentions(openssl_client(s.port(), "-tls1_2 -reconnect"), "Reused, TLSv1.2"));
}

TEST_CASE("the certificate changes without dropping a connection") {
  RunningServer s(ListenerKind::Customer, one_page());
  RawPeer before(s.port());
  REQUIRE(before.connected());
  TlsIdentity next = test::other_server_identity();
  Hash next_pin = *crypto::spki_sha256_of_certificate(next.certificate_pem);
  REQUIRE(s.tls->reload(next));
  before.send(get_text("/"));
  CHECK(status_of(before.answer()) == 200);
  TlsClient::Options old_pin;
  old_pin.server_spki = certificates().server_spki;
  CHECK(handshake_error(s.port(), std::move(old_pin)) == Code::Refused);
  HttpsClientOptions by_pin = client_options(s.port());
  by_pin.tls.ca_pem.clear();
  by_pin.tls.server_spki = next_pin;
  CHECK((*HttpsClient::open(std::move(by_pin)))->get("/", 100)->status == 200);

  TlsIdentity mixed = copy_of(certificates().server);
  mixed.certificate_pem = next.certificate_pem;
  CHECK(s.tls->reload(mixed).error().code == Code::BadInput);
  CHECK(s.tls->reload({}).error().code == Code::BadInput);
  CHECK((*HttpsClient::open(client_options(s.port())))->get("/", 100)->status == 200);
}

TEST_CASE("the client trusts the named server under the authority and nobody else") {
  RunningServer s(ListenerKind::Customer, one_page());
  auto error_for = [&](std::string name, std::string ca) {
    TlsClient::Options o;
    o.server_name = std::move(name);
    o.ca_pem = std::move(ca);
    return handshake_error(s.port(), std::move(o));
  };
  CHECK(error_for("evil.example", certificates().ca_pem) == Code::Refused);
  CHECK(error_for("127.0.0.2", certificates().ca_pem) == Code::Refused);
  auto stranger = crypto::Authority::create("Stranger", {1'577'836'800, 4'102'444'800});
  CHECK(error_for("shop.example", stranger->certificate_pem()) == Code::Refused);
  CHECK(error_for("127.0.0.1", stranger->certificate_pem()) == Code::Refused);
  HttpsClientOptions by_name = client_options(s.port());
  by_name.tls.server_name = "shop.example";
  CHECK((*HttpsClient::open(std::move(by_name)))->get("/", 100)->status == 200);
  CHECK((*HttpsClient::open(client_options(s.port())))->get("/", 100)->status == 200);
  CHECK(TlsClient::open({}).error().code == Code::BadInput);
}

TEST_CASE("a pinned client key opens the sync listener, no other does") {
  RunningServer s(ListenerKind::Sync, one_page(), {}, pinned(certificates().client_spki));
  HttpsClientOptions known = client_options(s.port());
  known.tls.identity = copy_of(certificates().client);
  auto answer = (*HttpsClient::open(std::move(known)))->get("/", 100);
  REQUIRE(answer);
  CHECK(answer->body == hex(certificates().client_spki));

  CHECK_FALSE((*HttpsClient::open(client_options(s.port())))->get("/", 100));
  HttpsClientOptions unknown = client_options(s.port());
  unknown.tls.identity = test::other_server_identity();
  auto refused = (*HttpsClient::open(std::move(unknown)))->get("/", 100);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::Refused);
  // The right certificate without its key proves nothing.
  HttpsClientOptions thief = client_options(s.port());
  thief.tls.identity = copy_of(certificates().client);
  thief.tls.identity.key_pem = crypto::SigningKey::generate().pem();
  CHECK(HttpsClient::open(std::move(thief)).error().code == Code::BadInput);
  CHECK(s.server->figures().requests == 1);
  // The peer may read its alert before the server has counted it.
  for (int i = 0; i < 200 && s.server->figures().refused["tls_peer"] < 2; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  CHECK(s.server->figures().refused["tls_peer"] == 2);
}

}  // namespace counterfoil::net
