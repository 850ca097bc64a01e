// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "crypto/psa_guard.h"

#include "base/log.h"
#include "crypto/crypto.h"

#include <cstdlib>

namespace counterfoil::crypto {
namespace {

psa_status_t start_psa_once() {
  static const psa_status_t status = psa_crypto_init();
  return status;
}

#if MBEDTLS_VERSION_NUMBER < 0x03060000 || !defined(MBEDTLS_THREADING_C)
std::mutex& psa_mutex() {
  static std::mutex mutex;
  return mutex;
}
#endif

}  // namespace

void give_up(const char* what, int status) {
  log::error("crypto.failed", {{"operation", what}, {"status", status}});
  std::abort();
}

#if MBEDTLS_VERSION_NUMBER < 0x03060000 || !defined(MBEDTLS_THREADING_C)
PsaGuard::PsaGuard() : lock_(psa_mutex()) {
#else
PsaGuard::PsaGuard() {
#endif
  if (const psa_status_t status = start_psa_once(); status != PSA_SUCCESS)
    give_up("psa_crypto_init", static_cast<int>(status));
}

Status init() {
  if (const psa_status_t status = start_psa_once(); status != PSA_SUCCESS)
    return fail(Code::Crypto, "the cryptographic library does not start (status " + std::to_string(status) +
                                  "); is the random number generator of this machine available?");
  return {};
}

SlotKey::SlotKey(const KeyUse& use, ByteView bytes) {
  psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
  psa_set_key_type(&attributes, use.type);
  psa_set_key_algorithm(&attributes, use.algorithm);
  psa_set_key_usage_flags(&attributes, use.usage);
  status_ = psa_import_key(&attributes, start_of(bytes), bytes.size(), &id_);
}

}  // namespace counterfoil::crypto
