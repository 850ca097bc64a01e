// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Nobody who has the folder without the anchor learns a number, an address or a token, in any spelling.
#include "base/fd.h"
#include "crypto/crypto.h"
#include "fixture.h"

#include <filesystem>
#include <fstream>

namespace counterfoil::ledger::test {
namespace {

std::string bytes_of_folder(const std::string& folder) {
  std::string all;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    const auto bytes = read_file(file.path().string(), 64U << 20U);
    REQUIRE(bytes);
    all += as_text(*bytes);
    all += file.path().filename().string();
  }
  return all;
}

std::string hash_text(const std::string& text) {
  const auto hash = crypto::sha256(as_bytes(text));
  return std::string(as_text(hash));
}

// The number as people and machines write it, and as an unkeyed hash.
std::vector<std::string> spellings(const std::string& e164) {
  const std::string national = e164.substr(3);
  std::vector<std::string> out = {e164, e164.substr(1), national};
  for (const char* separator : {" ", "-", "."}) {
    out.push_back(national.substr(0, 3) + separator + national.substr(3, 3) + separator + national.substr(6));
    out.push_back(national.substr(0, 3) + separator + national.substr(3, 2) + separator +
                  national.substr(5, 2) + separator + national.substr(7));
  }
  Bytes packed;  // two digits a byte
  for (std::size_t i = 0; i + 1 < national.size(); i += 2)
    packed.push_back(static_cast<std::uint8_t>((national[i] - '0') << 4 | (national[i + 1] - '0')));
  out.emplace_back(as_text(packed));
  for (const auto& text : {e164, e164.substr(1), national}) {
    out.push_back(hash_text(text));
    out.push_back(hex(as_bytes(hash_text(text))));
  }
  return out;
}

TEST_CASE("no number, address, code or token stands in any file") {
  const std::string number = "+34612345678";
  const std::string stranger = "+34698765432";
  const std::string email = "ana.garcia@ejemplo.example";
  const auto box = new_box();
  const consent::Identity identity{{phone(number), {consent::AddressKind::Email, email, {}}}, "es"};
  const auto opened = box->ledger->open_subject(identity, grant(), kYes, true);
  REQUIRE(opened);
  REQUIRE(box->ledger->confirm(opened->subject, confirmed_by_staff(), kYes));
  REQUIRE(box->ledger->stop({phone(number)}, stop_of_person(), kProof));
  REQUIRE(box->ledger->stop({phone(stranger)}, stop_of_person(), kProof));
  REQUIRE(box->ledger->put_item("user", "secretname", json::Object{{"password", "hidden-in-an-item"}}));

  std::vector<std::string> secrets = spellings(number);
  for (const auto& text : spellings(stranger)) secrets.push_back(text);
  const auto token = from_base64url(opened->token).value();
  for (const std::string& text :
       {email, std::string("ana.garcia"), opened->token, std::string(as_text(token)),
        hash_text(opened->token), std::string("secretname"), std::string("hidden-in-an-item"),
        std::string("offers")})
    secrets.push_back(text);

  const auto found = [&](const std::string& bytes) {
    std::size_t count = 0;
    for (const auto& secret : secrets) {
      if (bytes.find(secret) != std::string::npos) ++count;
    }
    return count;
  };
  CHECK(found(bytes_of_folder(box->folder.path())) == 0);  // with open write-ahead logs
  box->reopen();
  box->ledger.reset();
  CHECK(found(bytes_of_folder(box->folder.path())) == 0);

  // The search itself must be able to find.
  std::ofstream(box->folder.file("planted")) << "x612 34 56 78x";
  CHECK(found(bytes_of_folder(box->folder.path())) == 1);
}

TEST_CASE("every file belongs to its owner alone") {
  const auto box = new_box();
  REQUIRE(box->ledger->open_subject(somebody("+34612345678"), grant(), kYes, true));
  unsigned files = 0;
  for (const auto& file : std::filesystem::directory_iterator(box->folder.path())) {
    ++files;
    const auto others = std::filesystem::perms::group_all | std::filesystem::perms::others_all;
    CHECK((file.status().permissions() & others) == std::filesystem::perms::none);
  }
  CHECK(files >= 6);
}

}  // namespace
}  // namespace counterfoil::ledger::test
