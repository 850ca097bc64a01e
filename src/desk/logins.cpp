// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Logging in: a password, then a second factor. Guessers get slower and slower; tills that somebody logged in
// from before are counted apart from them.
#include "base/limits.h"
#include "crypto/crypto.h"
#include "crypto/one_time_code.h"
#include "crypto/password.h"
#include "desk/account.h"
#include "desk/desk_impl.h"

#include <algorithm>

namespace counterfoil::desk {
namespace {

constexpr std::size_t kTillIdBytes = 16;
constexpr std::int64_t kDriftSteps = 1;  // the telephone's clock may be that much before or behind ours

Error wrong_login() {
  return fail(Code::Refused, "user name or password is wrong");
}

Error wrong_code() {
  return fail(Code::Refused, "the code is wrong, or was used before");
}

bool is_one_time_code(std::string_view code) {
  return code.size() == crypto::kOneTimeDigits && code.find_first_not_of("0123456789") == code.npos;
}

// The step whose code this is, if it is a later one than any that was accepted. Every code is made whatever
// matches, so that time does not tell which.
std::optional<std::int64_t> step_of(const Factor& factor, std::string_view code, Instant now) {
  const std::int64_t current = now / crypto::kOneTimeStep_s;
  std::optional<std::int64_t> found;
  for (std::int64_t step = current - kDriftSteps; step <= current + kDriftSteps; ++step) {
    const std::string right = crypto::one_time_code(factor.secret.view(), static_cast<std::uint64_t>(step));
    const bool same = equal_constant_time(as_bytes(right), as_bytes(code));
    if (same && !found && step > factor.last_step) found = step;
  }
  return found;
}

// Uses a code up. `now` is 0 when nobody vouches for the clock.
Status use_code(Factor& factor, std::string_view typed, Instant now) {
  const std::string code = plain_code(typed);
  if (is_one_time_code(code)) {
    if (now == 0) return fail(Code::NotReady, "clock");
    const auto step = step_of(factor, code, now);
    if (!step) return wrong_code();
    factor.last_step = *step;
    return {};
  }
  const Hash hash = crypto::sha256(as_bytes(code));
  const auto used =
      std::erase_if(factor.recovery, [&](const Hash& h) { return equal_constant_time(h, hash); });
  if (used == 0) return wrong_code();
  return {};
}

// Fresh recovery codes; the account keeps their hashes only.
std::vector<std::string> give_recovery_codes(Factor& factor) {
  std::vector<std::string> codes;
  factor.recovery.clear();
  for (std::size_t i = 0; i < limits::kRecoveryCodes; ++i) {
    codes.push_back(random_code(limits::kRecoveryCodeLength));
    factor.recovery.push_back(crypto::sha256(as_bytes(plain_code(codes.back()))));
  }
  return codes;
}

}  // namespace

// ---- tills ----

Status DeskImpl::load_till_key() {
  const auto item = ledger_.item("till", "key");
  if (!item && item.error().code == Code::NotFound && !ledger_.health().read_only) {
    till_key_ = crypto::random_key();
    return ledger_.put_item("till", "key", json::Object{{"key", base64url(till_key_.view())}});
  }
  if (!item) {  // nobody can log in now, and a key that is not kept harms nobody
    till_key_ = crypto::random_key();
    return {};
  }
  CF_TRY(const auto text, item->string_at("key"));
  CF_TRY(const auto bytes, from_base64url(text));
  till_key_ = Key(bytes);
  return {};
}

std::string DeskImpl::new_till_mark() const {
  Bytes mark = crypto::random_bytes(kTillIdBytes);
  const Hash tag = crypto::hmac_sha256(till_key_.view(), mark);
  mark.insert(mark.end(), tag.begin(), tag.end());
  return base64url(mark);
}

// Marks cannot be made up, so each till is really one that somebody logged in from.
LoginTry DeskImpl::login_try(std::string_view name, const LoginPlace& place) const {
  LoginTry who{std::string(name.substr(0, limits::kNameBytesMax)), place.address, {}};
  const auto mark = from_base64url(place.till_mark);
  if (!mark || mark->size() != kTillIdBytes + sizeof(Hash)) return who;
  const ByteView id = ByteView(*mark).first(kTillIdBytes);
  const Hash tag = crypto::hmac_sha256(till_key_.view(), id);
  if (equal_constant_time(tag, ByteView(*mark).subspan(kTillIdBytes))) who.till = base64url(id);
  return who;
}

bool DeskImpl::is_known_till(std::string_view mark) const {
  return !login_try({}, {{}, std::string(mark)}).till.empty();
}

// ---- first factor ----

Result<User> DeskImpl::sign_in(std::string_view name, std::string_view password, const LoginPlace& place) {
  const LoginTry who = login_try(name, place);
  CF_CHECK(password_tries_.begin(who, clock_.boot_ms()));
  // Judged before the name is looked up: a password that nobody can have costs no work for any name.
  if (password.size() < limits::kPasswordBytesMin || password.size() > limits::kPasswordBytesMax)
    return wrong_login();
  const auto known = account(name);
  if (!known && known.error().code != Code::NotFound) return known.error();
  const auto caller = who.till.empty() ? crypto::Caller::Stranger : crypto::Caller::Known;
  // The same work for a name that does not exist, so that time does not tell which names do.
  const auto right = known ? crypto::verify_password(password, known->password, caller)
                           : crypto::hash_password(password, caller).map([](const auto&) { return false; });
  if (!right) {
    password_tries_.not_made(who);
    return right.error();
  }
  if (!*right) return wrong_login();
  password_tries_.right(who);
  return known->user();
}

// ---- second factor ----

Result<User> DeskImpl::second_factor(std::string_view name, std::string_view code, const LoginPlace& place) {
  const LoginTry who = login_try(name, place);
  CF_CHECK(factor_tries_.begin(who, clock_.boot_ms()));
  const std::lock_guard one_at_a_time(users_mutex_);
  const auto used = [&]() -> Result<User> {
    CF_TRY(auto changed, account(name));
    if (!changed.factor) return fail(Code::Conflict, "this user has no second factor yet");
    CF_CHECK(use_code(*changed.factor, code, certain_now()));
    // Durable before anybody gets in, so that no code opens twice, whatever happens in between.
    CF_CHECK(ledger_.put_item("user", changed.id.text(), item_of(changed)));
    return changed.user();
  }();
  if (used) factor_tries_.right(who);
  if (!used && used.error().code != Code::Refused) factor_tries_.not_made(who);
  return used;
}

Result<std::vector<std::string>> DeskImpl::enrol(std::string_view name, ByteView secret,
                                                 std::string_view code) {
  const std::lock_guard one_at_a_time(users_mutex_);
  CF_TRY(auto changed, account(name));
  if (changed.factor) return fail(Code::Conflict, "this user has a second factor already");
  const Instant now = certain_now();
  if (now == 0) return fail(Code::NotReady, "clock");
  Factor factor;
  factor.secret = SecretBytes(Bytes(secret.begin(), secret.end()));
  CF_CHECK(use_code(factor, code, now));
  std::vector<std::string> codes = give_recovery_codes(factor);
  changed.factor = std::move(factor);
  CF_CHECK(change_account(changed, "user.factor"));
  return codes;
}

Result<std::vector<std::string>> DeskImpl::new_recovery_codes(std::string_view name, std::string_view code,
                                                              const LoginPlace& place) {
  CF_CHECK(second_factor(name, code, place));
  const std::lock_guard one_at_a_time(users_mutex_);
  CF_TRY(auto changed, account(name));
  if (!changed.factor) return fail(Code::Conflict, "this user has no second factor yet");
  std::vector<std::string> codes = give_recovery_codes(*changed.factor);
  CF_CHECK(change_account(changed, "user.recovery-codes"));
  return codes;
}

}  // namespace counterfoil::desk
