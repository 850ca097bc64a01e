// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "crypto/crypto.h"
#include "net/tls_mbed.h"

#include <mbedtls/ecdsa.h>
#include <mbedtls/error.h>
#include <mbedtls/md.h>
#include <mbedtls/pk.h>

#include <array>

namespace counterfoil::net::tls {
namespace {

// ChaCha20-Poly1305 first: on boards without AES instructions it is faster, and constant in time.
constexpr std::array kCipherSuites = {
#if MBEDTLS_VERSION_MAJOR >= 3
    MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS1_3_AES_128_GCM_SHA256,
    MBEDTLS_TLS1_3_AES_256_GCM_SHA384,
#endif
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    0};

#if MBEDTLS_VERSION_MAJOR >= 3
constexpr std::array<std::uint16_t, 3> kGroups = {
    MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1, MBEDTLS_SSL_IANA_TLS_GROUP_X25519, MBEDTLS_SSL_IANA_TLS_GROUP_NONE};
#else
constexpr std::array kGroups = {MBEDTLS_ECP_DP_SECP256R1, MBEDTLS_ECP_DP_CURVE25519, MBEDTLS_ECP_DP_NONE};
#endif

std::array<const char*, 2>& alpn_protocols() {
  static std::array<const char*, 2> list = {"http/1.1", nullptr};
  return list;
}

/// The PEM readers of mbedTLS want the final NUL counted.
const unsigned char* pem_bytes(const std::string& pem) {
  return reinterpret_cast<const unsigned char*>(pem.c_str());
}

}  // namespace

Error tls_error(Code code, std::string_view what, int mbedtls_code) {
  char number[16];
  std::snprintf(number, sizeof number, "-0x%04x", static_cast<unsigned>(-mbedtls_code));
  return fail(code, std::string(what) + ": mbedtls " + number);
}

Config::Config(Side of) : side(of) {
  mbedtls_ssl_config_init(&ssl);
  mbedtls_x509_crt_init(&certificate);
  mbedtls_pk_init(&key);
  mbedtls_x509_crt_init(&trust);
}

Config::~Config() {
  mbedtls_ssl_config_free(&ssl);
  mbedtls_x509_crt_free(&certificate);
  mbedtls_pk_free(&key);
  mbedtls_x509_crt_free(&trust);
}

Status Config::set_defaults() {
  CF_CHECK(crypto::init());  // TLS 1.3 in mbedTLS 3 stands on PSA
  int endpoint = side == Side::Server ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT;
  int rc =
      mbedtls_ssl_config_defaults(&ssl, endpoint, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);
  if (rc != 0) return tls_error(Code::Crypto, "TLS defaults", rc);
  mbedtls_ssl_conf_rng(&ssl, crypto::random_callback, nullptr);
  mbedtls_ssl_conf_ciphersuites(&ssl, kCipherSuites.data());
#if MBEDTLS_VERSION_MAJOR >= 3
  mbedtls_ssl_conf_min_tls_version(&ssl, MBEDTLS_SSL_VERSION_TLS1_2);
  mbedtls_ssl_conf_groups(&ssl, kGroups.data());
#else
  mbedtls_ssl_conf_min_version(&ssl, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
  mbedtls_ssl_conf_curves(&ssl, kGroups.data());
#endif
#if defined(MBEDTLS_SSL_RENEGOTIATION)
  mbedtls_ssl_conf_renegotiation(&ssl, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
#endif
  mbedtls_ssl_conf_legacy_renegotiation(&ssl, MBEDTLS_SSL_LEGACY_BREAK_HANDSHAKE);
  rc = mbedtls_ssl_conf_alpn_protocols(&ssl, alpn_protocols().data());
  if (rc != 0) return tls_error(Code::Crypto, "TLS protocol list", rc);
  return {};
}

Status Config::set_identity(const TlsIdentity& identity) {
  int rc = mbedtls_x509_crt_parse(&certificate, pem_bytes(identity.certificate_pem),
                                  identity.certificate_pem.size() + 1);
  if (rc != 0) return tls_error(Code::BadInput, "The TLS certificate cannot be read", rc);
  Bytes key_text(identity.key_pem.view().begin(), identity.key_pem.view().end());
  key_text.push_back(0);
  SecretBytes key_pem(std::move(key_text));
#if MBEDTLS_VERSION_MAJOR >= 3
  rc = mbedtls_pk_parse_key(&key, key_pem.view().data(), key_pem.view().size(), nullptr, 0,
                            crypto::random_callback, nullptr);
#else
  rc = mbedtls_pk_parse_key(&key, key_pem.view().data(), key_pem.view().size(), nullptr, 0);
#endif
  if (rc != 0) return tls_error(Code::BadInput, "The TLS key cannot be read", rc);
  // A signature made and verified here shows that the two belong together; it also lets mbedTLS 2.28 fill its
  // table for the curve's base point now, which it would otherwise do unlocked in the first handshakes.
  Hash hash = crypto::sha256(as_bytes("counterfoil tls"));
  std::array<unsigned char, 1024> signature{};
  std::size_t signature_bytes = 0;
#if MBEDTLS_VERSION_MAJOR >= 3
  rc = mbedtls_pk_sign(&key, MBEDTLS_MD_SHA256, hash.data(), hash.size(), signature.data(), signature.size(),
                       &signature_bytes, crypto::random_callback, nullptr);
#else
  rc = mbedtls_pk_sign(&key, MBEDTLS_MD_SHA256, hash.data(), hash.size(), signature.data(), &signature_bytes,
                       crypto::random_callback, nullptr);
#endif
  if (rc == 0)
    rc = mbedtls_pk_verify(&certificate.pk, MBEDTLS_MD_SHA256, hash.data(), hash.size(), signature.data(),
                           signature_bytes);
  if (rc != 0) return tls_error(Code::BadInput, "The TLS key does not belong to the certificate", rc);
  rc = mbedtls_ssl_conf_own_cert(&ssl, &certificate, &key);
  if (rc != 0) return tls_error(Code::Crypto, "TLS own certificate", rc);
  return {};
}

Hash spki_of(const mbedtls_x509_crt& certificate) {
  return crypto::sha256(ByteView(certificate.pk_raw.p, certificate.pk_raw.len));
}

}  // namespace counterfoil::net::tls
