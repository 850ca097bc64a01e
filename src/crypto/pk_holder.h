// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Private to crypto: an mbedTLS key that frees itself, and the one call that differs between 2.28 and 3.6.
#pragma once

#include "counterfoil/base/bytes.h"
#include "crypto/crypto.h"

#include <mbedtls/pk.h>
#include <mbedtls/version.h>

namespace counterfoil::crypto {

struct PkHolder {
  PkHolder() { mbedtls_pk_init(&pk); }
  ~PkHolder() { mbedtls_pk_free(&pk); }
  PkHolder(const PkHolder&) = delete;
  PkHolder& operator=(const PkHolder&) = delete;
  mbedtls_pk_context pk{};
};

/// 0, or mbedTLS's error.
inline int parse_private_key(mbedtls_pk_context* pk, std::string_view pem) {
  Bytes copy;
  copy.reserve(pem.size() + 1);
  copy.assign(pem.begin(), pem.end());
  copy.push_back(0);  // mbedTLS tells PEM from DER by the final NUL
  const SecretBytes text(std::move(copy));
#if MBEDTLS_VERSION_MAJOR >= 3
  return mbedtls_pk_parse_key(pk, text.view().data(), text.view().size(), nullptr, 0, random_callback,
                              nullptr);
#else
  return mbedtls_pk_parse_key(pk, text.view().data(), text.view().size(), nullptr, 0);
#endif
}

}  // namespace counterfoil::crypto
