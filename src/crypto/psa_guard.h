// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Private to crypto: the lock around PSA and keys that live for one operation. mbedTLS 2.28 has 32 key slots
// and no locking at all, so keys are held as bytes and imported, used and destroyed under this lock.
#pragma once

#include "counterfoil/base/bytes.h"

#include <mbedtls/version.h>
#include <psa/crypto.h>

#include <mutex>

namespace counterfoil::crypto {

/// Ends the process: the library failed where only a broken build or exhausted memory can make it fail.
[[noreturn]] void give_up(const char* what, int status);

/// Held around each use of PSA key slots or of the generator; starts PSA on first use. Not recursive.
class PsaGuard {
 public:
  PsaGuard();

 private:
// From 3.6 on PSA locks its key slots itself where threading is compiled in, as Debian does.
#if MBEDTLS_VERSION_NUMBER < 0x03060000 || !defined(MBEDTLS_THREADING_C)
  std::unique_lock<std::mutex> lock_;
#endif
};

struct KeyUse {
  psa_key_type_t type;
  psa_algorithm_t algorithm;
  psa_key_usage_t usage;
};

/// A key slot for the length of one operation. The caller holds a PsaGuard for all of its life.
class SlotKey {
 public:
  SlotKey(const KeyUse& use, ByteView bytes);
  ~SlotKey() { psa_destroy_key(id_); }
  SlotKey(const SlotKey&) = delete;
  SlotKey& operator=(const SlotKey&) = delete;
  /// PSA_SUCCESS, or why the import failed; then id() is of no use.
  [[nodiscard]] psa_status_t status() const { return status_; }
  [[nodiscard]] mbedtls_svc_key_id_t id() const { return id_; }

 private:
  mbedtls_svc_key_id_t id_ = PSA_KEY_ID_NULL;
  psa_status_t status_;
};

/// Never a null pointer, which some library versions refuse even for length 0.
inline const std::uint8_t* start_of(ByteView b) {
  static constexpr std::uint8_t kNothing = 0;
  return b.data() != nullptr ? b.data() : &kNothing;
}

}  // namespace counterfoil::crypto
