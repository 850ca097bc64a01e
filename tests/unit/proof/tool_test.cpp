// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// counterfoil-verify as a stranger runs it.
#include "twin_maker.h"

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

TEST_CASE("counterfoil-verify checks a receipt with its twin, in every form in which it is kept") {
  const testing::TempFolder temp;
  const std::string file = temp.path() + "/receipt";
  const std::string key = temp.path() + "/key.pem";
  LogMaker log;
  log.fill(30);
  const std::uint64_t seq = testing::add_grant(log, {"offers", "orders"});
  testing::add_grant(log, {"offers"});
  testing::write_text(key, log.pem());
  const std::string proof = write_receipt(log.receipt(seq));
  const std::string twin = testing::twin_of(log, seq);
  const json::Object record = testing::record_of(log, seq);
  const auto verify = [&](std::string_view text) {
    testing::write_text(file, text);
    return run("receipt " + file + " --key " + key);
  };
  const auto page = [](const std::string& one, const std::string& other) {
    return "<pre id=\"proof\">" + one + "</pre>\n<pre id=\"record\">" + other + "</pre>\n";
  };
  const auto saved = [&](const std::string& jws, const json::Object& shown) {
    return *json::write(json::Object{{"jws", jws}, {"proof", proof}, {"record", shown}});
  };

  const std::string agreed = "\nagreed: offers, orders by whatsapp, sms, until 2028-09-19T";
  const std::string given = "\ngiven to: Ultramarinos Tres Faroles, S.L., Calle del Faro 3, privacidad@";
  Ran ran = verify(proof);
  CHECK(ran.status == 0);
  CHECK(ran.text.find(agreed) != ran.text.npos);
  CHECK(ran.text.find("nobody proved it then") != ran.text.npos);
  CHECK(ran.text.find(given) == ran.text.npos);
  for (const std::string& text : {page(proof, twin), saved(twin, record)}) {
    ran = verify(text);
    CHECK(ran.status == 0);
    CHECK(ran.text.starts_with("intact: consent.grant of "));
    CHECK(ran.text.find(agreed) != ran.text.npos);
    CHECK(ran.text.find(given) != ran.text.npos);
    CHECK(ran.text.find("consent.grant: ConsentRequested (claimed)\n") != ran.text.npos);
    CHECK(ran.text.find("+34") == ran.text.npos);
    CHECK(ran.text.find("the others are the log's word") == ran.text.npos);  // there is one event only
    CHECK((ran.text.find("not the words around them") == ran.text.npos) == text.starts_with('{'));
  }

  // Later keys stand below the first one for a bare proof; a record carries its own.
  testing::write_text(key, log.pem() + "{}\n");
  CHECK(verify(proof).status != 0);
  CHECK(verify(page(proof, twin)).status == 0);
  testing::write_text(key, log.pem());

  const std::string other = testing::twin_of(log, seq + 1);
  std::string bent = twin;
  bent[bent.size() / 2] = bent[bent.size() / 2] == 'A' ? 'B' : 'A';
  for (const auto& [jws, says] :
       {std::pair{other, "the record does not say what its event says: \"leaf_hash\"\n"},
        std::pair{bent, "the statement was changed: its signature does not verify\n"}}) {
    ran = verify(page(proof, jws));
    CHECK(ran.status == 1);
    CHECK(ran.text == says);
    CHECK(verify(saved(jws, record)).text == says);
  }
  json::Object shown = record;
  shown.insert_or_assign("because", "you owe us money");
  ran = verify(saved(twin, shown));
  CHECK(ran.status == 1);
  CHECK(ran.text == "the record beside the signed one says otherwise\n");

  for (const auto& [text, says] :
       {std::pair{twin + "\n", "there is a record in it, but no proof that the log holds it"},
        std::pair{page(proof, twin + "</pre><pre>" + twin), "there is more than one record in it"},
        std::pair{page(proof + proof, twin), "there is more than one proof in it"},
        std::pair{std::string("{\"jws\":\"x\"}"), "proof"}, std::pair{std::string("{ }"), ""}}) {
    ran = verify(text);
    CHECK(ran.status == 2);
    CHECK_MESSAGE(ran.text.find(says) != ran.text.npos, ran.text);
  }
}

TEST_CASE("the help teaches by example") {
  const Ran ran = run("--help");
  CHECK(ran.status == 0);
  CHECK(ran.text.find("counterfoil-verify bundle/ --key log-key.pem") != std::string::npos);
}

}  // namespace counterfoil::proof
