// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Users: who may use the staff pages, and the first of them. Each change is also a sys.config leaf, which
// names no member of the staff.
#include "base/limits.h"
#include "crypto/crypto.h"
#include "crypto/password.h"
#include "desk/account.h"
#include "desk/desk_impl.h"

#include <algorithm>

namespace counterfoil::desk {
namespace {

bool is_user_name(std::string_view s) {
  return s.size() >= limits::kUserNameBytesMin && s.size() <= limits::kUserNameBytesMax &&
         consent::is_link_name(s);
}

bool is_password(std::string_view s) {
  return s.size() >= limits::kPasswordBytesMin && s.size() <= limits::kPasswordBytesMax;
}

// What the account of a user must be, by the machine word of what is wrong.
Status check_account(std::string_view name, std::string_view password) {
  if (!is_user_name(name)) return fail(Code::BadInput, "name");
  if (!is_password(password)) return fail(Code::BadInput, "password");
  return {};
}

}  // namespace

Status DeskImpl::load_users() {
  CF_TRY(const auto all, users());
  has_manager_ = std::any_of(all.begin(), all.end(), [](const User& u) { return u.role == Role::Manager; });
  return {};
}

Result<Account> DeskImpl::account(std::string_view name) const {
  CF_TRY(const auto item, known_item("user", name));
  return account_from_item(item);
}

Status DeskImpl::change_account(const Account& account, std::string_view change) {
  CF_CHECK(note_change(change, {{"role", role_name(account.role)}}));
  return ledger_.put_item("user", account.id.text(), item_of(account));
}

Status DeskImpl::add_user(std::string_view name, Role role, std::string_view password) {
  const std::lock_guard one_at_a_time(users_mutex_);
  return add_account(name, role, password);
}

Status DeskImpl::add_account(std::string_view name, Role role, std::string_view password) {
  CF_CHECK(check_account(name, password));
  CF_TRY(auto encoded, crypto::hash_password(password));
  const Account account{consent::UserId(std::string(name)), role, std::move(encoded), std::nullopt};
  CF_CHECK(put_new("user", name, item_of(account), {{"role", role_name(role)}}));
  if (role == Role::Manager) has_manager_ = true;
  return {};
}

Status DeskImpl::remove_user(std::string_view name) {
  const std::lock_guard one_at_a_time(users_mutex_);
  CF_TRY(const auto leaving, account(name));
  CF_TRY(const auto all, users());
  const auto managers =
      std::count_if(all.begin(), all.end(), [](const User& u) { return u.role == Role::Manager; });
  if (leaving.role == Role::Manager && managers == 1)
    return fail(Code::Conflict, "this is the last manager; add another one first");
  return remove("user", name, {{"role", role_name(leaving.role)}});
}

Status DeskImpl::change_password(std::string_view name, std::string_view password) {
  const std::lock_guard one_at_a_time(users_mutex_);
  CF_TRY(auto changed, account(name));
  CF_CHECK(check_account(name, password));
  CF_TRY(changed.password, crypto::hash_password(password));
  return change_account(changed, "user.password");
}

Status DeskImpl::reset_factor(std::string_view name) {
  const std::lock_guard one_at_a_time(users_mutex_);
  CF_TRY(auto changed, account(name));
  if (!changed.factor) return fail(Code::Conflict, "this user has no second factor yet");
  changed.factor.reset();
  return change_account(changed, "user.reset-factor");
}

Result<User> DeskImpl::user(std::string_view name) const {
  CF_TRY(const auto known, account(name));
  return known.user();
}

Result<std::vector<User>> DeskImpl::users() const {
  CF_TRY(const auto items, ledger_.items("user"));
  std::vector<User> out;
  for (const auto& item : items) {
    CF_TRY(const auto known, account_from_item(item));
    out.push_back(known.user());
  }
  return out;
}

Result<std::string> DeskImpl::new_set_up_code() {
  std::string code = random_code(limits::kSetUpCodeLength);
  const Hash hash = crypto::sha256(as_bytes(plain_code(code)));
  CF_CHECK(ledger_.put_item("setup", "code",
                            json::Object{{"hash", base64url(hash)}, {"tries", limits::kSetUpTriesMax}}));
  return code;
}

Result<User> DeskImpl::set_up(std::string_view code, std::string_view name, std::string_view password) {
  const std::lock_guard one_at_a_time(users_mutex_);
  if (!needs_set_up()) return fail(Code::Conflict, "set up already");
  // Judged first, so that a mistyped name costs no try and the code stays good.
  CF_CHECK(check_account(name, password));
  CF_TRY(const auto item, ledger_.item("setup", "code"));
  CF_TRY(const auto tries, item.integer_at("tries"));
  CF_TRY(const auto hash_text, item.string_at("hash"));
  CF_TRY(const auto hash, from_base64url(hash_text));
  if (tries <= 0) return fail(Code::Limit, "0");
  if (!equal_constant_time(hash, crypto::sha256(as_bytes(plain_code(code))))) {
    CF_CHECK(ledger_.put_item("setup", "code", json::Object{{"hash", hash_text}, {"tries", tries - 1}}));
    return fail(Code::Refused, std::to_string(tries - 1));
  }
  const auto added = add_account(name, Role::Manager, password);
  if (!added && added.error().code == Code::Conflict) return fail(Code::BadInput, "name");
  CF_CHECK(added);
  CF_CHECK(ledger_.remove_item("setup", "code"));
  return User{consent::UserId(std::string(name)), Role::Manager};
}

}  // namespace counterfoil::desk
