// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "app/control.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cstdlib>

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
          for (std::uint64_t done = 1; done <= 3; ++done) progress(done, 3);
          return json::Value(json::Object{{"did", what}});
        });
    REQUIRE(server);
    std::uint64_t steps = 0;
    const auto answer = control_call(folder.socket(), json::Object{{"do", "sing"}},
                                     [&](std::uint64_t done, std::uint64_t all) { steps += done * all; });
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

TEST_CASE("a socket path longer than the system allows is refused in words") {
  const auto server = ControlServer::open("/tmp/" + std::string(200, 'x'), {});
  REQUIRE_FALSE(server);
  CHECK(server.error().code == Code::Limit);
}

}  // namespace counterfoil::app
