// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "net/form_token.h"

#include "base/limits.h"
#include "crypto/crypto.h"

#include <array>
#include <mutex>
#include <set>

namespace counterfoil::net {
namespace {

constexpr std::size_t kTimeBytes = 8;
constexpr std::size_t kRandomBytes = 16;
constexpr std::size_t kBodyBytes = kTimeBytes + kRandomBytes;
constexpr std::size_t kTokenBytes = kBodyBytes + 32;
using TokenBody = std::array<std::uint8_t, kBodyBytes>;

std::int64_t issue_time_ms(ByteView body) {
  std::uint64_t issued = 0;
  for (std::size_t i = 0; i < kTimeBytes; ++i) issued = issued << 8 | body[i];
  return static_cast<std::int64_t>(issued);
}

/// Length before text, so that no two (route, context) pairs give the same bytes.
void append_counted(Bytes& to, std::string_view text) {
  for (unsigned shift = 0; shift < 64; shift += 8)
    to.push_back(static_cast<std::uint8_t>(std::uint64_t{text.size()} >> shift));
  to.insert(to.end(), text.begin(), text.end());
}

class FormTokenBook final : public FormTokens {
 public:
  explicit FormTokenBook(Clock& clock) : clock_(clock), key_(crypto::random_key()) {}

  std::string issue(std::string_view route, std::string_view context) override {
    Bytes token;
    auto now_ms = static_cast<std::uint64_t>(clock_.boot_ms());
    for (unsigned i = 0; i < kTimeBytes; ++i)
      token.push_back(static_cast<std::uint8_t>(now_ms >> (56 - 8 * i)));
    Bytes random = crypto::random_bytes(kRandomBytes);
    token.insert(token.end(), random.begin(), random.end());
    Hash mac = tag(token, route, context);
    token.insert(token.end(), mac.begin(), mac.end());
    return base64url(token);
  }

  Status spend(std::string_view token, std::string_view route, std::string_view context) override {
    if (token.empty()) return fail(Code::BadInput, "form_token_missing");
    auto bytes = from_base64url(token);
    if (!bytes || bytes->size() != kTokenBytes) return fail(Code::BadInput, "form_token_foreign");
    ByteView body = ByteView(*bytes).first(kBodyBytes);
    if (!equal_constant_time(tag(body, route, context), ByteView(*bytes).subspan(kBodyBytes)))
      return fail(Code::BadInput, "form_token_foreign");
    CF_TRY(TokenBody spent, exactly<kBodyBytes>(body));
    return remember(spent);
  }

 private:
  Hash tag(ByteView body, std::string_view route, std::string_view context) const {
    Bytes message(body.begin(), body.end());
    append_counted(message, route);
    append_counted(message, context);
    return crypto::hmac_sha256(key_.view(), message);
  }

  Status remember(const TokenBody& body) {
    std::int64_t issued_ms = issue_time_ms(body);
    std::lock_guard lock(mutex_);
    std::int64_t now_ms = clock_.boot_ms();
    // The body starts with the big-endian time of issue, so the set is ordered by age.
    while (!spent_.empty() && issue_time_ms(*spent_.begin()) + limits::kFormTokenLife_ms < now_ms)
      spent_.erase(spent_.begin());
    if (issued_ms + limits::kFormTokenLife_ms < now_ms || issued_ms <= floor_ms_)
      return fail(Code::BadInput, "form_token_stale");
    if (!spent_.insert(body).second) return fail(Code::BadInput, "form_token_used");
    if (spent_.size() > limits::kFormTokensRememberedMax) {
      floor_ms_ = issue_time_ms(*spent_.begin());
      spent_.erase(spent_.begin());
    }
    return {};
  }

  Clock& clock_;
  const Key key_;
  std::mutex mutex_;
  // State below is protected by mutex_.
  std::set<TokenBody> spent_;
  std::int64_t floor_ms_ = -1;  // tokens issued up to here are stale: their memory was given up
};

}  // namespace

std::unique_ptr<FormTokens> FormTokens::open(Clock& clock) {
  return std::make_unique<FormTokenBook>(clock);
}

}  // namespace counterfoil::net
