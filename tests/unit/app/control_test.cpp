// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "app/control.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <chrono>
#include <cstdlib>
#include <cstring>

namespace counterfoil::app {
namespace {

struct ControlFolder {
  std::string path = "/tmp/cf-control-XXXXXX";
  ControlFolder() { REQUIRE(mkdtemp(path.data()) != nullptr); }
  ~ControlFolder() { ::rmdir(path.c_str()); }
  ControlFolder(const ControlFolder&) = delete;
  ControlFolder& operator=(const ControlFolder&) = delete;
  [[nodiscard]] std::string socket() const { return path + "/control.sock"; }
};

}  // namespace

TEST_CASE("a command and its answer cross the control socket") {
  const ControlFolder folder;
  {
    const auto server = ControlServer::open(
        folder.socket(),
        [](const json::Value& request, const ControlProgress& progress) -> Result<json::Value> {
          CF_TRY(const auto what, request.string_at("do"));
          if (what == "fail") return fail(Code::Conflict, "there is one already");
          for (std::uint64_t done = 1; done <= 3; ++done) CHECK(progress(done, 3));
          return json::Value(json::Object{{"did", what}});
        });
    REQUIRE(server);
    std::uint64_t steps = 0;
    const auto answer = control_call(folder.socket(), json::Object{{"do", "sing"}},
                                     [&](std::uint64_t done, std::uint64_t all) {
                                       steps += done * all;
                                       return true;
                                     });
    CHECK(steps == 18);
    REQUIRE(answer);
    CHECK(*answer->string_at("did") == "sing");
    const auto failed = control_call(folder.socket(), json::Object{{"do", "fail"}});
    REQUIRE_FALSE(failed);
    CHECK(failed.error() == fail(Code::Conflict, "there is one already"));
    CHECK(control_call(folder.socket(), json::Object{}).error().code == Code::BadInput);
    struct stat info{};
    REQUIRE(::stat(folder.socket().c_str(), &info) == 0);
    CHECK((info.st_mode & 0777U) == 0600U);
  }
  CHECK(control_call(folder.socket(), json::Object{{"do", "sing"}}).error().code == Code::NotFound);
}

TEST_CASE("a long command holds up neither a short one nor the end") {
  const ControlFolder folder;
  std::atomic<bool> began{false};
  std::atomic<bool> stopped{false};
  auto server = ControlServer::open(
      folder.socket(),
      [&](const json::Value& request, const ControlProgress& progress) -> Result<json::Value> {
        if (request.find("long") == nullptr) return json::Value(json::Object{{"quick", true}});
        while (progress(1, 2)) {
          began = true;
          std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        stopped = true;
        return fail(Code::Timeout, "nobody waits");
      });
  REQUIRE(server);
  std::thread asks([&] { (void)control_call(folder.socket(), json::Object{{"long", true}}); });
  while (!began) std::this_thread::yield();
  CHECK(control_call(folder.socket(), json::Object{{"do", "status"}}));
  // Somebody who connects and never asks, too.
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(static_cast<char*>(address.sun_path), folder.socket().c_str(), sizeof address.sun_path - 1);
  const Fd silent(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::connect(silent.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  const auto from = std::chrono::steady_clock::now();
  server->reset();
  CHECK(stopped);
  CHECK(std::chrono::steady_clock::now() - from < std::chrono::seconds(5));
  asks.join();
}

TEST_CASE("a socket path longer than the system allows is refused in words") {
  const auto server = ControlServer::open("/tmp/" + std::string(200, 'x'), {});
  REQUIRE_FALSE(server);
  CHECK(server.error().code == Code::Limit);
}

}  // namespace counterfoil::app
