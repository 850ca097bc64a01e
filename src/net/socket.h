// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Listening sockets and peer addresses. Thread rule: free functions, any thread.
#pragma once

#include "base/fd.h"
#include "net/server.h"

struct sockaddr_storage;

namespace counterfoil::net {

struct ListeningSocket {
  Fd fd;  // non-blocking, close-on-exec
  std::uint16_t port = 0;
};
/// Binds, or takes the activated socket. Fails with Conflict (taken), Refused (no right), BadInput (address),
/// Io.
Result<ListeningSocket> open_listening_socket(const ListenerOptions& options);

struct PeerAddress {
  std::string text;  // "192.0.2.7", "2001:db8::1"
  std::string key;   // what caps count by: one host, or one household where IPv6 gives it a /64
};
PeerAddress peer_address(const sockaddr_storage& at);

struct AcceptedSocket {
  Fd fd;  // invalid when nobody is waiting
  PeerAddress peer;
};
/// Takes one waiting connection, non-blocking, with small writes sent at once. Fails with Limit when the
/// process has no descriptors left, Io.
Result<AcceptedSocket> accept_socket(int listening_fd);

}  // namespace counterfoil::net
