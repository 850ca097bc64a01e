// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "crypto/certificate.h"

#include "base/limits.h"
#include "crypto/crypto.h"
#include "crypto/pem.h"
#include "crypto/pk_holder.h"
#include "crypto/x509_holder.h"

#include <arpa/inet.h>
#include <mbedtls/bignum.h>
#include <mbedtls/md.h>
#include <mbedtls/version.h>

#include <algorithm>
#include <ctime>

namespace counterfoil::crypto {
namespace {

constexpr std::uint8_t kSanDns = 0x82;      // [2] IA5String
constexpr std::uint8_t kSanAddress = 0x87;  // [7] OCTET STRING
constexpr std::size_t kSerialBytes = 16;
constexpr std::size_t kDnsNameCharsMax = 253;  // RFC 1035
constexpr Instant kLatest = 253402300799;      // 9999-12-31T23:59:59Z, the end of GeneralizedTime

// Contents of object identifiers.
constexpr std::string_view kOidCommonName("\x55\x04\x03", 3);
constexpr std::string_view kOidExtensionRequest("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e", 9);
constexpr std::string_view kOidEcdsaWithSha256("\x2a\x86\x48\xce\x3d\x04\x03\x02", 8);
constexpr std::string_view kOidSubjectAltName("\x55\x1d\x11", 3);
constexpr std::string_view kOidBasicConstraints("\x55\x1d\x13", 3);
constexpr std::string_view kOidExtendedKeyUsage("\x55\x1d\x25", 3);
constexpr std::string_view kOidClientAuth("\x2b\x06\x01\x05\x05\x07\x03\x02", 8);

struct WriterHolder {
  WriterHolder() { mbedtls_x509write_crt_init(&crt); }
  ~WriterHolder() { mbedtls_x509write_crt_free(&crt); }
  WriterHolder(const WriterHolder&) = delete;
  WriterHolder& operator=(const WriterHolder&) = delete;
  mbedtls_x509write_cert crt{};
};

// What the few kinds of certificate differ in.
struct Draft {
  std::string subject;
  std::string issuer;
  Validity validity;
  Bytes basic_constraints;
  Bytes extended_key_usage;  // empty: left out
  Bytes subject_alt_name;    // empty: left out
  unsigned key_usage = 0;
};

Status mbed(int code, const char* what) {
  if (code == 0) return {};
  return fail(Code::Crypto, std::string("certificate: ") + what + " failed (" + std::to_string(code) + ")");
}

bool is_plain_name(std::string_view name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ' ' ||
           c == '.' || c == '-';
  };
  return !name.empty() && name.size() <= limits::kCertificateNameCharsMax && name.front() != ' ' &&
         name.back() != ' ' && std::all_of(name.begin(), name.end(), plain);
}

Status demand_plain_name(std::string_view name) {
  if (is_plain_name(name)) return {};
  return fail(Code::BadInput, "a certificate's name is 1 to 64 letters, digits, spaces, dots and hyphens");
}

bool is_dns_name(std::string_view name) {
  if (name.starts_with("*.")) name.remove_prefix(2);
  if (name.empty() || name.size() > kDnsNameCharsMax || name.front() == '.' || name.back() == '.' ||
      name.find("..") != std::string_view::npos)
    return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
  });
}

Result<Bytes> address_bytes(const std::string& text) {
  Bytes out(4);
  if (::inet_pton(AF_INET, text.c_str(), out.data()) == 1) return out;
  out.resize(16);
  if (::inet_pton(AF_INET6, text.c_str(), out.data()) == 1) return out;
  return fail(Code::BadInput, "\"" + text + "\" is not an IP address");
}

Result<Bytes> subject_alt_name(const ServerNames& names) {
  const std::size_t count = names.dns.size() + names.addresses.size();
  if (count == 0 || count > limits::kCertificateNamesMax)
    return fail(Code::BadInput, "a server certificate has 1 to " +
                                    std::to_string(limits::kCertificateNamesMax) + " names and addresses");
  Bytes all;
  const auto add = [&all](std::uint8_t tag, ByteView b) {
    const Bytes element = der_element(tag, b);
    all.insert(all.end(), element.begin(), element.end());
  };
  for (const std::string& name : names.dns) {
    if (!is_dns_name(name)) return fail(Code::BadInput, "\"" + name + "\" is not a DNS name");
    add(kSanDns, as_bytes(name));
  }
  for (const std::string& text : names.addresses) {
    CF_TRY(const Bytes address, address_bytes(text));
    add(kSanAddress, address);
  }
  return der_element(kDerSequence, all);
}

const std::string& first_name(const ServerNames& names) {
  return names.dns.empty() ? names.addresses.front() : names.dns.front();
}

Bytes basic_constraints(bool authority) {
  if (!authority) return der_element(kDerSequence, {});
  static constexpr std::array<std::uint8_t, 1> kTrue = {0xFF};
  static constexpr std::array<std::uint8_t, 1> kPathLength = {0};
  return der_element(kDerSequence,
                     der_join({der_element(kDerBoolean, kTrue), der_element(kDerInteger, kPathLength)}));
}

Bytes extended_key_usage(std::string_view oid) {
  return der_element(kDerSequence, der_element(kDerOid, as_bytes(oid)));
}

// "YYYYMMDDhhmmss"
Result<std::string> x509_time(Instant t) {
  if (t < 0 || t > kLatest)
    return fail(Code::BadInput, "a certificate's validity lies between 1970 and 9999");
  const std::time_t seconds = t;
  std::tm parts{};
  std::array<char, 16> text{};
  if (::gmtime_r(&seconds, &parts) == nullptr ||
      std::strftime(text.data(), text.size(), "%Y%m%d%H%M%S", &parts) == 0)
    return fail(Code::BadInput, "a certificate's validity lies between 1970 and 9999");
  return std::string(text.data());
}

Status set_serial(mbedtls_x509write_cert* crt) {
  Bytes serial = random_bytes(kSerialBytes);
  serial[0] = static_cast<std::uint8_t>((serial[0] & 0x7FU) | 0x40U);  // positive, always 16 bytes
#if MBEDTLS_VERSION_MAJOR >= 3
  return mbed(mbedtls_x509write_crt_set_serial_raw(crt, serial.data(), serial.size()), "serial");
#else
  mbedtls_mpi number;
  mbedtls_mpi_init(&number);
  int code = mbedtls_mpi_read_binary(&number, serial.data(), serial.size());
  if (code == 0) code = mbedtls_x509write_crt_set_serial(crt, &number);
  mbedtls_mpi_free(&number);
  return mbed(code, "serial");
#endif
}

// mbedTLS's own helpers differ between versions in what they mark critical, so these are built by hand.
Status add_extension(mbedtls_x509write_cert* crt, std::string_view oid, bool critical, const Bytes& value) {
  if (value.empty()) return {};
  return mbed(mbedtls_x509write_crt_set_extension(crt, oid.data(), oid.size(), critical ? 1 : 0, value.data(),
                                                  value.size()),
              "extension");
}

Status fill(mbedtls_x509write_cert* crt, const Draft& draft) {
  if (draft.validity.not_after <= draft.validity.not_before)
    return fail(Code::BadInput, "a certificate must end after it begins");
  CF_TRY(const std::string from, x509_time(draft.validity.not_before));
  CF_TRY(const std::string to, x509_time(draft.validity.not_after));
  mbedtls_x509write_crt_set_version(crt, MBEDTLS_X509_CRT_VERSION_3);
  mbedtls_x509write_crt_set_md_alg(crt, MBEDTLS_MD_SHA256);
  CF_CHECK(mbed(mbedtls_x509write_crt_set_validity(crt, from.c_str(), to.c_str()), "validity"));
  CF_CHECK(mbed(mbedtls_x509write_crt_set_subject_name(crt, draft.subject.c_str()), "subject"));
  CF_CHECK(mbed(mbedtls_x509write_crt_set_issuer_name(crt, draft.issuer.c_str()), "issuer"));
  CF_CHECK(set_serial(crt));
  CF_CHECK(add_extension(crt, kOidBasicConstraints, true, draft.basic_constraints));
  CF_CHECK(mbed(mbedtls_x509write_crt_set_key_usage(crt, draft.key_usage), "key usage"));
  CF_CHECK(add_extension(crt, kOidExtendedKeyUsage, false, draft.extended_key_usage));
  CF_CHECK(add_extension(crt, kOidSubjectAltName, false, draft.subject_alt_name));
  CF_CHECK(mbed(mbedtls_x509write_crt_set_subject_key_identifier(crt), "subject key identifier"));
  return mbed(mbedtls_x509write_crt_set_authority_key_identifier(crt), "authority key identifier");
}

// A bit flip while signing would give away the key or publish a certificate that nobody accepts.
Status demand_signature(ByteView der, const VerifyKey& by) {
  CertificateHolder holder;
  CF_CHECK(mbed(mbedtls_x509_crt_parse_der(&holder.crt, der.data(), der.size()), "reading back"));
  unsigned char* at = holder.crt.tbs.p + holder.crt.tbs.len;
  const unsigned char* const end = holder.crt.raw.p + holder.crt.raw.len;
  std::size_t length = 0;
  CF_CHECK(mbed(mbedtls_asn1_get_tag(&at, end, &length, MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE),
                "algorithm"));
  at += length;
  CF_CHECK(mbed(mbedtls_asn1_get_bitstring_null(&at, end, &length), "signature"));
  const auto raw = raw_signature({at, length});
  if (!raw || !by.verify({holder.crt.tbs.p, holder.crt.tbs.len}, *raw))
    return fail(Code::Crypto, "the new certificate's signature does not verify; nothing was published");
  return {};
}

Result<std::string> write_certificate(const Draft& draft, const VerifyKey& subject,
                                      const SigningKey& issuer) {
  PkHolder subject_key;
  PkHolder issuer_key;
  WriterHolder writer;
  const Bytes spki = subject.spki();
  CF_CHECK(mbed(mbedtls_pk_parse_public_key(&subject_key.pk, spki.data(), spki.size()), "public key"));
  const SecretBytes pem = issuer.pem();
  CF_CHECK(mbed(parse_private_key(&issuer_key.pk, pem.text()), "issuer key"));
  mbedtls_x509write_crt_set_subject_key(&writer.crt, &subject_key.pk);
  mbedtls_x509write_crt_set_issuer_key(&writer.crt, &issuer_key.pk);
  CF_CHECK(fill(&writer.crt, draft));
  Bytes buffer(limits::kCertificateBytesMax);
  const int length =
      mbedtls_x509write_crt_der(&writer.crt, buffer.data(), buffer.size(), random_callback, nullptr);
  if (length <= 0) return mbed(length < 0 ? length : -1, "writing").error();
  // The writer fills the buffer from its end.
  const ByteView der = ByteView(buffer).last(static_cast<std::size_t>(length));
  CF_CHECK(demand_signature(der, issuer.public_key()));
  return std::string(pem_block("CERTIFICATE", der).text());
}

Result<std::string> distinguished_name(const mbedtls_x509_name& name) {
  std::array<char, 512> text{};
  const int n = mbedtls_x509_dn_gets(text.data(), text.size(), &name);
  if (n < 0) return fail(Code::BadInput, "the certificate's name is too long");
  return std::string(text.data());
}

Instant instant_of(const mbedtls_x509_time& t) {
  std::tm parts{};
  parts.tm_year = t.year - 1900;
  parts.tm_mon = t.mon - 1;
  parts.tm_mday = t.day;
  parts.tm_hour = t.hour;
  parts.tm_min = t.min;
  parts.tm_sec = t.sec;
  return ::timegm(&parts);
}

// "EC P-256", "RSA 2048", "EC 384": what a person calls it.
std::string key_words(const mbedtls_x509_crt& crt) {
  if (VerifyKey::from_spki({crt.pk_raw.p, crt.pk_raw.len})) return "EC P-256";
  const bool is_rsa = mbedtls_pk_can_do(&crt.pk, MBEDTLS_PK_RSA) != 0;
  return (is_rsa ? "RSA " : "EC ") + std::to_string(mbedtls_pk_get_bitlen(&crt.pk));
}

std::string address_text(ByteView raw) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = raw.size() == 4 ? AF_INET : AF_INET6;
  if (raw.size() != 4 && raw.size() != 16) return {};
  return ::inet_ntop(family, raw.data(), text.data(), text.size()) == nullptr ? "" : text.data();
}

ServerNames names_of(const mbedtls_x509_crt& crt) {
  constexpr int kTagBits = 0x1f;
  ServerNames out;
  for (const auto* name = &crt.subject_alt_names; name != nullptr && name->buf.p != nullptr;
       name = name->next) {
    const ByteView value{name->buf.p, name->buf.len};
    if ((name->buf.tag & kTagBits) == (kSanDns & kTagBits)) out.dns.push_back(printable(as_text(value)));
    if ((name->buf.tag & kTagBits) != (kSanAddress & kTagBits)) continue;
    if (std::string text = address_text(value); !text.empty()) out.addresses.push_back(std::move(text));
  }
  return out;
}

bool is_authority(const mbedtls_x509_crt& crt) {
#if MBEDTLS_VERSION_MAJOR >= 3
  return mbedtls_x509_crt_get_ca_istrue(&crt) == 1;
#else
  return crt.ca_istrue != 0;
#endif
}

}  // namespace

Result<CertificateFacts> read_certificate(ByteView pem_or_der) {
  const auto bad = [] { return fail(Code::BadInput, "not an X.509 certificate"); };
  if (pem_or_der.size() > limits::kCertificateBytesMax) return bad();
  Bytes der(pem_or_der.begin(), pem_or_der.end());
  if (auto block = read_pem_block("CERTIFICATE", as_text(pem_or_der))) der = std::move(*block);
  CertificateHolder holder;
  if (mbedtls_x509_crt_parse_der(&holder.crt, der.data(), der.size()) != 0) return bad();
  const mbedtls_x509_crt& crt = holder.crt;
  CertificateFacts facts;
  CF_TRY(facts.subject, distinguished_name(crt.subject));
  CF_TRY(facts.issuer, distinguished_name(crt.issuer));
  facts.fingerprint = sha256({crt.raw.p, crt.raw.len});
  facts.spki_sha256 = sha256({crt.pk_raw.p, crt.pk_raw.len});
  facts.validity = {instant_of(crt.valid_from), instant_of(crt.valid_to)};
  facts.is_authority = is_authority(crt);
  facts.names = names_of(crt);
  facts.key = key_words(crt);
  return facts;
}

Result<Hash> spki_sha256_of_certificate(std::string_view pem) {
  CF_TRY(const CertificateFacts facts, read_certificate(as_bytes(pem)));
  return facts.spki_sha256;
}

Result<Authority> Authority::create(std::string_view name, const Validity& validity) {
  CF_CHECK(demand_plain_name(name));
  SigningKey key = SigningKey::generate();
  Draft draft;
  draft.subject = draft.issuer = "CN=" + std::string(name);
  draft.validity = validity;
  draft.basic_constraints = basic_constraints(true);
  draft.key_usage = MBEDTLS_X509_KU_KEY_CERT_SIGN | MBEDTLS_X509_KU_CRL_SIGN;
  CF_TRY(std::string pem, write_certificate(draft, key.public_key(), key));
  return Authority(std::move(pem), std::move(key), draft.subject);
}

Result<Authority> Authority::from_pem(std::string_view certificate_pem, std::string_view key_pem) {
  CF_TRY(const CertificateFacts facts, read_certificate(as_bytes(certificate_pem)));
  CF_TRY(SigningKey key, SigningKey::from_pem(key_pem));
  if (!facts.is_authority) return fail(Code::BadInput, "the certificate is not that of an authority");
  if (facts.spki_sha256 != key.public_key().spki_sha256())
    return fail(Code::BadInput, "the authority's certificate and key do not belong together");
  if (!facts.subject.starts_with("CN=") || !is_plain_name(std::string_view(facts.subject).substr(3)))
    return fail(Code::BadInput, "the authority was not made by this program: its name has other parts");
  return Authority(std::string(certificate_pem), std::move(key), facts.subject);
}

Result<std::string> Authority::issue_server(const VerifyKey& key, const ServerNames& names,
                                            const Validity& validity) const {
  Draft draft;
  CF_TRY(draft.subject_alt_name, subject_alt_name(names));
  // Clients read the alternative names only; this one is for people who look at the certificate.
  draft.subject = "CN=" + first_name(names).substr(0, limits::kCertificateNameCharsMax);
  draft.issuer = name_;
  draft.validity = validity;
  draft.basic_constraints = basic_constraints(false);
  draft.extended_key_usage = extended_key_usage(kOidServerAuth);
  draft.key_usage = MBEDTLS_X509_KU_DIGITAL_SIGNATURE;
  return write_certificate(draft, key, key_);
}

Result<std::string> Authority::issue_client(const VerifyKey& key, std::string_view name,
                                            const Validity& validity) const {
  CF_CHECK(demand_plain_name(name));
  Draft draft;
  draft.subject = "CN=" + std::string(name);
  draft.issuer = name_;
  draft.validity = validity;
  draft.basic_constraints = basic_constraints(false);
  draft.extended_key_usage = extended_key_usage(kOidClientAuth);
  draft.key_usage = MBEDTLS_X509_KU_DIGITAL_SIGNATURE;
  return write_certificate(draft, key, key_);
}

Result<std::string> certificate_request(const SigningKey& key, const ServerNames& names) {
  CF_TRY(const Bytes alt_name, subject_alt_name(names));
  const auto sequence = [](std::initializer_list<ByteView> parts) {
    return der_element(kDerSequence, der_join(parts));
  };
  const auto oid = [](std::string_view contents) { return der_element(kDerOid, as_bytes(contents)); };
  const std::string common = first_name(names).substr(0, limits::kCertificateNameCharsMax);
  const Bytes attribute = sequence({oid(kOidCommonName), der_element(kDerUtf8String, as_bytes(common))});
  const Bytes subject = sequence({der_element(kDerSet, attribute)});
  const Bytes extension = sequence({oid(kOidSubjectAltName), der_element(kDerOctetString, alt_name)});
  const Bytes asked = sequence({oid(kOidExtensionRequest), der_element(kDerSet, sequence({extension}))});
  static constexpr std::array<std::uint8_t, 1> kVersion1 = {0};
  const Bytes info = sequence(
      {der_element(kDerInteger, kVersion1), subject, key.spki(), der_element(kDerAttributes, asked)});
  CF_TRY(const Bytes signature, der_signature(key.sign(info)));
  static constexpr std::array<std::uint8_t, 1> kNoUnusedBits = {0};
  const Bytes request = sequence({info, sequence({oid(kOidEcdsaWithSha256)}),
                                  der_element(kDerBitString, der_join({kNoUnusedBits, signature}))});
  return std::string(pem_block("CERTIFICATE REQUEST", request).text());
}

}  // namespace counterfoil::crypto
