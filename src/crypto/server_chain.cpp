// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "crypto/server_chain.h"

#include "base/limits.h"
#include "crypto/crypto.h"
#include "crypto/pem.h"
#include "crypto/pk_holder.h"
#include "crypto/x509_holder.h"

#include <arpa/inet.h>

#include <algorithm>

namespace counterfoil::crypto {
namespace {

constexpr unsigned kRsaBitsMin = 2048;
// Signatures that phones still take: ECDSA and RSA (PKCS #1) with SHA-256, SHA-384, SHA-512.
constexpr std::array kOidSignatures = {
    std::string_view("\x2a\x86\x48\xce\x3d\x04\x03\x02", 8),
    std::string_view("\x2a\x86\x48\xce\x3d\x04\x03\x03", 8),
    std::string_view("\x2a\x86\x48\xce\x3d\x04\x03\x04", 8),
    std::string_view("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", 9),
    std::string_view("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c", 9),
    std::string_view("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d", 9),
};

// Handshakes speak P-256 only, so a certificate on another curve would be shown to nobody
// (net/tls_config.cpp).
bool is_strong_key(const mbedtls_x509_crt& crt) {
  if (mbedtls_pk_can_do(&crt.pk, MBEDTLS_PK_RSA) != 0) return mbedtls_pk_get_bitlen(&crt.pk) >= kRsaBitsMin;
  return VerifyKey::from_spki({crt.pk_raw.p, crt.pk_raw.len}).has_value();
}

bool is_signed_well(const mbedtls_x509_crt& crt) {
  const std::string_view oid = as_text({crt.sig_oid.p, crt.sig_oid.len});
  return std::find(kOidSignatures.begin(), kOidSignatures.end(), oid) != kOidSignatures.end();
}

Status parse(CertificateHolder& to, const Bytes& der) {
  if (mbedtls_x509_crt_parse_der(&to.crt, der.data(), der.size()) == 0) return {};
  return fail(Code::BadInput, "not an X.509 certificate");
}

// Name, signature and the right to sign; dates and strength are judged elsewhere.
bool is_issued_by(const Bytes& der, const Bytes& issuer_der) {
  CertificateHolder own;
  CertificateHolder issuer;
  if (!parse(own, der) || !parse(issuer, issuer_der)) return false;
  std::uint32_t flags = 0;
  mbedtls_x509_crt_verify(&own.crt, &issuer.crt, nullptr, nullptr, &flags, nullptr, nullptr);
  return (flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) == 0;
}

std::vector<std::string> leaf_faults(const mbedtls_x509_crt& crt, const CertificateFacts& facts) {
  std::vector<std::string> out;
  if (facts.is_authority)
    out.emplace_back("the first certificate is an authority's; the server's own comes first in the file");
  if (!is_strong_key(crt))
    out.push_back("its key is " + facts.key + "; this box serves P-256, or RSA of 2048 bits and more");
  if (mbedtls_x509_crt_check_key_usage(&crt, MBEDTLS_X509_KU_DIGITAL_SIGNATURE) != 0)
    out.emplace_back("its key may not sign handshakes: key usage lacks digitalSignature");
  if (mbedtls_x509_crt_check_extended_key_usage(&crt, kOidServerAuth.data(), kOidServerAuth.size()) != 0)
    out.emplace_back("it is not for servers: extended key usage lacks serverAuth");
  return out;
}

bool is_same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

bool is_under_star(std::string_view star, std::string_view host) {
  const auto dot = host.find('.');
  if (!star.starts_with("*.") || dot == 0 || dot == std::string_view::npos) return false;
  return is_same_name(star.substr(1), host.substr(dot));
}

}  // namespace

Result<ServerChain> ServerChain::from_pem(std::string_view pem) {
  static constexpr std::string_view kEnd = "-----END CERTIFICATE-----";
  std::vector<Bytes> ders;
  std::vector<CertificateFacts> facts;
  for (auto at = pem.find("-----BEGIN CERTIFICATE-----"); at != std::string_view::npos;
       at = pem.find("-----BEGIN CERTIFICATE-----")) {
    if (ders.size() == limits::kChainCertificatesMax)
      return fail(Code::Limit,
                  "more than " + std::to_string(limits::kChainCertificatesMax) + " certificates in one file");
    pem.remove_prefix(at);
    const auto bad = [&] {
      return fail(Code::BadInput, "certificate " + std::to_string(ders.size() + 1) + " cannot be read");
    };
    const auto der = read_pem_block("CERTIFICATE", pem);
    if (!der) return bad();
    const auto known = read_certificate(*der);
    if (!known) return bad();
    ders.push_back(*der);
    facts.push_back(*known);
    pem.remove_prefix(pem.find(kEnd) + kEnd.size());
  }
  if (ders.empty()) return fail(Code::BadInput, "no PEM block \"CERTIFICATE\"");
  return ServerChain(std::move(ders), std::move(facts));
}

Hash ServerChain::fingerprint() const {
  Bytes all;
  for (const auto& facts : facts_) all.insert(all.end(), facts.fingerprint.begin(), facts.fingerprint.end());
  return sha256(all);
}

bool ServerChain::fits(std::string_view key_pem) const {
  PkHolder key;
  CertificateHolder holder;
  if (parse_private_key(&key.pk, key_pem) != 0 || !parse(holder, ders_.front())) return false;
#if MBEDTLS_VERSION_MAJOR >= 3
  return mbedtls_pk_check_pair(&holder.crt.pk, &key.pk, random_callback, nullptr) == 0;
#else
  return mbedtls_pk_check_pair(&holder.crt.pk, &key.pk) == 0;
#endif
}

std::vector<std::string> ServerChain::faults() const {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < ders_.size(); ++i) {
    const std::string which = "certificate " + std::to_string(i + 1);
    CertificateHolder holder;
    if (!parse(holder, ders_[i])) return {which + " cannot be read"};  // it could, once
    if (i == 0) out = leaf_faults(holder.crt, leaf());
    // Nobody checks the signature by which an authority vouches for itself.
    const bool is_root = i > 0 && facts_[i].subject == facts_[i].issuer;
    if (!is_root && !is_signed_well(holder.crt))
      out.push_back(which + " is signed with an algorithm that phones refuse, such as SHA-1");
    if (i + 1 < ders_.size() && !is_issued_by(ders_[i], ders_[i + 1]))
      out.push_back(which + " (" + facts_[i].subject + ") was not issued by the one that follows it (" +
                    facts_[i + 1].subject + "); put each one's issuer after it");
  }
  return out;
}

bool is_named(const ServerNames& names, std::string_view host) {
  for (const int family : {AF_INET, AF_INET6}) {
    std::array<std::uint8_t, 16> asked{};
    if (::inet_pton(family, std::string(host).c_str(), asked.data()) != 1) continue;
    return std::any_of(names.addresses.begin(), names.addresses.end(), [&](const std::string& one) {
      std::array<std::uint8_t, 16> raw{};
      return ::inet_pton(family, one.c_str(), raw.data()) == 1 && raw == asked;
    });
  }
  return std::any_of(names.dns.begin(), names.dns.end(), [&](std::string_view one) {
    return is_same_name(one, host) || is_under_star(one, host);
  });
}

}  // namespace counterfoil::crypto
