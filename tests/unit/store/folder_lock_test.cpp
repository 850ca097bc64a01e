// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "store/folder_lock.h"

#include "tests/support/temp_folder.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

namespace counterfoil::store {

TEST_CASE("a folder has one owner at a time") {
  const support::TempFolder folder;
  {
    auto mine = FolderLock::take(folder.path());
    REQUIRE(mine);
    const auto second = FolderLock::take(folder.path());
    REQUIRE_FALSE(second);
    CHECK(second.error().code == Code::Locked);
    CHECK(second.error().detail.find("another process uses the data folder") != std::string::npos);
    const FolderLock moved = std::move(*mine);
    CHECK_FALSE(FolderLock::take(folder.path()));
  }
  CHECK(FolderLock::take(folder.path()));
  CHECK(FolderLock::take(folder.file("none")).error().code == Code::NotFound);
}

TEST_CASE("a killed owner leaves no lock behind") {
  const support::TempFolder folder;
  std::array<int, 2> ready{};
  REQUIRE(::pipe(ready.data()) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const auto lock = FolderLock::take(folder.path());
    const char answer = lock ? 'y' : 'n';
    if (::write(ready[1], &answer, 1) == 1) ::pause();
    ::_exit(1);
  }
  char answer = 0;
  REQUIRE(::read(ready[0], &answer, 1) == 1);
  CHECK(answer == 'y');
  CHECK(FolderLock::take(folder.path()).error().code == Code::Locked);
  REQUIRE(::kill(child, SIGKILL) == 0);
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  CHECK(FolderLock::take(folder.path()));
  ::close(ready[0]);
  ::close(ready[1]);
}

}  // namespace counterfoil::store
