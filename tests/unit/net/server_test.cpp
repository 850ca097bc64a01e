// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "net/server.h"

#include "support.h"

#include <array>
#include <chrono>
#include <thread>

namespace counterfoil::net {

using namespace std::chrono_literals;
using test::ask;
using test::get_text;
using test::post_text;
using test::RawPeer;
using test::RunningServer;
using test::status_of;

namespace {

Router page_routes() {
  Router router;
  router.get("/hello/{name}", [](const Request& q) {
    return Response::html("hello " + std::string(q.param("name")) + " " + q.address + " " + q.host);
  });
  router.post("/echo", [](const Request& q) {
    auto form = parse_form(q);
    if (!form) return Response::text(form.error().detail, form_refusal(form.error()).status);
    return Response::text(std::string(form->text("a")));
  });
  router.get("/far", [](const Request&) { return Response::redirect("/hello/there"); });
  router.get("/stream", [](const Request&) {
    Response r = Response::text("");
    r.stream = [](std::string&) -> Result<bool> { return false; };
    return r;
  });
  return router;
}

bool has_field(const std::string& answer, std::string_view line) {
  return answer.find("\r\n" + std::string(line) + "\r\n") != std::string::npos;
}

}  // namespace

TEST_CASE("a page goes from the socket to the handler and back") {
  RunningServer s(ListenerKind::Customer, page_routes());
  std::string answer = ask(s.port(), get_text("/hello/Mar%C3%ADa"));
  CHECK(status_of(answer) == 200);
  CHECK(
      answer.ends_with("hello Mar\xC3\xAD"
                       "a 127.0.0.1 shop.example"));
  CHECK(status_of(ask(s.port(), get_text("/hello/x?a=b?c=d"))) == 200);  // RFC 3986 section 3.4
  CHECK(status_of(ask(s.port(), post_text("/echo", "a=b+c"))) == 200);
  CHECK(ask(s.port(), post_text("/echo", "a=b+c")).ends_with("b c"));
  std::string moved = ask(s.port(), get_text("/far"));
  CHECK(status_of(moved) == 303);
  CHECK(has_field(moved, "Location: /hello/there"));
  // A form as large as the gate admits reaches the handler: the library's own form limit is lower.
  std::string large = "a=" + std::string(limits::kRequestBodyBytesMax - 2, 'x');
  CHECK(ask(s.port(), post_text("/echo", large)).ends_with("\r\n\r\n" + large.substr(2)));
  std::string longest = "/hello/" + std::string(limits::kRequestLineBytesMax - 20, 'y');
  CHECK(status_of(ask(s.port(), get_text(longest))) == 200);
}

TEST_CASE("HEAD has the head of GET and no body") {
  RunningServer s(ListenerKind::Customer, page_routes());
  std::string with_body = ask(s.port(), get_text("/hello/x"));
  RawPeer peer(s.port());
  peer.send("HEAD /hello/x HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n");
  std::string head = peer.answer(1500);
  CHECK(status_of(head) == 200);
  CHECK(head.ends_with("\r\n\r\n"));
  auto length = with_body.substr(with_body.find("Content-Length"), 20);
  CHECK(head.find(length) != std::string::npos);
}

TEST_CASE("every customer and staff answer carries the security fields") {
  for (auto kind : {ListenerKind::Customer, ListenerKind::Staff}) {
    RunningServer s(kind, page_routes());
    for (const std::string& text :
         {get_text("/hello/x"), get_text("/nowhere"), std::string("nonsense\r\n\r\n")}) {
      std::string answer = ask(s.port(), text);
      CHECK(has_field(answer, "Cache-Control: no-store"));
      CHECK(has_field(answer, "Referrer-Policy: no-referrer"));
      CHECK(has_field(answer, "X-Content-Type-Options: nosniff"));
      CHECK(answer.find("Cross-Origin-Opener-Policy: same-origin") != std::string::npos);
      CHECK(answer.find("X-Robots-Tag: noindex, nofollow") != std::string::npos);
      CHECK(answer.find("Content-Security-Policy: default-src 'none'; style-src 'self'") !=
            std::string::npos);
      bool is_customer = kind == ListenerKind::Customer;
      CHECK(has_field(answer, "Strict-Transport-Security: max-age=604800") == is_customer);
      for (const char* surprise : {"Server:", "Keep-Alive:", "EXCEPTION_WHAT", "Accept-Ranges", "Set-Cookie"})
        CHECK_MESSAGE(answer.find(surprise) == std::string::npos, surprise);
    }
  }
}

TEST_CASE("a connection is used again until somebody says close") {
  RunningServer s(ListenerKind::Customer, page_routes());
  RawPeer peer(s.port());
  for (int i = 0; i < 5; ++i) {
    peer.send(get_text("/hello/x"));
    CHECK(status_of(peer.answer()) == 200);
  }
  // Two requests at once are answered one after the other.
  peer.send(get_text("/hello/one") + post_text("/echo", "a=two"));
  CHECK(peer.answer().find("hello one") != std::string::npos);
  CHECK(peer.answer().ends_with("two"));
  CHECK(s.server->figures().accepted == 1);
  peer.send(get_text("/nowhere"));
  CHECK(status_of(peer.answer()) == 404);
  peer.send(get_text("/hello/x", "Connection: close\r\n"));
  CHECK(has_field(peer.answer(), "Connection: close"));
  CHECK(peer.closed_within(1000));
}

TEST_CASE("wrong Host, wrong method, wrong site and streams in the wrong place") {
  RunningServer s(ListenerKind::Customer, page_routes());
  CHECK(status_of(ask(s.port(), "GET /hello/x HTTP/1.1\r\nHost: evil.example\r\n\r\n")) == 421);
  CHECK(status_of(ask(s.port(), "GET /hello/x HTTP/1.1\r\nHost: LOCALHOST:1\r\n\r\n")) == 200);
  std::string wrong = ask(s.port(), post_text("/hello/x", "a=b"));
  CHECK(status_of(wrong) == 405);
  CHECK(has_field(wrong, "Allow: GET, HEAD"));
  CHECK(status_of(ask(s.port(), post_text("/echo", "a=b", "Origin: https://evil.example\r\n"))) == 403);
  CHECK(status_of(ask(s.port(), post_text("/echo", "a=b", "Sec-Fetch-Site: cross-site\r\n"))) == 403);
  CHECK(status_of(ask(s.port(), post_text("/echo", "a=b", "Origin: https://shop.example\r\n"))) == 200);
  CHECK(status_of(ask(s.port(), get_text("/stream"))) == 500);
  CHECK(s.server->figures().refused.at("cross_site") == 2);
  CHECK(s.server->figures().refused.at("host_unknown") == 1);
}

TEST_CASE("the error page of the listener words the transport's refusals") {
  Router router = page_routes();
  router.set_error_page([](const Request& q, int, std::string_view reason) {
    return q.wants_json() ? Response::json("{\"reason\":\"" + std::string(reason) + "\"}")
                          : Response::html("<p>" + std::string(reason));
  });
  RunningServer s(ListenerKind::Staff, std::move(router));
  CHECK(ask(s.port(), get_text("/nowhere")).ends_with("<p>unknown_path"));
  CHECK(ask(s.port(), get_text("/nowhere", "Accept: application/json\r\n"))
            .ends_with("{\"reason\":\"unknown_path\"}"));
  CHECK(ask(s.port(), get_text("/hello/x", "Accept: application/json\r\nRange: bytes=0-1\r\n"))
            .ends_with("{\"reason\":\"range\"}"));
}

namespace {

// Port 80: no TLS, no routes, one name to send everybody to.
struct RedirectingServer {
  test::HandClock clock;
  std::unique_ptr<Server> server;

  explicit RedirectingServer(ServerOptions options = {}) {
    ListenerOptions listener;
    listener.kind = ListenerKind::Redirect;
    listener.redirect_to = "https://shop.example";
    auto opened = Server::open(clock, options, {listener});
    REQUIRE(opened);
    server = std::move(*opened);
    REQUIRE(server->start());
  }
  [[nodiscard]] std::unique_ptr<Stream> connect() const {
    return make_plain_stream(test::connect_plain(server->port(0)));
  }
  // Everything until the other side closes, or has been silent for a while.
  static std::string rest_of(Stream& stream, int silence_ms = 500) {
    std::string all;
    std::array<char, 2000> piece{};
    for (;;) {
      const auto got = stream.read(piece.data(), piece.size(), Deadline::in_ms(silence_ms));
      if (!got) return all + "(open)";
      if (*got == 0) return all;
      all.append(piece.data(), *got);
    }
  }
  [[nodiscard]] std::string ask(std::string_view bytes) const {
    auto stream = connect();
    REQUIRE(stream->write(bytes, Deadline::in_ms(1000)));
    return rest_of(*stream);
  }
};

}  // namespace

TEST_CASE("port 80 redirects to the configured name, never to the one asked for") {
  const RedirectingServer s;
  for (const char* host : {"evil.example", "shop.example", "127.0.0.1", "evil.example:80"}) {
    CAPTURE(host);
    const std::string answer =
        s.ask("GET /o/abc?x=1 HTTP/1.1\r\nHost: " + std::string(host) + "\r\nConnection: close\r\n\r\n");
    CHECK(status_of(answer) == 301);
    CHECK(has_field(answer, "Location: https://shop.example/o/abc?x=1"));
    CHECK(answer.find("evil") == std::string::npos);
    CHECK(answer.find("(open)") == std::string::npos);
  }
  for (const char* target :
       {"//evil.example/", "http://evil.example/", "@evil.example/", ".evil.example/", "*"}) {
    CAPTURE(target);
    const std::string answer = s.ask("GET " + std::string(target) + " HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(status_of(answer) == 400);
    CHECK(answer.find("Location") == std::string::npos);
  }
  auto kept = s.connect();
  for (const char* method : {"GET", "HEAD"}) {
    REQUIRE(kept->write(std::string(method) + " / HTTP/1.1\r\nHost: x\r\n\r\n", Deadline::in_ms(1000)));
    const std::string answer = RedirectingServer::rest_of(*kept, 200);
    CHECK(status_of(answer) == 301);
    CHECK(answer.ends_with("\r\n\r\n(open)"));
  }
}

TEST_CASE("port 80 refuses whatever is not GET or HEAD in a word, and closes") {
  const RedirectingServer s;
  for (const char* request : {"POST /stop HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nnumber=07",
                              "POST / HTTP/1.1\r\nHost: x\r\n\r\n", "DELETE / HTTP/1.1\r\nHost: x\r\n\r\n",
                              "OPTIONS / HTTP/1.1\r\nHost: x\r\n\r\n"}) {
    CAPTURE(request);
    const std::string answer = s.ask(request);
    CHECK(status_of(answer) == 405);
    CHECK(has_field(answer, "Allow: GET, HEAD"));
    CHECK(has_field(answer, "Connection: close"));
    CHECK(answer.size() < 300);
    CHECK(answer.find("Location") == std::string::npos);
    CHECK_FALSE(answer.ends_with("(open)"));
  }
  CHECK(status_of(s.ask("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")) == 400);
  CHECK(status_of(s.ask("\x16\x03\x01\x02\x01\r\n\r\n")) == 400);  // TLS where none is spoken
}

TEST_CASE("on port 80 a slow head ends at its deadline, however it trickles") {
  ServerOptions options;
  options.head_deadline_ms = 300;
  const RedirectingServer s(options);
  auto slow = s.connect();
  const auto began = std::chrono::steady_clock::now();
  REQUIRE(slow->write("GET / HTTP/1.1\r\n", Deadline::in_ms(1000)));
  for (int i = 0; i < 40; ++i) {
    if (!slow->write("X", Deadline::in_ms(100))) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    if (s.server->figures().connections == 0) break;
  }
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::milliseconds(700));
  CHECK(s.server->figures().refused["head_timeout"] == 1);
}

TEST_CASE("a taken port, a foreign address and a missing part are told apart") {
  RunningServer s(ListenerKind::Customer, page_routes());
  ListenerOptions again;
  again.port = s.port();
  again.hosts = {"x"};
  again.tls = s.tls;
  again.router = &s.router;
  CHECK(Server::open(s.clock, {}, {again}).error().code == Code::Conflict);
  again.address = "192.0.2.1";
  again.port = 0;
  CHECK(Server::open(s.clock, {}, {again}).error().code == Code::BadInput);
  again.address = "not an address";
  CHECK(Server::open(s.clock, {}, {again}).error().code == Code::BadInput);
  again.address = "127.0.0.1";
  again.tls = nullptr;
  CHECK(Server::open(s.clock, {}, {again}).error().code == Code::BadInput);
}

TEST_CASE("stop lets a running request end and refuses new ones") {
  std::atomic<bool> entered{false};
  Router router;
  router.get("/slow", [&](const Request&) {
    entered = true;
    std::this_thread::sleep_for(300ms);
    return Response::text("done");
  });
  RunningServer s(ListenerKind::Customer, std::move(router));
  RawPeer idle(s.port());
  RawPeer peer(s.port());
  REQUIRE(idle.connected());
  peer.send(get_text("/slow"));
  while (!entered) std::this_thread::sleep_for(5ms);
  std::uint16_t port = s.port();
  s.server->stop(5000);
  std::string answer = peer.answer();
  CHECK(answer.ends_with("done"));
  CHECK(s.server->figures().connections == 0);
  CHECK(idle.closed_within(500));
  CHECK_FALSE(test::connect_plain(port).valid());
}

}  // namespace counterfoil::net
