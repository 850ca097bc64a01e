// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "board/notify.h"

#include "base/fd.h"
#include "tests/support/temp_folder.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace counterfoil::board {
namespace {

// Plays the service manager; the name begins with '@' for the abstract name space.
class Manager {
 public:
  explicit Manager(const std::string& name) : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    REQUIRE(name.size() < sizeof address.sun_path);
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    REQUIRE(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }
  ~Manager() { ::unsetenv("NOTIFY_SOCKET"); }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;
  [[nodiscard]] std::string heard() const {
    std::array<char, 256> text{};
    const ssize_t n = ::recv(fd_.get(), text.data(), text.size(), MSG_DONTWAIT);
    return n < 0 ? "nothing" : std::string(text.data(), static_cast<std::size_t>(n));
  }

 private:
  Fd fd_;
};

}  // namespace

TEST_CASE("the service manager hears every word, on a path and in the abstract name space") {
  const support::TempFolder folder;
  for (const std::string& name : {folder.file("notify"), "@counterfoil-test-" + std::to_string(::getpid())}) {
    CAPTURE(name);
    const Manager manager(name);
    notify_ready();
    CHECK(manager.heard() == "READY=1");
    notify_status("12 people\nREADY=0");
    CHECK(manager.heard() == "STATUS=12 people READY=0");
    notify_alive();
    CHECK(manager.heard() == "WATCHDOG=1");
    notify_stopping();
    CHECK(manager.heard() == "STOPPING=1");
    CHECK(manager.heard() == "nothing");
  }
}

TEST_CASE("without a manager, or with a strange one, nothing happens") {
  ::unsetenv("NOTIFY_SOCKET");
  notify_ready();
  for (const char* name : {"", "@", "relative", "/nowhere/socket"}) {
    ::setenv("NOTIFY_SOCKET", name, 1);
    notify_ready();
  }
  ::setenv("NOTIFY_SOCKET", ("/" + std::string(200, 'x')).c_str(), 1);
  notify_ready();
  ::unsetenv("NOTIFY_SOCKET");
}

TEST_CASE("the watchdog interval is half of what the manager expects of this process") {
  ::unsetenv("WATCHDOG_PID");
  ::unsetenv("WATCHDOG_USEC");
  CHECK(notify_interval_ms() == 0);
  ::setenv("WATCHDOG_USEC", "30000000", 1);
  CHECK(notify_interval_ms() == 15'000);
  ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  CHECK(notify_interval_ms() == 15'000);
  ::setenv("WATCHDOG_PID", "1", 1);
  CHECK(notify_interval_ms() == 0);
  ::unsetenv("WATCHDOG_PID");
  for (const char* text : {"", "-1", "x", "30000000x", "99999999999999999999"}) {
    ::setenv("WATCHDOG_USEC", text, 1);
    CHECK(notify_interval_ms() == 0);
  }
  ::unsetenv("WATCHDOG_USEC");
}

}  // namespace counterfoil::board
