// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// counterfoil-verify as a stranger runs it.
#include "log_maker.h"

#include <doctest/doctest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>

namespace counterfoil::proof {
using testing::LogMaker;

namespace {

struct Ran {
  int status;
  std::string text;
};

Ran run(const std::string& arguments) {
  const std::string command = std::string(CF_BIN_DIR) + "/counterfoil-verify " + arguments + " 2>&1";
  FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string text;
  std::array<char, 4096> piece{};
  while (const std::size_t n = fread(piece.data(), 1, piece.size(), pipe)) text.append(piece.data(), n);
  const int status = pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text};
}

}  // namespace

TEST_CASE("counterfoil-verify says intact, or what is wrong, or why it cannot tell") {
  const testing::TempFolder temp;
  const std::string bundle = temp.path() + "/bundle";
  const std::string key = temp.path() + "/key.pem";
  LogMaker log;
  log.fill(300);
  log.erase(7, 7);
  log.add_tombstone(7, 7);
  testing::write_bundle(bundle, testing::kOrigin, log.note(), log.lines());
  testing::write_tiles(bundle, log.hashes());
  testing::write_text(key, log.pem());

  Ran ran = run(bundle + " --key " + key);
  CHECK(ran.text == "intact: 301 events, 1 deleted with proof, checkpoint size 301 signed by " +
                        key_id(log.key()) + "\n");
  CHECK(ran.status == 0);

  auto lines = log.lines();
  lines.erase(lines.begin() + 17);
  testing::write_bundle(bundle, testing::kOrigin, log.note(), lines);
  ran = run(bundle + " --key " + key);
  CHECK(ran.text == "line 17 is missing [V5]\nnot intact: 1 finding in 300 lines\n");
  CHECK(ran.status == 1);

  ran = run(temp.path() + "/none --key " + key);
  CHECK(ran.text == "counterfoil-verify: there is no bundle at " + temp.path() + "/none\n");
  CHECK(ran.status == 2);
  ran = run(bundle + " --key " + temp.path() + "/none.pem");
  CHECK(ran.text == "counterfoil-verify: there is no key at " + temp.path() + "/none.pem\n");
  CHECK(ran.status == 2);
  CHECK(run(bundle).status == 2);
  CHECK(run("--key " + key).status == 2);
  CHECK(run("--nonsense").status == 2);
}

TEST_CASE("counterfoil-verify checks a receipt") {
  const testing::TempFolder temp;
  const std::string file = temp.path() + "/r.tlog-proof";
  const std::string key = temp.path() + "/key.pem";
  LogMaker log;
  log.fill(30);
  testing::write_text(key, log.pem());
  testing::write_text(file, write_receipt(log.receipt(9)));
  Ran ran = run("receipt " + file + " --key " + key);
  CHECK(ran.text.starts_with("intact: consent.grant of 2026-09-21T"));
  CHECK(ran.text.find("line 9 of tres-faroles.example/demo/1") != std::string::npos);
  CHECK(ran.text.find("+34") == std::string::npos);
  CHECK(ran.status == 0);
  const LogMaker other(testing::kOrigin, 2);
  testing::write_text(key, other.pem());
  ran = run("receipt " + file + " --key " + key);
  CHECK(ran.text == "the checkpoint is signed by another key\n");
  CHECK(ran.status == 1);
  testing::write_text(file, "hello\n");
  ran = run("receipt " + file + " --key " + key);
  CHECK(ran.text.find("there is no proof of a receipt in it") != ran.text.npos);
  CHECK(ran.status == 2);
  ran = run("receipt " + temp.path() + "/none --key " + key);
  CHECK(ran.text == "counterfoil-verify: there is no receipt at " + temp.path() + "/none\n");
  CHECK(ran.status == 2);
}

TEST_CASE("the help teaches by example") {
  const Ran ran = run("--help");
  CHECK(ran.status == 0);
  CHECK(ran.text.find("counterfoil-verify bundle/ --key log-key.pem") != std::string::npos);
}

}  // namespace counterfoil::proof
