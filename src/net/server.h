// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The server: listeners, connection caps, deadlines, and the way of a request through gate, host rule,
// route, rate, origin rule, router and back. One event loop speaks with all clients, a bounded pool of
// threads answers whole requests, and beyond the pool four threads answer stops only. Thread rule: open,
// start, stop from one thread; figures() from any. Nothing about a peer is logged but counts and machine
// reasons.
#pragma once

#include "counterfoil/base/clock.h"
#include "net/router.h"
#include "net/tls.h"

#include <map>

namespace counterfoil::net {

struct ListenerOptions {
  ListenerKind kind = ListenerKind::Customer;
  std::string address = "127.0.0.1";  // numeric IPv4 or IPv6
  std::uint16_t port = 0;             // 0: any free one; port() reports it
  int activated_fd = -1;              // a listening socket from systemd instead of address and port
  std::vector<std::string> hosts;     // names the Host field may carry, without port; others get 421
  std::shared_ptr<TlsServer> tls;     // needed unless kind is Redirect
  const Router* router = nullptr;     // must outlive the server; needed unless kind is Redirect
  std::string redirect_to;            // Redirect only: "https://name[:port]", the configured name
};

struct ServerOptions {
  int handshake_deadline_ms = limits::kHandshakeDeadline_ms;
  int head_deadline_ms = limits::kHeadDeadline_ms;
  int body_deadline_ms = limits::kBodyDeadline_ms;
  int write_deadline_ms = limits::kWriteDeadline_ms;
  int turn_deadline_ms = limits::kTurnDeadline_ms;  // requests of one connection without a pause
  int keep_alive_ms = limits::kKeepAlive_ms;
  unsigned keep_alive_requests_max = limits::kKeepAliveRequestsMax;
  std::size_t connections_max = limits::kConnectionsMax;
  std::size_t connections_per_address_max = limits::kConnectionsPerAddressMax;
  unsigned handshakes_per_second_max = limits::kHandshakesPerSecondMax;  // per address
  unsigned threads_max = limits::kServerThreadsMax;
  unsigned stop_threads = limits::kStopThreads;
};

struct ServerFigures {
  std::size_t connections = 0;  // open now
  std::uint64_t accepted = 0;   // connections since start
  std::uint64_t requests = 0;   // requests that reached a router
  std::uint64_t stops_slowed = 0;
  std::map<std::string, std::uint64_t, std::less<>> refused;  // machine reason to count
};

class Server {
 public:
  /// Binds every listener. Fails with Conflict (port taken), Refused (no right to the port), BadInput, Io.
  static Result<std::unique_ptr<Server>> open(Clock& clock, ServerOptions options,
                                              std::vector<ListenerOptions> listeners);
  virtual ~Server() = default;  // stops at once if still running
  virtual Status start() = 0;
  /// Accepts nothing new, lets running requests end, closes the rest at the deadline.
  virtual void stop(int deadline_ms = limits::kServerStopDeadline_ms) = 0;
  /// The real port of the listener at that position of the list given to open().
  [[nodiscard]] virtual std::uint16_t port(std::size_t listener) const = 0;
  [[nodiscard]] virtual ServerFigures figures() const = 0;
};

/// A socket handed over by systemd (LISTEN_FDS); the name comes from FileDescriptorName=.
struct ActivatedSocket {
  int fd = -1;
  std::string name;
};
/// Reads LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES; empty when the process was not socket-activated.
std::vector<ActivatedSocket> activated_sockets();

}  // namespace counterfoil::net
