// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "counterfoil/proof/note.h"

#include "crypto/crypto.h"
#include "log_maker.h"

#include <doctest/doctest.h>

#include <cstdlib>

namespace counterfoil::proof {
using testing::LogMaker;

namespace {

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

std::string signature_line(const std::string& note) {
  return note.substr(note.rfind("\n\n") + 2);
}

}  // namespace

TEST_CASE("a checkpoint is a signed note of three lines") {
  LogMaker log;
  log.fill(300);
  const std::string note = log.note();
  CHECK(note.starts_with(std::string(testing::kOrigin) + "\n300\n"));
  CHECK(signature_line(note).starts_with("\xE2\x80\x94 " + std::string(testing::kOrigin) + " "));
  const auto opened = open_checkpoint(note, log.key());
  REQUIRE(opened);
  CHECK(*opened == log.checkpoint());
  CHECK(*read_checkpoint(note) == log.checkpoint());
  const std::string blob = signature_line(note).substr(signature_line(note).rfind(' ') + 1);
  const Bytes bytes = *counterfoil::from_base64(blob.substr(0, blob.size() - 1));
  CHECK(counterfoil::hex(counterfoil::ByteView(bytes).first(4)) == key_id(log.key()));
  CHECK(key_id(log.key()) == counterfoil::hex(log.signing().public_key().spki_sha256()).substr(0, 8));
}

TEST_CASE("a note of another key or another log is told apart") {
  LogMaker log;
  LogMaker same_name(testing::kOrigin, 2);
  LogMaker other("other.example/1", 2);
  auto result = open_checkpoint(same_name.note(), log.key());
  CHECK(result.error() == counterfoil::fail(Code::WrongKey, "the checkpoint is signed by another key"));
  result = open_checkpoint(other.note(), log.key());
  CHECK(result.error().code == Code::WrongKey);
  CHECK(result.error().detail ==
        "the checkpoint belongs to another log (other.example/1, expected tres-faroles.example/demo/1)");
}

TEST_CASE("any flipped bit of a note is refused") {
  LogMaker log;
  const std::string note = log.note();
  for (std::size_t i = 0; i < note.size(); ++i) {
    for (const int bit : {1, 2, 4, 8, 16, 32, 64}) {
      std::string bent = note;
      bent[i] = static_cast<char>(bent[i] ^ bit);
      REQUIRE_FALSE(open_checkpoint(bent, log.key()).has_value());
    }
  }
  const auto bent = open_checkpoint(replaced(note, "\n1\n", "\n2\n"), log.key());
  CHECK(bent.error() ==
        counterfoil::fail(Code::Corrupt, "the checkpoint was changed: its signature does not verify"));
}

TEST_CASE("the grammar of notes is strict") {
  LogMaker log;
  const std::string note = log.note();
  const std::string line = signature_line(note);
  const auto bad_input = [&](const std::string& text) {
    const auto result = open_checkpoint(text, log.key());
    return !result && result.error().code == Code::BadInput;
  };
  CHECK(bad_input(""));
  CHECK(bad_input("\n\n"));
  CHECK(bad_input(note.substr(0, note.size() - 1)));
  CHECK(bad_input(note.substr(0, note.rfind("\n\n") + 2)));
  CHECK(bad_input(replaced(note, "\n1\n", "\n01\n")));
  CHECK(bad_input(replaced(note, "\n1\n", "\n-1\n")));
  CHECK(bad_input(replaced(note, "\n1\n", "\n1\r\n")));
  CHECK(bad_input(replaced(note, "\n1\n", "\n18446744073709551616\n")));
  CHECK(bad_input(replaced(note, "\n\n", "\nextension\n\n")));
  CHECK(bad_input(replaced(note, "\xE2\x80\x94 ", "- ")));
  CHECK(bad_input(replaced(note, "\xE2\x80\x94 ", "\xE2\x80\x94")));
  CHECK(bad_input(note + "not a signature\n"));
  CHECK(bad_input(note + "\xFF\n"));
  std::string many = note;
  for (int i = 0; i < 15; ++i) many += line;
  CHECK(open_checkpoint(many, log.key()).has_value());
  CHECK(bad_input(many + line));
}

TEST_CASE("signatures of unknown keys are ignored, wrong ones of the key are not") {
  LogMaker log;
  const LogMaker witness(testing::kOrigin, 3);
  const std::string note = log.note();
  const std::string stranger = signature_line(witness.note());
  CHECK(open_checkpoint(note + stranger, log.key()).has_value());
  CHECK(open_checkpoint(replaced(note, "\n\n", "\n\n" + stranger), log.key()).has_value());
  LogMaker longer;
  longer.fill(5);
  const std::string wrong = signature_line(longer.note());
  CHECK(open_checkpoint(note + wrong, log.key()).error().code == Code::Corrupt);
}

TEST_CASE("a log's name has letters, digits and six signs") {
  const std::string allowed = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._/~:-";
  for (int i = 0; i < 256; ++i) {
    const auto c = static_cast<char>(i);
    CHECK(is_origin(std::string(1, c)) == (allowed.find(c) != allowed.npos));
  }
}

TEST_CASE("a log signs only its own origin, and never a signature that does not verify") {
  LogMaker log;
  const auto sign_badly = [](std::string_view) -> Result<Bytes> { return Bytes(64, 1); };
  CHECK(sign_checkpoint(log.checkpoint(), log.key(), sign_badly).error().code == Code::Crypto);
  Checkpoint foreign = log.checkpoint();
  foreign.origin = "other.example/1";
  CHECK(sign_checkpoint(foreign, log.key(), sign_badly).error().code == Code::BadInput);
}

TEST_CASE("openssl verifies the signature over the text") {
  if (std::system("command -v openssl >/dev/null 2>&1") != 0) return;
  LogMaker log;
  log.fill(20);
  const testing::TempFolder folder;
  const std::string note = log.note();
  const std::string line = signature_line(note);
  const std::string blob = line.substr(line.rfind(' ') + 1, line.size() - line.rfind(' ') - 2);
  const Bytes bytes = *counterfoil::from_base64(blob);
  testing::write_text(folder.path() + "/key.pem", log.pem());
  testing::write_text(folder.path() + "/body", note.substr(0, note.rfind("\n\n") + 1));
  testing::write_text(folder.path() + "/sig", counterfoil::as_text(counterfoil::ByteView(bytes).subspan(4)));
  const std::string command =
      "cd " + folder.path() + " && openssl dgst -sha256 -verify key.pem -signature sig body >/dev/null 2>&1";
  CHECK(std::system(command.c_str()) == 0);
  testing::write_text(folder.path() + "/body", "another text\n");
  CHECK(std::system(command.c_str()) != 0);
}

}  // namespace counterfoil::proof
