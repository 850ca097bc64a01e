// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "crypto/crypto.h"

#include "crypto/psa_guard.h"

#include <sys/random.h>

#include <cerrno>

namespace counterfoil::crypto {
namespace {

constexpr KeyUse kGcmEncrypt{PSA_KEY_TYPE_AES, PSA_ALG_GCM, PSA_KEY_USAGE_ENCRYPT};
constexpr KeyUse kGcmDecrypt{PSA_KEY_TYPE_AES, PSA_ALG_GCM, PSA_KEY_USAGE_DECRYPT};
constexpr KeyUse kCmac{PSA_KEY_TYPE_AES, PSA_ALG_CMAC, PSA_KEY_USAGE_SIGN_MESSAGE};
constexpr KeyUse kHmac{PSA_KEY_TYPE_HMAC, PSA_ALG_HMAC(PSA_ALG_SHA_256), PSA_KEY_USAGE_SIGN_MESSAGE};
constexpr std::size_t kCmacBlockBytes = 16;

void demand(psa_status_t status, const char* what) {
  if (status != PSA_SUCCESS) give_up(what, static_cast<int>(status));
}

void fill_from_kernel(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    const ssize_t n = ::getrandom(out.data(), out.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) give_up("getrandom", errno);
    out = out.subspan(static_cast<std::size_t>(n));
  }
}

Error does_not_open() {
  return fail(Code::WrongKey, "the key does not open these bytes");
}

// XAES-256-GCM: CMAC as the counter KDF of SP 800-108 with label "X" and the first half of the nonce.
Key xaes_subkey(const Key& key, ByteView nonce) {
  Key out;
  const PsaGuard guard;
  const SlotKey slot(kCmac, key.view());
  demand(slot.status(), "import CMAC key");
  for (std::uint8_t counter = 1; counter <= 2; ++counter) {
    std::array<std::uint8_t, kCmacBlockBytes> block{0, counter, 'X', 0};
    for (std::size_t i = 0; i < kNonceBytes; ++i) block.at(4 + i) = nonce[i];
    std::size_t n = 0;
    auto half = out.writable().subspan((counter - 1U) * kCmacBlockBytes, kCmacBlockBytes);
    demand(psa_mac_compute(slot.id(), PSA_ALG_CMAC, block.data(), block.size(), half.data(), half.size(), &n),
           "CMAC");
  }
  return out;
}

}  // namespace

void random(std::span<std::uint8_t> out) {
  if (out.empty()) return;
  const PsaGuard guard;
  demand(psa_generate_random(out.data(), out.size()), "psa_generate_random");
}

Bytes random_bytes(std::size_t n) {
  Bytes out(n);
  random(out);
  return out;
}

int random_callback(void* /*unused*/, unsigned char* out, std::size_t n) {
  random({out, n});
  return 0;
}

Key random_key() {
  Secret<64> both;
  fill_from_kernel(both.writable().first(32));
  random(both.writable().last(32));
  Hash mixed = sha256(both.view());
  Key out(mixed);
  wipe(mixed.data(), mixed.size());
  return out;
}

// Hashing touches neither key slots nor the generator, hence no lock: all its state is the caller's.
Hash sha256(ByteView data) {
  Hash out{};
  std::size_t n = 0;
  demand(psa_hash_compute(PSA_ALG_SHA_256, start_of(data), data.size(), out.data(), out.size(), &n),
         "SHA-256");
  return out;
}

struct Sha256::State {
  State() { demand(psa_hash_setup(&operation, PSA_ALG_SHA_256), "SHA-256 setup"); }
  ~State() { psa_hash_abort(&operation); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  psa_hash_operation_t operation = PSA_HASH_OPERATION_INIT;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::Sha256(Sha256&& o) noexcept = default;
Sha256& Sha256::operator=(Sha256&& o) noexcept = default;
Sha256::~Sha256() = default;

Sha256& Sha256::update(ByteView data) {
  if (!data.empty()) demand(psa_hash_update(&state_->operation, data.data(), data.size()), "SHA-256 update");
  return *this;
}

Hash Sha256::finish() {
  Hash out{};
  std::size_t n = 0;
  demand(psa_hash_finish(&state_->operation, out.data(), out.size(), &n), "SHA-256 finish");
  demand(psa_hash_setup(&state_->operation, PSA_ALG_SHA_256), "SHA-256 setup");
  return out;
}

Hash hmac_sha256(ByteView key, ByteView data) {
  // PSA has no empty keys; HMAC pads a key with zero bytes, so one zero byte is the same key.
  static constexpr std::array<std::uint8_t, 1> kZero{};
  Hash out{};
  std::size_t n = 0;
  const PsaGuard guard;
  const SlotKey slot(kHmac, key.empty() ? ByteView(kZero) : key);
  demand(slot.status(), "import HMAC key");
  demand(psa_mac_compute(slot.id(), kHmac.algorithm, start_of(data), data.size(), out.data(), out.size(), &n),
         "HMAC-SHA-256");
  return out;
}

Key hkdf_sha256(ByteView ikm, ByteView salt, std::string_view info) {
  const ByteView info_bytes = as_bytes(info);
  Key out;
  const PsaGuard guard;
  psa_key_derivation_operation_t op = PSA_KEY_DERIVATION_OPERATION_INIT;
  demand(psa_key_derivation_setup(&op, PSA_ALG_HKDF(PSA_ALG_SHA_256)), "HKDF setup");
  demand(psa_key_derivation_input_bytes(&op, PSA_KEY_DERIVATION_INPUT_SALT, start_of(salt), salt.size()),
         "HKDF salt");
  demand(psa_key_derivation_input_bytes(&op, PSA_KEY_DERIVATION_INPUT_SECRET, start_of(ikm), ikm.size()),
         "HKDF secret");
  demand(psa_key_derivation_input_bytes(&op, PSA_KEY_DERIVATION_INPUT_INFO, start_of(info_bytes),
                                        info_bytes.size()),
         "HKDF info");
  demand(psa_key_derivation_output_bytes(&op, out.writable().data(), out.writable().size()), "HKDF output");
  psa_key_derivation_abort(&op);
  return out;
}

Bytes seal(const Key& key, ByteView nonce, ByteView aad, ByteView plain) {
  if (nonce.size() != kNonceBytes) give_up("AES-256-GCM nonce length", static_cast<int>(nonce.size()));
  Bytes out(plain.size() + kTagBytes);
  std::size_t n = 0;
  const PsaGuard guard;
  const SlotKey slot(kGcmEncrypt, key.view());
  demand(slot.status(), "import AES key");
  demand(psa_aead_encrypt(slot.id(), PSA_ALG_GCM, nonce.data(), nonce.size(), start_of(aad), aad.size(),
                          start_of(plain), plain.size(), out.data(), out.size(), &n),
         "AES-256-GCM encrypt");
  return out;
}

Result<SecretBytes> open(const Key& key, ByteView nonce, ByteView aad, ByteView sealed) {
  if (nonce.size() != kNonceBytes || sealed.size() < kTagBytes) return does_not_open();
  // One spare byte: an empty plaintext still needs a place to point to.
  Bytes plain(sealed.size() - kTagBytes + 1);
  std::size_t n = 0;
  psa_status_t status = PSA_SUCCESS;
  {
    const PsaGuard guard;
    const SlotKey slot(kGcmDecrypt, key.view());
    demand(slot.status(), "import AES key");
    status = psa_aead_decrypt(slot.id(), PSA_ALG_GCM, nonce.data(), nonce.size(), start_of(aad), aad.size(),
                              sealed.data(), sealed.size(), plain.data(), plain.size() - 1, &n);
  }
  if (status == PSA_ERROR_INVALID_SIGNATURE) return does_not_open();
  demand(status, "AES-256-GCM decrypt");
  plain.pop_back();
  return SecretBytes(std::move(plain));
}

Bytes wrap_with_nonce(const Key& key, ByteView nonce, ByteView aad, ByteView plain) {
  if (nonce.size() != kWrapNonceBytes) give_up("XAES-256-GCM nonce length", static_cast<int>(nonce.size()));
  const Bytes body = seal(xaes_subkey(key, nonce), nonce.last(kNonceBytes), aad, plain);
  Bytes out(nonce.begin(), nonce.end());
  out.insert(out.end(), body.begin(), body.end());
  return out;
}

Bytes wrap(const Key& key, ByteView aad, ByteView plain) {
  return wrap_with_nonce(key, random_bytes(kWrapNonceBytes), aad, plain);
}

Result<SecretBytes> unwrap(const Key& key, ByteView aad, ByteView wrapped) {
  if (wrapped.size() < kWrapOverheadBytes) return does_not_open();
  const ByteView nonce = wrapped.first(kWrapNonceBytes);
  return open(xaes_subkey(key, nonce), nonce.last(kNonceBytes), aad, wrapped.subspan(kWrapNonceBytes));
}

}  // namespace counterfoil::crypto
