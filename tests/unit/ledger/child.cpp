// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "child.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <stdexcept>

namespace counterfoil::ledger::test {
namespace {

constexpr const char* kFolderVariable = "COUNTERFOIL_TEST_FOLDER";

}  // namespace

Child::Child(const std::string& test_case, const std::string& folder) {
  std::string program = "/proc/self/exe";
  std::string filter = "--test-case=" + test_case;
  std::string no_skip = "--no-skip";
  std::array<char*, 4> arguments = {program.data(), filter.data(), no_skip.data(), nullptr};
  ::setenv(kFolderVariable, folder.c_str(), 1);
  const int failed = ::posix_spawn(&pid_, program.c_str(), nullptr, nullptr, arguments.data(), environ);
  ::unsetenv(kFolderVariable);
  if (failed != 0) throw std::runtime_error("cannot start a child");
}

Child::~Child() {
  if (pid_ < 0) return;
  kill();
  wait();
}

void Child::kill() {
  ::kill(pid_, SIGKILL);
}

int Child::wait() {
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string folder_from_parent() {
  const char* folder = std::getenv(kFolderVariable);
  return folder == nullptr ? std::string() : folder;
}

}  // namespace counterfoil::ledger::test
