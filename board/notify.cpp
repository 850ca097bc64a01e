// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "board/notify.h"

#include "base/fd.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <limits>

namespace counterfoil::board {
namespace {

void send_to_manager(std::string_view message) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr) return;
  const std::size_t length = std::strlen(path);
  sockaddr_un address{};
  if (length < 2 || length >= sizeof address.sun_path || (path[0] != '/' && path[0] != '@')) return;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path, length);
  if (path[0] == '@') address.sun_path[0] = '\0';  // the abstract name space
  const Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
  // Whether the manager hears is the manager's affair; serving goes on either way.
  (void)::sendto(fd.get(), message.data(), message.size(), MSG_NOSIGNAL,
                 reinterpret_cast<const sockaddr*>(&address), size);
}

// A whole positive number in the environment, or 0.
std::int64_t environment_number(const char* name) {
  const char* text = std::getenv(name);
  if (text == nullptr) return 0;
  std::int64_t value = 0;
  const char* end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, value);
  return error == std::errc{} && stop == end && value > 0 ? value : 0;
}

}  // namespace

void notify_ready() {
  send_to_manager("READY=1");
}

void notify_stopping() {
  send_to_manager("STOPPING=1");
}

void notify_status(std::string_view text) {
  std::string message = "STATUS=";
  for (const char c : text) message += c == '\n' ? ' ' : c;  // a line end would begin another assignment
  send_to_manager(message);
}

void notify_alive() {
  send_to_manager("WATCHDOG=1");
}

int notify_interval_ms() {
  const std::int64_t process = environment_number("WATCHDOG_PID");
  if (process != 0 && process != ::getpid()) return 0;
  const std::int64_t half_ms = environment_number("WATCHDOG_USEC") / 2000;
  return half_ms > std::numeric_limits<int>::max() ? std::numeric_limits<int>::max()
                                                   : static_cast<int>(half_ms);
}

}  // namespace counterfoil::board
