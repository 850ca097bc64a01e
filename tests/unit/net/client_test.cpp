// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "net/client.h"

#include "support.h"

#include <thread>

namespace counterfoil::net {

using test::certificates;
using test::copy_of;
using test::RunningServer;

namespace {

constexpr std::size_t kStreamedPieces = 200;
constexpr std::size_t kPieceBytes = 8000;

Response streamed(bool breaks) {
  Response r = Response::of("application/x-ndjson", "");
  auto sent = std::make_shared<std::size_t>(0);
  r.stream = [sent, breaks](std::string& piece) -> Result<bool> {
    if (breaks && *sent == 3) return fail(Code::Io, "gone");
    piece.assign(*sent % 7 == 3 ? 0 : kPieceBytes, static_cast<char>('a' + *sent % 26));
    return ++*sent < kStreamedPieces;
  };
  return r;
}

// A piece every 20 ms, long after any patience.
Response dripping() {
  Response r = Response::of("application/x-ndjson", "");
  auto sent = std::make_shared<int>(0);
  r.stream = [sent](std::string& piece) -> Result<bool> {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    piece = "a";
    return ++*sent < 200;
  };
  return r;
}

Router sync_routes() {
  Router router;
  router.get("/drip", [](const Request&) { return dripping(); });
  router.get("/stream", [](const Request&) { return streamed(false); });
  router.get("/broken", [](const Request&) { return streamed(true); });
  router.post("/note", [](const Request& q) { return Response::json(q.body, 201); },
              {.body_bytes_max = 100'000});
  return router;
}

std::unique_ptr<HttpsClient> sync_client(const RunningServer& s,
                                         int exchange_deadline_ms = limits::kExchange_ms) {
  HttpsClientOptions o;
  o.host = "127.0.0.1";
  o.port = s.port();
  o.exchange_deadline_ms = exchange_deadline_ms;
  o.tls.server_spki = certificates().server_spki;
  o.tls.identity = copy_of(certificates().client);
  auto client = HttpsClient::open(std::move(o));
  REQUIRE(client);
  return std::move(*client);
}

TlsServer::Options anyone() {
  TlsServer::Options o;
  o.client_certificate = TlsServer::ClientCertificate::Required;
  o.peer_allowed = [](const Hash&) { return true; };
  return o;
}

}  // namespace

TEST_CASE("a stream arrives whole, in order, and the connection goes on") {
  RunningServer s(ListenerKind::Sync, sync_routes(), {}, anyone());
  auto client = sync_client(s);
  std::string expected;
  for (std::size_t i = 0; i < kStreamedPieces; ++i)
    expected += std::string(i % 7 == 3 ? 0 : kPieceBytes, static_cast<char>('a' + i % 26));
  std::string got;
  auto answer = client->get("/stream", 10'000'000, [&](std::string_view piece) -> Status {
    got += piece;
    return {};
  });
  REQUIRE(answer);
  CHECK(answer->field("transfer-encoding") == "chunked");
  CHECK(got == expected);
  CHECK(client->get("/stream", 10'000'000)->body == expected);
  CHECK(client->get("/nowhere", 1000)->status == 404);
  CHECK(s.server->figures().accepted == 1);
}

TEST_CASE("an answer that only drips is given up") {
  RunningServer s(ListenerKind::Sync, sync_routes(), {}, anyone());
  auto answer = sync_client(s, 300)->get("/drip", 1000);
  REQUIRE(!answer);
  CHECK(answer.error().code == Code::Timeout);
  CHECK(sync_client(s)->get("/drip", 1000)->body.size() == 200);
}

TEST_CASE("a broken stream is an error, never a short answer") {
  RunningServer s(ListenerKind::Sync, sync_routes(), {}, anyone());
  auto client = sync_client(s);
  auto answer = client->get("/broken", 10'000'000);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Code::Io);
  CHECK(client->get("/stream", 100).error().code == Code::Limit);
  auto aborted =
      client->get("/stream", 10'000'000, [](std::string_view) -> Status { return fail(Code::DiskFull); });
  REQUIRE_FALSE(aborted);
  CHECK(aborted.error().code == Code::DiskFull);
  CHECK(client->get("/stream", 10'000'000));
}

TEST_CASE("a post carries its body up to the route's limit") {
  RunningServer s(ListenerKind::Sync, sync_routes(), {}, anyone());
  auto client = sync_client(s);
  std::string body(100'000, 'n');
  auto answer = client->post("/note", "text/plain", body, 200'000);
  REQUIRE(answer);
  CHECK(answer->status == 201);
  CHECK(answer->body == body);
  auto refused = client->post("/note", "text/plain", body + "n", 200'000);
  REQUIRE(refused);
  CHECK(refused->status == 413);
}

TEST_CASE("a get survives that the server closed the idle connection") {
  ServerOptions options;
  options.keep_alive_ms = 100;
  RunningServer s(ListenerKind::Sync, sync_routes(), options, anyone());
  auto client = sync_client(s);
  REQUIRE(client->get("/nowhere", 1000));
  for (int i = 0; i < 600 && s.server->figures().connections > 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  auto again = client->get("/nowhere", 1000);
  REQUIRE(again);
  CHECK(again->status == 404);
  CHECK(s.server->figures().accepted == 2);
}

TEST_CASE("a server that is not there is said to be so") {
  HttpsClientOptions o;
  o.host = "127.0.0.1";
  o.port = 1;
  o.tls.server_spki = certificates().server_spki;
  CHECK((*HttpsClient::open(std::move(o)))->get("/", 10).error().code == Code::Io);
}

}  // namespace counterfoil::net
