// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// CPU time of the server per TLS handshake, against the server half of a handshake in memory.
#include "board/fake/manual_clock.h"
#include "crypto/certificate.h"
#include "net/client.h"
#include "net/server.h"
#include "report.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

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

// A child process opens connections one after the other, each with a full handshake and one request.
pid_t start_clients(const Identity& identity, std::uint16_t port, unsigned rounds) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  for (unsigned i = 0; i < rounds; ++i) {
    net::HttpsClientOptions options;
    options.host = "127.0.0.1";
    options.port = port;
    options.tls = client_options(identity);
    options.tls.server_name = "127.0.0.1";
    auto client = net::HttpsClient::open(std::move(options));
    if (!client || !(*client)->get("/", 4096)) ::_exit(1);
  }
  ::_exit(0);
}

Result<double> handshake_of_server_us(const Identity& identity, unsigned rounds) {
  board::ManualClock clock;
  CF_TRY(auto tls, net::TlsServer::open(identity.server, {}));
  net::Router router;
  router.get("/", [](const net::Request&) { return net::Response::text("ok"); });
  net::ListenerOptions listener;
  listener.hosts = {"127.0.0.1"};
  listener.tls = std::move(tls);
  listener.router = &router;
  std::vector<net::ListenerOptions> listeners;
  listeners.push_back(std::move(listener));
  net::ServerOptions options;
  options.handshakes_per_second_max = rounds;  // all of them come from one address
  CF_TRY(const auto server, net::Server::open(clock, options, std::move(listeners)));
  // Forked before any thread of the server runs: mbedTLS's generator must not be cloned into a busy process.
  const pid_t child = start_clients(identity, server->port(0), rounds);
  CF_CHECK(server->start());
  const double before = process_cpu_s();
  int ended = 0;
  ::waitpid(child, &ended, 0);
  const double cpu_s = process_cpu_s() - before;
  server->stop();
  if (!WIFEXITED(ended) || WEXITSTATUS(ended) != 0) return fail(Code::Io, "a handshake failed");
  return cpu_s / rounds * 1e6;
}

}  // namespace

Status bench_tls(const Options& /*options*/, Report& report) {
  constexpr unsigned kRounds = 200;
  CF_TRY(const auto identity, make_identity());
  CF_TRY(const double floor_us, handshake_in_memory_us(identity, kRounds));
  CF_TRY(const double server_us, handshake_of_server_us(identity, kRounds));
  report.add({"server CPU per handshake and request", server_us, floor_us, "us", 1.18, true, 0});
  return {};
}

}  // namespace counterfoil::bench
