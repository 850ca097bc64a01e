// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The attacks that a stock cpp-httplib lets through, over TLS against the running server: each gets its
// status, changes nothing, and the next customer is served.
#include "support.h"

#include <thread>

namespace counterfoil::net {

using test::ask;
using test::get_text;
using test::post_text;
using test::RawPeer;
using test::RunningServer;
using test::status_of;

namespace {

std::atomic<int> served_count{0};

Router counting_routes() {
  Router router;
  router.get("/", [](const Request&) { return Response::text(std::to_string(++served_count)); });
  router.post("/in", [](const Request& q) {
    ++served_count;
    return Response::text(std::to_string(q.body.size()));
  });
  return router;
}

ServerOptions short_deadlines() {
  ServerOptions o;
  o.handshake_deadline_ms = 2000;  // two busy cores make a handshake slow; silence must still end
  o.head_deadline_ms = 400;
  o.body_deadline_ms = 400;
  o.keep_alive_ms = 400;
  return o;
}

}  // namespace

TEST_CASE("hostile requests are refused and reach no handler") {
  RunningServer s(ListenerKind::Customer, counting_routes());
  served_count = 0;
  std::string host = "Host: shop.example\r\n";
  std::string fields;
  for (int i = 0; i < 20'000; ++i) fields += "a" + std::to_string(i) + ": b\r\n";
  std::string body_fields;
  for (int i = 0; i < 3'000; ++i) body_fields += "a=b&";
  struct Row {
    const char* name;
    std::string bytes;
    int status;
  };
  const std::vector<Row> rows = {
      {"gzip body",
       "POST /in HTTP/1.1\r\n" + host + "Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x01",
       415},
      {"chunked",
       "POST /in HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n", 400},
      {"TE and CL",
       "POST /in HTTP/1.1\r\n" + host + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       400},
      {"duplicate CL", "POST /in HTTP/1.1\r\n" + host + "Content-Length: 1\r\nContent-Length: 5\r\n\r\nabcde",
       400},
      {"20000 fields", "GET / HTTP/1.1\r\n" + host + fields + "\r\n", 431},
      {"REMOTE_ADDR", "GET / HTTP/1.1\r\n" + host + "REMOTE_ADDR: 9.9.9.9\r\n\r\n", 400},
      {"encoded CRLF", "GET / HTTP/1.1\r\n" + host + "X-A: a%0d%0aSet-Cookie: x\r\n\r\n", 400},
      {"bare LF", "GET / HTTP/1.1\n" + host + "\r\n", 400},
      {"body too large",
       "POST /in HTTP/1.1\r\n" + host + "Content-Length: 16385\r\n\r\n" + std::string(16385, 'x'), 413},
      {"no length", "POST /in HTTP/1.1\r\n" + host + "\r\n", 411},
      {"old version", "GET / HTTP/1.0\r\n" + host + "\r\n", 505},
      {"long line", "GET /" + std::string(3000, 'a') + " HTTP/1.1\r\n" + host + "\r\n", 414},
      {"multipart",
       "POST /in HTTP/1.1\r\n" + host +
           "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 1\r\n\r\nx",
       415},
      {"expect", "POST /in HTTP/1.1\r\n" + host + "Expect: 100-continue\r\nContent-Length: 1\r\n\r\n", 417},
      {"delete", "DELETE / HTTP/1.1\r\n" + host + "\r\n", 405},
      {"empty", "\r\n\r\n", 400},
  };
  for (const Row& row : rows) CHECK_MESSAGE(status_of(ask(s.port(), row.bytes)) == row.status, row.name);
  CHECK(served_count == 0);
  CHECK(ask(s.port(), get_text("/")).ends_with("1"));
}

TEST_CASE("a refused body is not taken for the next request") {
  RunningServer s(ListenerKind::Customer, counting_routes());
  served_count = 0;
  std::string smuggled = get_text("/");
  RawPeer peer(s.port());
  peer.send("POST /nowhere HTTP/1.1\r\nHost: shop.example\r\nContent-Length: " +
            std::to_string(smuggled.size()) + "\r\n\r\n" + smuggled);
  CHECK(status_of(peer.answer()) == 404);
  CHECK(peer.closed_within(1000));
  CHECK(served_count == 0);
}

TEST_CASE("slow heads, slow bodies, silence and plain HTTP end at their deadline") {
  RunningServer s(ListenerKind::Customer, counting_routes(), short_deadlines());
  auto begin = std::chrono::steady_clock::now();
  RawPeer drip(s.port());
  for (char c : std::string("GET / HTTP/1.1\r\nHost: xxxxxxxxxxxxxxx")) {
    if (!drip.send(std::string(1, c))) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(25));
    if (std::chrono::steady_clock::now() - begin > std::chrono::milliseconds(900)) break;
  }
  CHECK(status_of(drip.answer(3000)) == 408);

  RawPeer half(s.port());
  half.send("POST /in HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 10\r\n\r\nabc");
  CHECK(status_of(half.answer(3000)) == 408);

  RawPeer silent(s.port());
  CHECK(silent.closed_within(3000));

  auto mute = make_plain_stream(test::connect_plain(s.port()));
  REQUIRE(mute->write("\x16", Deadline::in_ms(1000)));  // the first byte of a handshake, and then nothing
  auto plain = make_plain_stream(test::connect_plain(s.port()));
  REQUIRE(plain->write(get_text("/"), Deadline::in_ms(1000)));
  char c = 0;
  auto from_plain = plain->read(&c, 1, Deadline::in_ms(5000));
  CHECK((!from_plain || *from_plain == 0 || c != 'H'));
  auto from_mute = mute->read(&c, 1, Deadline::in_ms(5000));
  REQUIRE(from_mute);
  CHECK(*from_mute == 0);
  CHECK(s.server->figures().refused.at("head_timeout") == 1);
  CHECK(s.server->figures().refused.at("body_timeout") == 1);
  CHECK(s.server->figures().refused.at("tls_handshake") == 2);
}

}  // namespace counterfoil::net
