// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "net/rate_table.h"
#include "net/socket.h"
#include "support.h"

#include <arpa/inet.h>

#include <cstring>
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

void wait_for_connections(const RunningServer& s, std::size_t count) {
  for (int i = 0; i < 400 && s.server->figures().connections != count; ++i) std::this_thread::sleep_for(5ms);
  CHECK(s.server->figures().connections == count);
}

Router capped_routes() {
  Router router;
  router.get("/", [](const Request&) { return Response::text("x"); });
  router.post("/in", [](const Request&) { return Response::text("in"); }, {.requests_per_minute_max = 3});
  router.post("/stop", [](const Request&) { return Response::text("stopped"); },
              {.requests_per_minute_max = 3, .priority = Priority::Stop});
  return router;
}

}  // namespace

TEST_CASE("a route's cap answers 429 with Retry-After and forgets after a minute") {
  RunningServer s(ListenerKind::Customer, capped_routes());
  RawPeer peer(s.port());
  auto post = [&] {
    peer.send(post_text("/in", ""));
    return peer.answer();
  };
  // A POST that is refused with a body would close; an empty one keeps the connection.
  for (int i = 0; i < 3; ++i) CHECK(status_of(post()) == 200);
  std::string refused = post();
  CHECK(status_of(refused) == 429);
  CHECK(refused.find("\r\nRetry-After: ") != std::string::npos);
  peer.send(get_text("/"));
  CHECK(status_of(peer.answer()) == 200);
  s.clock.advance(60'000);
  CHECK(status_of(post()) == 200);
}

TEST_CASE("what somebody did is remembered for one window more, so that nobody is new at its beginning") {
  test::HandClock clock;
  RateTable table(clock, 1000);
  for (unsigned i = 1; i <= 3; ++i) CHECK(table.count("a", "x").lately == i);
  clock.advance(1000);
  CHECK(table.count("a", "x").now == 1);
  CHECK(table.count("a", "x").lately == 5);
  CHECK(table.count("b", "x").lately == 1);
  clock.advance(2000);
  CHECK(table.count("a", "x").lately == 1);
}

TEST_CASE("a stop beyond its quota is served, only later") {
  RunningServer s(ListenerKind::Customer, capped_routes());
  RawPeer peer(s.port());
  auto stop_ms = [&] {
    auto begin = std::chrono::steady_clock::now();
    peer.send(post_text("/stop", ""));
    CHECK(status_of(peer.answer()) == 200);
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin)
        .count();
  };
  for (unsigned i = 0; i < limits::kStopsPerAddressPerHour; ++i) stop_ms();
  CHECK(s.server->figures().stops_slowed == 0);
  CHECK(stop_ms() >= 240);
  CHECK(stop_ms() >= 490);
  CHECK(s.server->figures().stops_slowed == 2);
  s.clock.advance(3'600'000);
  stop_ms();
  CHECK(s.server->figures().stops_slowed == 2);
}

TEST_CASE("when the pool is full stops are still served, others are asked to come back") {
  ServerOptions options;
  options.threads_max = 2;
  options.stop_threads = 1;
  std::atomic<bool> go_on{false};
  std::atomic<int> inside{0};
  Router router = capped_routes();
  router.post("/hold", [&](const Request&) {
    ++inside;
    while (!go_on) std::this_thread::sleep_for(5ms);
    return Response::text("held");
  });
  RunningServer s(ListenerKind::Customer, std::move(router), options);
  RawPeer one(s.port());
  RawPeer two(s.port());
  one.send(post_text("/hold", ""));
  two.send(post_text("/hold", ""));
  while (inside < 2) std::this_thread::sleep_for(5ms);
  CHECK(status_of(ask(s.port(), post_text("/stop", "a=b"))) == 200);
  std::string busy = ask(s.port(), post_text("/in", ""));
  CHECK(status_of(busy) == 503);
  CHECK(busy.find("\r\nRetry-After: 2\r\n") != std::string::npos);
  CHECK(status_of(ask(s.port(), get_text("/"))) == 200);  // pages have threads of their own
  go_on = true;
  CHECK(one.answer().ends_with("held"));
  CHECK(two.answer().ends_with("held"));
  CHECK(status_of(ask(s.port(), post_text("/in", ""))) == 200);
}

TEST_CASE("what waits for the disk holds up no page") {
  std::atomic<bool> go_on{false};
  std::atomic<unsigned> inside{0};
  Router router = capped_routes();
  RouteLimits waits;
  waits.waits = true;
  const auto hold = [&](const Request&) {
    ++inside;
    while (!go_on) std::this_thread::sleep_for(5ms);
    return Response::text("held");
  };
  router.get("/file", hold, waits);
  RunningServer s(ListenerKind::Customer, std::move(router));
  std::vector<std::unique_ptr<RawPeer>> holders;
  for (unsigned i = 0; i < limits::kPageThreads; ++i) {
    holders.push_back(std::make_unique<RawPeer>(s.port()));
    holders.back()->send(get_text("/file"));
  }
  while (inside < holders.size()) std::this_thread::sleep_for(5ms);
  CHECK(status_of(ask(s.port(), get_text("/"))) == 200);
  go_on = true;
  for (const auto& holder : holders) CHECK(holder->answer().ends_with("held"));
}

TEST_CASE("refusals count as requests: a client that only collects them does not keep its place") {
  ServerOptions options;
  options.keep_alive_requests_max = 3;
  RunningServer s(ListenerKind::Customer, capped_routes(), options);
  RawPeer peer(s.port());
  const std::string request = get_text("/nowhere");
  // Each time the first byte of the next request is there already, so the connection never rests.
  peer.send(request.substr(0, 1));
  std::vector<std::string> answers;
  for (int i = 0; i < 3; ++i) {
    peer.send(request.substr(1) + request.substr(0, 1));
    answers.push_back(peer.answer());
    CHECK(status_of(answers.back()) == 404);
  }
  CHECK(answers[1].find("Connection: close") == std::string::npos);
  CHECK(answers[2].find("\r\nConnection: close\r\n") != std::string::npos);
  CHECK(peer.closed_within(2000));
}

TEST_CASE("a connection that never rests is given up when its turn has lasted too long") {
  ServerOptions options;
  options.turn_deadline_ms = 400;
  options.keep_alive_requests_max = 1'000'000;
  RunningServer s(ListenerKind::Customer, capped_routes(), options);
  RawPeer peer(s.port());
  const std::string request = get_text("/");
  peer.send(request.substr(0, 1));
  const Deadline patience = Deadline::in_ms(5000);
  bool told = false;
  while (!told && !patience.passed()) {
    peer.send(request.substr(1) + request.substr(0, 1));
    told = peer.answer().find("\r\nConnection: close\r\n") != std::string::npos;
    std::this_thread::sleep_for(20ms);
  }
  CHECK(told);
  CHECK(peer.closed_within(1000));
}

TEST_CASE("a stop does not wait behind what waits for the pool, and a refusal keeps the connection") {
  ServerOptions options;
  options.threads_max = 1;
  options.stop_threads = 1;
  std::atomic<bool> go_on{false};
  std::atomic<bool> inside{false};
  Router router = capped_routes();
  router.post("/hold", [&](const Request&) {
    inside = true;
    while (!go_on) std::this_thread::sleep_for(5ms);
    return Response::text("held");
  });
  RunningServer s(ListenerKind::Customer, std::move(router), options);
  RawPeer holder(s.port());
  holder.send(post_text("/hold", ""));
  while (!inside) std::this_thread::sleep_for(5ms);
  RawPeer waiting(s.port());
  RawPeer stopping(s.port());
  waiting.send(post_text("/in", ""));
  stopping.send(post_text("/stop", "a=b"));
  CHECK(status_of(stopping.answer(limits::kStopThreadAfter_ms - 50)) == 200);
  CHECK(status_of(waiting.answer()) == 503);
  go_on = true;
  CHECK(holder.answer().ends_with("held"));
  waiting.send(post_text("/in", ""));
  CHECK(status_of(waiting.answer()) == 200);
}

TEST_CASE("who asks seldom is answered before a crowd from one address") {
  ServerOptions options;
  options.threads_max = 1;
  options.stop_threads = 0;
  std::atomic<bool> go_on{false};
  std::atomic<bool> inside{false};
  std::vector<std::string> order;  // written by the one thread
  Router router = capped_routes();
  router.post("/hold", [&](const Request& q) {
    inside = true;
    while (!go_on) std::this_thread::sleep_for(5ms);
    order.push_back(q.address);
    return Response::text("held");
  });
  RunningServer s(ListenerKind::Customer, std::move(router), options);
  std::vector<std::unique_ptr<RawPeer>> peers;
  const auto post_from = [&](std::uint8_t address) {
    peers.push_back(std::make_unique<RawPeer>(s.port(), TlsIdentity{}, address));
    peers.back()->send(post_text("/hold", ""));
  };
  for (int i = 0; i < 4; ++i) post_from(2);
  while (!inside) std::this_thread::sleep_for(5ms);
  post_from(3);
  // The loop has read them all when a page that was asked for later is there.
  CHECK(status_of(ask(s.port(), get_text("/"))) == 200);
  go_on = true;
  for (const auto& peer : peers) CHECK(peer->answer().ends_with("held"));
  CHECK(order == std::vector<std::string>{"127.0.0.2", "127.0.0.3", "127.0.0.2", "127.0.0.2", "127.0.0.2"});
}

TEST_CASE("slow clients, and slowed stops, keep no thread") {
  ServerOptions options;
  options.threads_max = 1;
  options.stop_threads = 0;
  RunningServer s(ListenerKind::Customer, capped_routes(), options);
  RawPeer half_head(s.port());
  RawPeer half_body(s.port());
  half_head.send("GET / HTTP/1.1\r\nHost: sh");
  half_body.send("POST /in HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 10\r\n\r\nabc");
  const auto half_hello = make_plain_stream(test::connect_plain(s.port()));
  REQUIRE(half_hello->write("\x16\x03\x01\x02", Deadline::in_ms(1000)));
  for (unsigned i = 0; i < limits::kStopsPerAddressPerHour + 8; ++i) {
    RawPeer peer(s.port());
    peer.send(post_text("/stop", ""));
    if (i < limits::kStopsPerAddressPerHour) peer.answer();
  }
  CHECK(status_of(ask(s.port(), get_text("/"))) == 200);
  half_head.send("op.example\r\n\r\n");
  half_body.send("defghij");
  CHECK(status_of(half_head.answer()) == 200);
  CHECK(half_body.answer().ends_with("in"));
}

TEST_CASE("a client that does not read its answer delays nobody, and reads it whole later") {
  ServerOptions options;
  options.threads_max = 1;
  options.stop_threads = 0;
  const std::string large(8 * 1024 * 1024, 'x');  // more than any socket's buffers hold
  Router router = capped_routes();
  router.get("/large", [&](const Request&) { return Response::text(large); });
  RunningServer s(ListenerKind::Customer, std::move(router), options);
  RawPeer lazy(s.port());
  lazy.send(get_text("/large"));
  // Time enough to make the answer and to fill the buffers between the two.
  std::this_thread::sleep_for(500ms);
  CHECK(status_of(ask(s.port(), get_text("/"))) == 200);
  CHECK(lazy.answer(20'000).ends_with("\r\n\r\n" + large));
}

TEST_CASE("who only drips a request is given up before a person between two requests") {
  ServerOptions options;
  options.connections_max = 3;
  RunningServer s(ListenerKind::Customer, capped_routes(), options);
  RawPeer known(s.port());
  known.send(get_text("/"));
  CHECK(status_of(known.answer()) == 200);
  RawPeer dripping(s.port());
  dripping.send("GET / HTT");
  // By the time that another was answered, the loop has read what came before.
  CHECK(status_of(ask(s.port(), get_text("/"))) == 200);
  wait_for_connections(s, 2);
  RawPeer silent(s.port());
  // Its handshake ends here a moment before it ends there.
  std::this_thread::sleep_for(100ms);
  const RawPeer next_silent(s.port());
  CHECK(silent.closed_within(1000));
  RawPeer asking(s.port());
  asking.send(get_text("/"));
  CHECK(status_of(asking.answer()) == 200);
  RawPeer another(s.port());
  another.send(get_text("/"));
  CHECK(status_of(another.answer()) == 200);
  CHECK(dripping.closed_within(1000));
  known.send(get_text("/"));
  CHECK(status_of(known.answer()) == 200);
}

TEST_CASE("the oldest stranger goes first when all places are taken") {
  ServerOptions options;
  options.connections_max = 3;
  RunningServer s(ListenerKind::Customer, capped_routes(), options);
  RawPeer known(s.port());
  known.send(get_text("/"));
  CHECK(status_of(known.answer()) == 200);
  RawPeer stranger_one(s.port());
  RawPeer stranger_two(s.port());
  wait_for_connections(s, 3);
  const RawPeer fresh(s.port());
  CHECK(fresh.connected());
  CHECK(stranger_one.closed_within(1000));
  CHECK_FALSE(stranger_two.closed_within(50));
  known.send(get_text("/"));
  CHECK(status_of(known.answer()) == 200);
  CHECK(s.server->figures().refused.at("shed_idle") == 1);
}

TEST_CASE("a stranger of a crowd is given up before one who came alone, however silent") {
  ServerOptions options;
  options.connections_max = 3;
  RunningServer s(ListenerKind::Customer, capped_routes(), options);
  RawPeer alone(s.port(), {}, 2);
  RawPeer crowd_one(s.port(), {}, 3);
  RawPeer crowd_two(s.port(), {}, 3);
  for (RawPeer* dripping : {&crowd_one, &crowd_two}) dripping->send("GET / HTT");
  wait_for_connections(s, 3);
  std::this_thread::sleep_for(100ms);  // until the loop has read that
  const RawPeer fresh(s.port(), {}, 4);
  CHECK(fresh.connected());
  CHECK(crowd_one.closed_within(1000));
  CHECK_FALSE(crowd_two.closed_within(50));
  alone.send(get_text("/"));
  CHECK(status_of(alone.answer()) == 200);
}

TEST_CASE("one address holds at most its share of connections") {
  ServerOptions options;
  options.connections_per_address_max = 2;
  RunningServer s(ListenerKind::Customer, capped_routes(), options);
  std::vector<std::unique_ptr<RawPeer>> idle;
  for (int i = 0; i < 5; ++i) idle.push_back(std::make_unique<RawPeer>(s.port()));
  wait_for_connections(s, 2);
  CHECK(s.server->figures().refused.at("address_cap") == 3);
  CHECK_FALSE(idle[4]->closed_within(50));
}

TEST_CASE("who says nothing is no connection yet") {
  const RunningServer s(ListenerKind::Customer, capped_routes());
  const auto silent = test::connect_plain(s.port());
  REQUIRE(silent.valid());
  CHECK(status_of(ask(s.port(), get_text("/"))) == 200);
  CHECK(s.server->figures().accepted == 1);
}

TEST_CASE("one address makes at most its share of handshakes in a second") {
  ServerOptions options;
  options.handshakes_per_second_max = 2;
  const RunningServer s(ListenerKind::Customer, capped_routes(), options);
  unsigned refused = 0;
  // At least two of five fall into one second's share, wherever the second ends between them.
  for (int i = 0; i < 5; ++i) refused += RawPeer(s.port()).connected() ? 0U : 1U;
  CHECK(refused >= 1);
  CHECK(refused <= 3);
  CHECK(s.server->figures().refused.at("handshake_rate") == refused);
}

TEST_CASE("caps count a household abroad, and a single host in the shop's own network") {
  const auto key_of = [](const char* address) {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    REQUIRE(::inet_pton(AF_INET6, address, &v6.sin6_addr) == 1);
    sockaddr_storage at{};
    std::memcpy(&at, &v6, sizeof v6);
    return peer_address(at).key;
  };
  CHECK(key_of("2001:db8:1:2::1") == key_of("2001:db8:1:2:ffff::9"));
  CHECK(key_of("2001:db8:1:2::1") != key_of("2001:db8:1:3::1"));
  CHECK(key_of("fe80::1") != key_of("fe80::2"));
  CHECK(key_of("febf::1") != key_of("febf::2"));
  CHECK(key_of("fec0::1") == key_of("fec0::2"));
  CHECK(key_of("fd00:1::1") != key_of("fd00:1::2"));
  CHECK(key_of("fc00::1") != key_of("fc00::2"));
  CHECK(key_of("fe00::1") == key_of("fe00::2"));
  CHECK(key_of("::ffff:192.0.2.7") == "192.0.2.7");
}

TEST_CASE("many customers at once are all served") {
  ServerOptions options;
  options.handshakes_per_second_max = 36;
  RunningServer s(ListenerKind::Customer, capped_routes(), options);
  std::atomic<int> good{0};
  std::vector<std::thread> people;
  for (int i = 0; i < 12; ++i)
    people.emplace_back([&] {
      for (int k = 0; k < 3; ++k) good += status_of(ask(s.port(), get_text("/"))) == 200 ? 1 : 0;
    });
  for (auto& p : people) p.join();
  CHECK(good == 36);
}

}  // namespace counterfoil::net
