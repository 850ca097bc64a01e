// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "crypto/server_chain.h"

#include "base/fd.h"
#include "tests/support/temp_folder.h"

#include <doctest/doctest.h>

#include <cstdlib>

namespace counterfoil::crypto {
namespace {

// An authority of openssl's with an intermediate one, and what it issues.
struct Issuer {
  support::TempFolder folder;

  Issuer() {
    write("authority.ext", "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n");
    issue("root", "authority.ext", "-signkey root.key");
    issue("middle", "authority.ext", "-CA root.pem -CAkey root.key -CAcreateserial");
  }
  void write(const std::string& name, std::string_view text) const {
    REQUIRE(write_file_durably(folder.file(name), as_bytes(text)));
  }
  [[nodiscard]] std::string read(const std::string& name) const {
    return read_text_file(folder.file(name), 65536).value();
  }
  void openssl(const std::string& arguments) const {
    const std::string command = "cd " + folder.path() + " && openssl " + arguments + " >out 2>err";
    if (std::system(command.c_str()) != 0) FAIL(arguments << "\n" << read("err"));
  }
  // NAME.key and NAME.pem, by the extensions in the file.
  void issue(const std::string& name, const std::string& extensions, const std::string& by,
             const std::string& key = "ec -pkeyopt ec_paramgen_curve:P-256") const {
    openssl("req -new -nodes -newkey " + key + " -subj /CN=" + name + " -keyout " + name + ".key -out " +
            name + ".csr");
    openssl("x509 -req -days 30 -in " + name + ".csr -extfile " + extensions + " " + by + " -out " + name +
            ".pem");
  }
  // A server's own certificate, from the intermediate authority.
  [[nodiscard]] std::string server(const std::string& extensions = "", const std::string& key = "",
                                   const std::string& how = "") const {
    write("server.ext",
          "subjectAltName=DNS:shop.example,DNS:*.shop.example,IP:10.0.0.7,IP:::1\n" + extensions);
    issue("server", "server.ext", "-CA middle.pem -CAkey middle.key -CAcreateserial " + how,
          key.empty() ? "ec -pkeyopt ec_paramgen_curve:P-256" : key);
    return read("server.pem");
  }
};

std::string faults(const std::string& pem) {
  const auto chain = ServerChain::from_pem(pem);
  REQUIRE(chain);
  std::string all;
  for (const auto& fault : chain->faults()) all += fault + "\n";
  return all;
}

bool mentions(const std::string& text, std::string_view what) {
  return text.find(what) != std::string::npos;
}

}  // namespace

TEST_CASE("a chain in order has no faults, whatever stands around it and whether or not the root is in it") {
  const Issuer issuer;
  const std::string own =
      issuer.server("extendedKeyUsage=serverAuth,clientAuth\nkeyUsage=digitalSignature\n");
  const std::string middle = issuer.read("middle.pem");
  CHECK(faults(own) == "");
  CHECK(faults(own + middle) == "");
  CHECK(faults("subject: shop\n" + issuer.read("server.key") + own + "\n\n" + middle +
               issuer.read("root.pem")) == "");
  CHECK(faults(issuer.server("", "rsa:2048") + middle) == "");
  const auto chain = ServerChain::from_pem(issuer.read("server.pem") + middle);
  CHECK(chain->leaf().key == "RSA 2048");
  CHECK(chain->leaf().subject == "CN=server");
  CHECK(chain->leaf().issuer == "CN=middle");
  CHECK(chain->leaf().names.dns == std::vector<std::string>{"shop.example", "*.shop.example"});
  CHECK(chain->leaf().names.addresses == std::vector<std::string>{"10.0.0.7", "::1"});
  CHECK(chain->fingerprint() != ServerChain::from_pem(issuer.read("server.pem"))->fingerprint());
}

TEST_CASE("what phones would refuse is named") {
  const Issuer issuer;
  const std::string middle = issuer.read("middle.pem");
  const std::string root = issuer.read("root.pem");
  const std::string own = issuer.server();
  CHECK(mentions(faults(middle + own), "the server's own comes first"));
  CHECK(mentions(faults(middle + own),
                 "certificate 1 (CN=middle) was not issued by the one that follows it (CN=server)"));
  CHECK(mentions(faults(own + root), "certificate 1 (CN=server) was not issued by"));
  CHECK(mentions(faults(own + root + middle), "certificate 1 (CN=server) was not issued by"));
  // The same name is not the same authority.
  const Issuer stranger;
  CHECK(mentions(faults(own + stranger.read("middle.pem")), "was not issued by"));
  CHECK(mentions(faults(issuer.server("", "rsa:1024")), "its key is RSA 1024"));
  CHECK(mentions(faults(issuer.server("", "ec -pkeyopt ec_paramgen_curve:P-384")), "its key is EC 384"));
  CHECK(mentions(faults(issuer.server("", "", "-sha1")), "SHA-1"));
  CHECK(mentions(faults(issuer.server("extendedKeyUsage=clientAuth\n")), "serverAuth"));
  CHECK(mentions(faults(issuer.server("keyUsage=keyAgreement\n")), "digitalSignature"));
}

TEST_CASE("a chain that cannot be read, or is too long, is refused in words") {
  const Issuer issuer;
  const std::string root = issuer.read("root.pem");
  CHECK(ServerChain::from_pem("").error().code == Code::BadInput);
  CHECK(ServerChain::from_pem(issuer.read("root.key")).error().code == Code::BadInput);
  const auto cut = ServerChain::from_pem(root + root.substr(0, root.size() / 2));
  REQUIRE_FALSE(cut);
  CHECK(mentions(cut.error().message(), "certificate 2 cannot be read"));
  std::string many;
  for (int i = 0; i < 9; ++i) many += root;
  CHECK(ServerChain::from_pem(many).error().code == Code::Limit);
}

TEST_CASE("a key fits its own certificate only") {
  const Issuer issuer;
  for (const char* kind : {"ec -pkeyopt ec_paramgen_curve:P-256", "rsa:2048"}) {
    CAPTURE(kind);
    const auto chain = ServerChain::from_pem(issuer.server("", kind) + issuer.read("middle.pem"));
    CHECK(chain->fits(issuer.read("server.key")));
    CHECK_FALSE(chain->fits(issuer.read("middle.key")));
    CHECK_FALSE(chain->fits(SigningKey::generate().pem().text()));
    CHECK_FALSE(chain->fits("rubbish"));
  }
}

TEST_CASE("a star stands for one label, an address for itself") {
  const ServerNames names{{"Shop.example", "*.box.example"}, {"10.0.0.7", "::1"}};
  for (const char* named : {"shop.example", "SHOP.EXAMPLE", "a.box.example", "10.0.0.7", "::1", "0:0::1"}) {
    CAPTURE(named);
    CHECK(is_named(names, named));
  }
  for (const char* other : {"", "box.example", ".box.example", "a.b.box.example", "xshop.example",
                            "shop.example.evil", "10.0.0.8", "::2", "*.example"}) {
    CAPTURE(other);
    CHECK_FALSE(is_named(names, other));
  }
  CHECK_FALSE(is_named({{"*"}, {}}, "example"));
  CHECK_FALSE(is_named({{"10.0.0.7"}, {}}, "10.0.0.7"));
}

TEST_CASE("openssl reads and verifies a certificate request, and it is the same each time") {
  const Issuer issuer;
  const SigningKey key = SigningKey::generate();
  const ServerNames names{{"box.shop.example", "counterfoil.local"}, {"10.0.0.7", "::1"}};
  const auto request = certificate_request(key, names);
  REQUIRE(request);
  CHECK(*certificate_request(key, names) == *request);
  CHECK(*certificate_request(SigningKey::generate(), names) != *request);
  issuer.write("box.csr", *request);
  issuer.openssl("req -verify -text -noout -nameopt RFC2253 -in box.csr");
  const std::string text = issuer.read("err") + issuer.read("out");
  for (const char* part :
       {"verify OK", "Subject: CN=box.shop.example", "Public-Key: (256 bit)", "ecdsa-with-SHA256",
        "DNS:box.shop.example, DNS:counterfoil.local, IP Address:10.0.0.7, IP Address:0:0:0:0:0:0:0:1"}) {
    CAPTURE(part);
    CHECK(mentions(text, part));
  }
  issuer.openssl(
      "x509 -req -in box.csr -CA middle.pem -CAkey middle.key -CAcreateserial -copy_extensions copy -out "
      "box.pem");
  const auto chain = ServerChain::from_pem(issuer.read("box.pem"));
  CHECK(chain->fits(key.pem().text()));
  CHECK(chain->leaf().names.dns == names.dns);
  const std::string long_name = std::string(60, 'a') + ".shop.example";
  const auto cut = certificate_request(key, {{long_name}, {}});
  issuer.write("long.csr", *cut);
  issuer.openssl("req -verify -text -noout -in long.csr");
  CHECK(mentions(issuer.read("out"), "DNS:" + long_name));
  CHECK(certificate_request(key, {}).error().code == Code::BadInput);
  CHECK(certificate_request(key, {{"not a name"}, {}}).error().code == Code::BadInput);
}

}  // namespace counterfoil::crypto
