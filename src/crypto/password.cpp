// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "crypto/password.h"

#include "base/limits.h"
#include "crypto/crypto.h"

#include <argon2.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace counterfoil::crypto {
namespace {

constexpr std::uint32_t kPasses = 2;
constexpr std::uint32_t kMemory_kib = 19 * 1024;
constexpr std::uint32_t kLanes = 1;
constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kPasswordTagBytes = 32;
constexpr std::string_view kPhcHead = "$argon2id$v=19$m=19456,t=2,p=1$";
constexpr std::size_t kPhcSaltChars = 22;
constexpr std::size_t kPhcTagChars = 43;
constexpr std::size_t kPhcChars = kPhcHead.size() + kPhcSaltChars + 1 + kPhcTagChars;

// Whose turn it is, and who waits for one.
class Queue {
 public:
  bool enter(Caller caller) {
    std::unique_lock lock(mutex_);
    unsigned& waiting = caller == Caller::Known ? known_ : strangers_;
    if (waiting >= (caller == Caller::Known ? limits::kKnownWaitingMax : limits::kStrangersWaitingMax))
      return false;
    ++waiting;
    const bool mine = freed_.wait_for(lock, std::chrono::milliseconds(limits::kPasswordWait_ms),
                                      [&] { return !taken_ && (caller == Caller::Known || known_ == 0); });
    --waiting;
    if (mine) taken_ = true;
    return mine;
  }
  void leave() {
    {
      const std::lock_guard lock(mutex_);
      taken_ = false;
    }
    freed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable freed_;
  // Guarded by mutex_:
  bool taken_ = false;
  unsigned known_ = 0;
  unsigned strangers_ = 0;
};

Queue& queue() {
  static Queue q;
  return q;
}

// One turn; given back by the destructor.
class Turn {
 public:
  explicit Turn(Caller caller) : mine_(queue().enter(caller)) {}
  ~Turn() {
    if (mine_) queue().leave();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  [[nodiscard]] bool mine() const { return mine_; }

 private:
  const bool mine_;
};

Error argon_error(int code) {
  return fail(Code::Crypto, std::string("argon2: ") + argon2_error_message(code));
}

bool acceptable(std::string_view password) {
  return !password.empty() && password.size() <= limits::kPasswordBytesMax;
}

}  // namespace

Result<std::string> hash_password(std::string_view password, Caller caller) {
  if (!acceptable(password))
    return fail(Code::BadInput,
                "a password has 1 to " + std::to_string(limits::kPasswordBytesMax) + " bytes");
  const Bytes salt = random_bytes(kSaltBytes);
  std::array<char, kPhcChars + 1> encoded{};
  const Turn turn(caller);
  if (!turn.mine()) return fail(Code::Busy, "too many log-ins at once; try again in a moment");
  const int code =
      argon2id_hash_encoded(kPasses, kMemory_kib, kLanes, password.data(), password.size(), salt.data(),
                            salt.size(), kPasswordTagBytes, encoded.data(), encoded.size());
  if (code != ARGON2_OK) return argon_error(code);
  return std::string(encoded.data());
}

Result<bool> verify_password(std::string_view password, std::string_view encoded, Caller caller) {
  if (encoded.size() != kPhcChars || !encoded.starts_with(kPhcHead) ||
      encoded[kPhcHead.size() + kPhcSaltChars] != '$')
    return fail(Code::Corrupt, "a stored password is not in the form this program writes");
  if (!acceptable(password)) return false;
  const std::string terminated(encoded);
  const Turn turn(caller);
  if (!turn.mine()) return fail(Code::Busy, "too many log-ins at once; try again in a moment");
  const int code = argon2id_verify(terminated.c_str(), password.data(), password.size());
  if (code == ARGON2_OK) return true;
  if (code == ARGON2_VERIFY_MISMATCH) return false;
  if (code == ARGON2_DECODING_FAIL)
    return fail(Code::Corrupt, "a stored password is not in the form this program writes");
  return argon_error(code);
}

}  // namespace counterfoil::crypto
