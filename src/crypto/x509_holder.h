// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Private to crypto: an mbedTLS certificate that frees itself, and the usage that a server's must have.
#pragma once

#include <mbedtls/x509_crt.h>

#include <string_view>

namespace counterfoil::crypto {

// Contents of the object identifier id-kp-serverAuth (RFC 5280).
constexpr std::string_view kOidServerAuth("\x2b\x06\x01\x05\x05\x07\x03\x01", 8);

struct CertificateHolder {
  CertificateHolder() { mbedtls_x509_crt_init(&crt); }
  ~CertificateHolder() { mbedtls_x509_crt_free(&crt); }
  CertificateHolder(const CertificateHolder&) = delete;
  CertificateHolder& operator=(const CertificateHolder&) = delete;
  mbedtls_x509_crt crt{};
};

}  // namespace counterfoil::crypto
