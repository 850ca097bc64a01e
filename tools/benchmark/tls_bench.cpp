// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// CPU time of the server per TLS handshake, against the server half of a handshake in memory; what a request
// on an open connection and a connection that is only open cost; how long one of 200 customers waits.
#include "board/fake/manual_clock.h"
#include "crypto/certificate.h"
#include "net/client.h"
#include "net/server.h"
#include "report.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <ctime>
#include <thread>

namespace counterfoil::bench {
namespace {

struct Identity {
  std::string ca_pem;
  net::TlsIdentity server;
};

Result<Identity> make_identity() {
  const crypto::Validity validity{1'700'000'000, 2'000'000'000};
  CF_TRY(const auto authority, crypto::Authority::create("Bench", validity));
  const auto key = crypto::SigningKey::generate();
  Identity out;
  out.ca_pem = authority.certificate_pem();
  CF_TRY(out.server.certificate_pem,
         authority.issue_server(key.public_key(), {{"localhost"}, {"127.0.0.1"}}, validity));
  out.server.key_pem = key.pem();
  return out;
}

net::TlsClient::Options client_options(const Identity& identity) {
  net::TlsClient::Options options;
  options.server_name = "localhost";
  options.ca_pem = identity.ca_pem;
  return options;
}

double thread_cpu_s() {
  timespec t{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

// Microseconds of CPU that the server's side of one handshake costs over a socket pair, nothing else around
// it.
Result<double> handshake_in_memory_us(const Identity& identity, unsigned rounds) {
  CF_TRY(const auto server, net::TlsServer::open(identity.server, {}));
  double cpu_s = 0;
  for (unsigned i = 0; i < rounds; ++i) {
    int pair[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, static_cast<int*>(pair)) != 0)
      return errno_error(errno, "socketpair");
    CF_TRY(const auto client, net::TlsClient::open(client_options(identity)));
    CF_TRY(const auto near, client->connect(Fd(pair[0])));
    CF_TRY(const auto far, server->accept(Fd(pair[1])));
    std::thread peer([&] { (void)near->handshake(net::Deadline::in_ms(5000)); });
    const double before = thread_cpu_s();
    const auto done = far->handshake(net::Deadline::in_ms(5000));
    cpu_s += thread_cpu_s() - before;
    peer.join();
    if (!done) return done.error();
  }
  return cpu_s / rounds * 1e6;
}

std::unique_ptr<net::HttpsClient> new_client(const Identity& identity, std::uint16_t port) {
  net::HttpsClientOptions options;
  options.host = "127.0.0.1";
  options.port = port;
  options.tls = client_options(identity);
  options.tls.server_name = "127.0.0.1";
  auto client = net::HttpsClient::open(std::move(options));
  return client ? *std::move(client) : nullptr;
}

bool ask(net::HttpsClient& client) {
  const auto answer = client.get("/", 4096);
  return answer && answer->status == 200;
}

// A server in this process, and its clients in a child, which tell it numbers.
class Visit {
 public:
  /// Whether all went well; say() tells the server's side a number, hold() waits until it has looked.
  using Clients = bool (*)(const Identity& identity, Visit& visit);

  static Result<std::unique_ptr<Visit>> start(const Identity& identity, Clients clients) {
    auto out = std::make_unique<Visit>();
    CF_CHECK(out->open(identity));
    int pair[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, static_cast<int*>(pair)) != 0)
      return errno_error(errno, "socketpair");
    out->wire_ = Fd(pair[0]);
    Fd theirs(pair[1]);
    // Forked before any thread of the server runs: mbedTLS's generator must not be cloned into a busy
    // process.
    out->child_ = ::fork();
    if (out->child_ == 0) {
      out->wire_ = std::move(theirs);
      ::_exit(clients(identity, *out) ? 0 : 1);
    }
    CF_CHECK(out->server_->start());
    return out;
  }
  ~Visit() { (void)end(); }

  [[nodiscard]] std::uint16_t port() const { return server_->port(0); }
  void say(double number) const { (void)!::write(wire_.get(), &number, sizeof number); }
  void hold() const {
    char released = 0;
    (void)!::read(wire_.get(), &released, 1);
  }
  void release() const { (void)!::write(wire_.get(), "", 1); }
  Result<double> hear() const {
    double number = 0;
    if (::read(wire_.get(), &number, sizeof number) != sizeof number)
      return fail(Code::Io, "a client failed");
    return number;
  }
  Status end() {
    if (child_ <= 0) return {};
    wire_ = Fd();
    int ended = 0;
    ::waitpid(child_, &ended, 0);
    child_ = 0;
    server_->stop();
    if (!WIFEXITED(ended) || WEXITSTATUS(ended) != 0) return fail(Code::Io, "a request failed");
    return {};
  }

 private:
  Status open(const Identity& identity) {
    CF_TRY(auto tls, net::TlsServer::open(identity.server, {}));
    router_.get("/", [](const net::Request&) { return net::Response::text("ok"); });
    net::ListenerOptions listener;
    listener.hosts = {"127.0.0.1"};
    listener.tls = std::move(tls);
    listener.router = &router_;
    std::vector<net::ListenerOptions> listeners;
    listeners.push_back(std::move(listener));
    net::ServerOptions options;  // all of them come from one address, and none is sent away
    options.handshakes_per_second_max = 1'000'000;
    options.connections_per_address_max = options.connections_max;
    options.keep_alive_requests_max = 1'000'000;
    CF_TRY(server_, net::Server::open(clock_, options, std::move(listeners)));
    return {};
  }

  board::ManualClock clock_;
  net::Router router_;
  std::unique_ptr<net::Server> server_;
  Fd wire_;
  pid_t child_ = 0;
};

constexpr unsigned kHandshakes = 100;  // in each of kRounds
constexpr std::size_t kRounds = 9;
constexpr unsigned kRequests = 5000;
constexpr unsigned kCustomers = 200;
constexpr unsigned kRequestsEach = 20;

bool one_after_the_other(const Identity& identity, Visit& visit) {
  for (unsigned i = 0; i < kHandshakes; ++i) {
    const auto client = new_client(identity, visit.port());
    if (!client || !ask(*client)) return false;
  }
  return true;
}

bool many_requests(const Identity& identity, Visit& visit) {
  const auto client = new_client(identity, visit.port());
  if (!client || !ask(*client)) return false;
  visit.say(0);
  visit.hold();
  for (unsigned i = 0; i < kRequests; ++i)
    if (!ask(*client)) return false;
  return true;
}

bool many_idle(const Identity& identity, Visit& visit) {
  std::vector<std::unique_ptr<net::HttpsClient>> clients;
  for (unsigned i = 0; i < kCustomers + 1; ++i) {
    clients.push_back(new_client(identity, visit.port()));
    if (!clients.back() || !ask(*clients.back())) return false;
    if (i == 0 || i == kCustomers) {  // the first one has the server make what it makes once
      visit.say(0);
      visit.hold();
    }
  }
  return true;
}

// The 99th percentile of what they wait for an answer, in milliseconds.
bool customers_at_once(const Identity& identity, Visit& visit) {
  std::vector<double> waits_ms(std::size_t{kCustomers} * kRequestsEach);
  std::atomic<bool> well{true};
  std::barrier all_connected(kCustomers);
  std::vector<std::thread> customers;
  for (unsigned c = 0; c < kCustomers; ++c)
    customers.emplace_back([&, c] {
      const auto client = new_client(identity, visit.port());
      if (!client || !ask(*client)) well = false;
      all_connected.arrive_and_wait();
      for (unsigned i = 0; i < kRequestsEach && well; ++i) {
        const double before = wall_s();
        if (!ask(*client)) well = false;
        waits_ms[std::size_t{c} * kRequestsEach + i] = (wall_s() - before) * 1e3;
      }
    });
  for (auto& customer : customers) customer.join();
  std::sort(waits_ms.begin(), waits_ms.end());
  visit.say(waits_ms[waits_ms.size() * 99 / 100]);
  return well;
}

Result<double> handshake_of_server_us(const Identity& identity) {
  CF_TRY(const auto visit, Visit::start(identity, one_after_the_other));
  const double before = process_cpu_s();
  CF_CHECK(visit->end());
  return (process_cpu_s() - before) / kHandshakes * 1e6;
}

struct HandshakeCost {
  double server_us = 0;
  double floor_us = 0;
  [[nodiscard]] double ratio() const { return server_us / floor_us; }
};

// A core's speed changes from second to second by more than what is to be seen, so floor and server take
// turns, and the round in the middle counts.
Result<HandshakeCost> handshake_cost(const Identity& identity) {
  std::array<HandshakeCost, kRounds> rounds;
  for (HandshakeCost& round : rounds) {
    CF_TRY(round.floor_us, handshake_in_memory_us(identity, kHandshakes));
    CF_TRY(round.server_us, handshake_of_server_us(identity));
  }
  std::sort(rounds.begin(), rounds.end(), [](const auto& a, const auto& b) { return a.ratio() < b.ratio(); });
  return rounds.at(kRounds / 2);
}

Result<double> requests_per_cpu_s(const Identity& identity) {
  CF_TRY(const auto visit, Visit::start(identity, many_requests));
  CF_CHECK(visit->hear());
  const double before = process_cpu_s();
  CF_CHECK(visit->end());
  return kRequests / (process_cpu_s() - before);
}

Result<double> idle_connection_kib(const Identity& identity) {
  CF_TRY(const auto visit, Visit::start(identity, many_idle));
  CF_CHECK(visit->hear());
  const std::uint64_t before_kib = proc_self("status", "RssAnon:");
  visit->release();
  CF_CHECK(visit->hear());
  const std::uint64_t after_kib = proc_self("status", "RssAnon:");
  CF_CHECK(visit->end());
  return (static_cast<double>(after_kib) - static_cast<double>(before_kib)) / kCustomers;
}

Result<double> wait_among_customers_ms(const Identity& identity) {
  CF_TRY(const auto visit, Visit::start(identity, customers_at_once));
  CF_TRY(const double p99_ms, visit->hear());
  CF_CHECK(visit->end());
  return p99_ms;
}

}  // namespace

Status bench_tls(const Options& /*options*/, Report& report) {
  CF_TRY(const auto identity, make_identity());
  CF_TRY(const HandshakeCost cost, handshake_cost(identity));
  report.add({"server CPU per handshake and request", cost.server_us, cost.floor_us, "us", 1.18, true, 0});
  CF_TRY(const double requests, requests_per_cpu_s(identity));
  report.add({"requests on an open connection", requests, 0, "per CPU s", 0, false, 0});
  CF_TRY(const double idle_kib, idle_connection_kib(identity));
  report.add({"memory of an idle connection", idle_kib, 0, "KiB", 0, true, 0});
  CF_TRY(const double p99_ms, wait_among_customers_ms(identity));
  report.add({"99th percentile of 200 customers at once", p99_ms, 0, "ms", 0, true, 0});
  return {};
}

}  // namespace counterfoil::bench
