// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "base/fd.h"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

namespace counterfoil {

TEST_CASE("durable writes replace the whole file and keep it private") {
  std::string dir = "/tmp/cf-base-XXXXXX";
  REQUIRE(mkdtemp(dir.data()) != nullptr);
  const std::string path = dir + "/key";
  REQUIRE(write_file_durably(path, as_bytes("one")));
  REQUIRE(write_file_durably(path, as_bytes("twenty")));
  CHECK(as_text(*read_file(path, 100)) == "twenty");
  CHECK(read_file(path, 5).error().code == Code::Limit);
  CHECK(read_file(dir + "/none", 5).error().code == Code::NotFound);
  struct stat info{};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777U) == 0600U);
  CHECK(::system(("rm -r " + dir).c_str()) == 0);
}

TEST_CASE("a durable write goes through no link that lies in its way") {
  std::string dir = "/tmp/cf-base-XXXXXX";
  REQUIRE(mkdtemp(dir.data()) != nullptr);
  REQUIRE(write_file_durably(dir + "/other", as_bytes("theirs")));
  REQUIRE(::symlink((dir + "/other").c_str(), (dir + "/key.new").c_str()) == 0);
  REQUIRE(write_file_durably(dir + "/key", as_bytes("ours")));
  CHECK(as_text(*read_file(dir + "/other", 100)) == "theirs");
  CHECK(as_text(*read_file(dir + "/key", 100)) == "ours");
  CHECK(::system(("rm -r " + dir).c_str()) == 0);
}

TEST_CASE("a durable write that fails leaves the old file and nothing beside it") {
  std::string dir = "/tmp/cf-base-XXXXXX";
  REQUIRE(mkdtemp(dir.data()) != nullptr);
  SUBCASE("at the rename") {
    REQUIRE(::mkdir((dir + "/key").c_str(), 0700) == 0);
    CHECK_FALSE(write_file_durably(dir + "/key", as_bytes("secret")));
  }
  SUBCASE("at a write") {
    REQUIRE(write_file_durably(dir + "/key", as_bytes("old")));
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{.rlim_cur = 4096, .rlim_max = before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
    const auto written = write_file_durably(dir + "/key", Bytes(8192, 1));
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
    std::signal(SIGXFSZ, handler);
    CHECK_FALSE(written);
    CHECK(as_text(*read_file(dir + "/key", 100)) == "old");
  }
  CHECK(::access((dir + "/key.new").c_str(), F_OK) != 0);
  CHECK(::system(("rm -r " + dir).c_str()) == 0);
}

TEST_CASE("what is no regular file is refused and never waited for") {
  std::string dir = "/tmp/cf-base-XXXXXX";
  REQUIRE(mkdtemp(dir.data()) != nullptr);
  REQUIRE(::mkfifo((dir + "/pipe").c_str(), 0600) == 0);
  for (const std::string& path : {dir + "/pipe", dir, std::string("/dev/zero")}) {
    CAPTURE(path);
    CHECK(read_file(path, 100).error().code == Code::BadInput);
  }
  CHECK(::system(("rm -r " + dir).c_str()) == 0);
}

TEST_CASE("every error code has a name, a sentence, an HTTP and an exit status") {
  for (int i = 0; i <= static_cast<int>(Code::Internal); ++i) {
    const auto code = static_cast<Code>(i);
    CHECK_FALSE(code_name(code).empty());
    CHECK(code_sentence(code).back() == '.');
    CHECK(http_status(code) >= 400);
    CHECK(exit_status(code) > 0);
  }
}

}  // namespace counterfoil
