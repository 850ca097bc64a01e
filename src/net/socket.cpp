// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "net/socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>

namespace counterfoil::net {
namespace {

constexpr int kFirstActivatedFd = 3;  // sd_listen_fds(3)

/// Sockets speak one address type through another; memcpy keeps the compiler's aliasing rules.
template <class To>
To address_as(const sockaddr_storage& from) {
  To to{};
  std::memcpy(&to, &from, sizeof to);
  return to;
}

std::uint16_t port_of(int fd) {
  sockaddr_storage at{};
  socklen_t bytes = sizeof at;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &bytes) != 0) return 0;
  if (at.ss_family == AF_INET) return ntohs(address_as<sockaddr_in>(at).sin_port);
  if (at.ss_family == AF_INET6) return ntohs(address_as<sockaddr_in6>(at).sin6_port);
  return 0;
}

Error bind_error(int error_number, const ListenerOptions& options) {
  std::string where = options.address + " port " + std::to_string(options.port);
  if (error_number == EADDRINUSE)
    return fail(Code::Conflict,
                "Another program already listens on " + where + "; stop it or choose another port.");
  if (error_number == EACCES || error_number == EPERM)
    return fail(Code::Refused,
                "No right to listen on " + where + "; ports below 1024 need CAP_NET_BIND_SERVICE.");
  if (error_number == EADDRNOTAVAIL)
    return fail(Code::BadInput, "This machine has no address " + options.address + ".");
  return errno_error(error_number, "listen on " + where);
}

/// In TLS and in HTTP the client speaks first, so the kernel keeps whoever says nothing (tcp(7)): connections
/// that are only opened and dropped never reach the loop.
void leave_silent_ones_outside(int fd) {
  const int seconds = limits::kHandshakeDeadline_ms / 1000;
  ::setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof seconds);
}

Result<ListeningSocket> adopt_socket(int fd) {
  Fd owned(fd);
  int listening = 0;
  socklen_t bytes = sizeof listening;
  if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &bytes) != 0 || listening == 0)
    return fail(Code::BadInput, "The socket handed over by the service manager does not listen.");
  int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 || ::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
    return errno_error(errno, "take over socket");
  leave_silent_ones_outside(fd);
  std::uint16_t port = port_of(fd);
  return ListeningSocket{std::move(owned), port};
}

std::vector<std::string> split_names(const char* text) {
  std::vector<std::string> out;
  std::string_view rest = text == nullptr ? "" : text;
  while (!rest.empty()) {
    std::size_t end = std::min(rest.find(':'), rest.size());
    out.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return out;
}

int number_of(const char* text) {
  int value = -1;
  if (text != nullptr) std::from_chars(text, text + std::strlen(text), value);
  return value;
}

}  // namespace

PeerAddress peer_address(const sockaddr_storage& at) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  PeerAddress peer;
  if (at.ss_family == AF_INET) {
    auto v4 = address_as<sockaddr_in>(at);
    ::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    peer.text = peer.key = text.data();
    return peer;
  }
  auto v6 = address_as<sockaddr_in6>(at);
  const std::uint8_t* raw = v6.sin6_addr.s6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
    ::inet_ntop(AF_INET, raw + 12, text.data(), text.size());
    peer.text = peer.key = text.data();
    return peer;
  }
  ::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
  peer.text = text.data();
  // On the internet one household owns a whole /64, so a cap per single address would be none; inside the
  // shop's own network a /64 is everybody, so one guest would use up the cap of all.
  const bool local = IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr) || (raw[0] & 0xfe) == 0xfc;  // RFC 4291, RFC 4193
  peer.key = hex(ByteView(raw, local ? 16 : 8));
  return peer;
}

Result<ListeningSocket> open_listening_socket(const ListenerOptions& options) {
  if (options.activated_fd >= 0) return adopt_socket(options.activated_fd);
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  std::string port = std::to_string(options.port);
  if (::getaddrinfo(options.address.c_str(), port.c_str(), &hints, &found) != 0 || found == nullptr)
    return fail(Code::BadInput, "\"" + options.address + "\" is not an IP address to listen on.");
  std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
  Fd fd(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return errno_error(errno, "socket");
  int one = 1;
  // Without it a restart would wait for old connections to time out.
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0)
    return errno_error(errno, "socket option");
  if (::bind(fd.get(), found->ai_addr, found->ai_addrlen) != 0) return bind_error(errno, options);
  if (::listen(fd.get(), limits::kListenBacklog) != 0) return bind_error(errno, options);
  leave_silent_ones_outside(fd.get());
  std::uint16_t real_port = port_of(fd.get());
  return ListeningSocket{std::move(fd), real_port};
}

Result<AcceptedSocket> accept_socket(int listening_fd) {
  sockaddr_storage at{};
  socklen_t bytes = sizeof at;
  int fd = ::accept4(listening_fd, reinterpret_cast<sockaddr*>(&at), &bytes, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) {
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
      return fail(Code::Limit, "no descriptors");
    // EAGAIN: nobody is waiting; the rest: the peer went away before we looked (accept(2)).
    return AcceptedSocket{};
  }
  int one = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return AcceptedSocket{Fd(fd), peer_address(at)};
}

std::vector<ActivatedSocket> activated_sockets() {
  std::vector<ActivatedSocket> out;
  if (number_of(std::getenv("LISTEN_PID")) != ::getpid()) return out;
  int count = number_of(std::getenv("LISTEN_FDS"));
  auto names = split_names(std::getenv("LISTEN_FDNAMES"));
  for (int i = 0; i < count; ++i) {
    ActivatedSocket socket;
    socket.fd = kFirstActivatedFd + i;
    if (static_cast<std::size_t>(i) < names.size()) socket.name = names[static_cast<std::size_t>(i)];
    out.push_back(std::move(socket));
  }
  return out;
}

}  // namespace counterfoil::net
