// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "crypto/certificate.h"

#include "base/fd.h"
#include "tests/support/temp_folder.h"

#include <doctest/doctest.h>

#include <cstdlib>

namespace counterfoil::crypto {
namespace {

constexpr Instant kNow = 1'795'300'000;  // 2026-11-21
constexpr Validity kYear{kNow - kHour_s, kNow + 365 * kDay_s};

struct Shop {
  support::TempFolder folder;
  Authority authority = make_authority();
  SigningKey key = SigningKey::generate();

  static Authority make_authority() {
    auto a = Authority::create("Tres Faroles demo CA", {kNow - kHour_s, kNow + 3650 * kDay_s});
    REQUIRE(a);
    return std::move(*a);
  }
  void write(const std::string& name, std::string_view text) const {
    REQUIRE(write_file_durably(folder.file(name), as_bytes(text)));
  }
  // Runs openssl in the folder; true when it succeeds.
  [[nodiscard]] bool openssl(const std::string& arguments) const {
    const std::string command =
        "cd " + folder.path() + " && openssl " + arguments + " >openssl.out 2>openssl.err";
    const bool good = std::system(command.c_str()) == 0;
    for (const char* name : {"openssl.out", "openssl.err"})
      if (auto said = read_file(folder.file(name), 65536); said && !good)
        MESSAGE(std::string(as_text(*said)));
    return good;
  }
  [[nodiscard]] std::string openssl_says(const std::string& arguments) const {
    REQUIRE(openssl(arguments));
    auto said = read_file(folder.file("openssl.out"), 65536);
    REQUIRE(said);
    return std::string(as_text(*said));
  }
};

const std::string kVerify = "verify -x509_strict -attime 1795300000 -CAfile ca.pem ";

}  // namespace

TEST_CASE("openssl accepts a server certificate for its names and addresses, strictly") {
  const Shop shop;
  auto server = shop.authority.issue_server(
      shop.key.public_key(), {{"localhost", "box.tresfaroles.example"}, {"127.0.0.1", "::1"}}, kYear);
  REQUIRE(server);
  shop.write("ca.pem", shop.authority.certificate_pem());
  shop.write("server.pem", *server);
  for (const char* name : {"-verify_hostname localhost", "-verify_hostname box.tresfaroles.example",
                           "-verify_ip 127.0.0.1", "-verify_ip ::1"}) {
    CAPTURE(name);
    CHECK(shop.openssl(kVerify + "-purpose sslserver " + name + " server.pem"));
  }
  const std::string text = shop.openssl_says("x509 -noout -text -in server.pem");
  for (const char* part :
       {"Version: 3", "ecdsa-with-SHA256", "X509v3 Basic Constraints: critical", "CA:FALSE",
        "X509v3 Key Usage: critical", "Digital Signature", "TLS Web Server Authentication",
        "DNS:localhost, DNS:box.tresfaroles.example, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1",
        "X509v3 Subject Key Identifier", "X509v3 Authority Key Identifier"}) {
    CAPTURE(part);
    CHECK(text.find(part) != std::string::npos);
  }
}

TEST_CASE("openssl refuses the certificate for another name, purpose, time or authority") {
  const Shop shop;
  const Shop stranger;
  shop.write("ca.pem", shop.authority.certificate_pem());
  shop.write("stranger.pem", stranger.authority.certificate_pem());
  shop.write("server.pem",
             *shop.authority.issue_server(shop.key.public_key(), {{"localhost"}, {"127.0.0.1"}}, kYear));
  REQUIRE(shop.openssl(kVerify + "-purpose sslserver server.pem"));
  for (const char* arguments :
       {"verify -attime 1795300000 -CAfile ca.pem -verify_hostname other.example server.pem",
        "verify -attime 1795300000 -CAfile ca.pem -verify_ip 127.0.0.2 server.pem",
        "verify -attime 1795300000 -CAfile ca.pem -purpose sslclient server.pem",
        "verify -attime 1895300000 -CAfile ca.pem server.pem",
        "verify -attime 1795300000 -CAfile stranger.pem server.pem"}) {
    CAPTURE(arguments);
    CHECK(std::system(
              ("cd " + shop.folder.path() + " && openssl " + arguments + " >/dev/null 2>&1").c_str()) != 0);
  }
}

TEST_CASE("openssl accepts a client certificate and its key file") {
  const Shop shop;
  shop.write("ca.pem", shop.authority.certificate_pem());
  shop.write("client.pem", *shop.authority.issue_client(shop.key.public_key(), "head office", kYear));
  shop.write("client.key", shop.key.pem().text());
  CHECK(shop.openssl(kVerify + "-purpose sslclient client.pem"));
  CHECK(shop.openssl("pkey -in client.key -check -noout"));
  CHECK(shop.openssl_says("x509 -in client.pem -noout -pubkey") == shop.key.public_key().pem());
  CHECK(shop.openssl_says("pkey -in client.key -pubout") == shop.key.public_key().pem());
}

TEST_CASE("what was written can be read again") {
  const Shop shop;
  const std::string pem = *shop.authority.issue_client(shop.key.public_key(), "head office", kYear);
  auto facts = read_certificate(as_bytes(pem));
  REQUIRE(facts);
  CHECK(facts->subject == "CN=head office");
  CHECK(facts->issuer == "CN=Tres Faroles demo CA");
  CHECK(facts->spki_sha256 == shop.key.public_key().spki_sha256());
  CHECK(*spki_sha256_of_certificate(pem) == facts->spki_sha256);
  CHECK(facts->validity.not_before == kYear.not_before);
  CHECK(facts->validity.not_after == kYear.not_after);
  CHECK_FALSE(facts->is_authority);
  CHECK(read_certificate(as_bytes(shop.authority.certificate_pem()))->is_authority);

  shop.write("client.pem", pem);
  const std::string said = shop.openssl_says("x509 -in client.pem -noout -fingerprint -sha256");
  std::string digits;
  for (const char c : said.substr(said.find('=') + 1))
    if (c != ':' && c != '\n') digits += c;
  CHECK(*from_hex(digits) == Bytes(facts->fingerprint.begin(), facts->fingerprint.end()));
}

TEST_CASE("validity beyond 2049 is written as RFC 5280 asks") {
  const Shop shop;
  const Validity far{kNow, 4'000'000'000};  // 2096
  const std::string pem = *shop.authority.issue_client(shop.key.public_key(), "far", far);
  CHECK(read_certificate(as_bytes(pem))->validity.not_after == far.not_after);
  shop.write("far.pem", pem);
  CHECK(shop.openssl_says("x509 -in far.pem -noout -enddate") == "notAfter=Oct  2 07:06:40 2096 GMT\n");
}

TEST_CASE("an authority comes back from its two files, and only from these") {
  const Shop shop;
  const Shop stranger;
  const std::string key_pem(shop.authority.key_pem().text());
  auto again = Authority::from_pem(shop.authority.certificate_pem(), key_pem);
  REQUIRE(again);
  shop.write("ca.pem", shop.authority.certificate_pem());
  shop.write("client.pem", *again->issue_client(shop.key.public_key(), "head office", kYear));
  CHECK(shop.openssl(kVerify + "client.pem"));
  CHECK_FALSE(Authority::from_pem(stranger.authority.certificate_pem(), key_pem));
  const std::string leaf = *shop.authority.issue_client(shop.key.public_key(), "leaf", kYear);
  CHECK_FALSE(Authority::from_pem(leaf, shop.key.pem().text()));
  CHECK_FALSE(Authority::from_pem("", key_pem));
}

TEST_CASE("names and times that make no certificate are refused") {
  const Shop shop;
  const VerifyKey& key = shop.key.public_key();
  for (const char* name : {"", " ", "a,O=b", "a=b", "a+b", "a\\b", "a\nb", "\xC3\xB1"})
    CHECK(shop.authority.issue_client(key, name, kYear).error().code == Code::BadInput);
  CHECK(shop.authority.issue_client(key, std::string(65, 'a'), kYear).error().code == Code::BadInput);
  CHECK(shop.authority.issue_client(key, "a", {kNow, kNow}).error().code == Code::BadInput);
  CHECK(shop.authority.issue_client(key, "a", {-1, kNow}).error().code == Code::BadInput);
  CHECK(shop.authority.issue_server(key, {}, kYear).error().code == Code::BadInput);
  CHECK(shop.authority.issue_server(key, {{"a b"}, {}}, kYear).error().code == Code::BadInput);
  CHECK(shop.authority.issue_server(key, {{}, {"127.0.0.256"}}, kYear).error().code == Code::BadInput);
  CHECK_FALSE(read_certificate(as_bytes("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")));
  CHECK_FALSE(read_certificate({}));
}

}  // namespace counterfoil::crypto
