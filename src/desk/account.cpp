// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "desk/account.h"

#include "crypto/crypto.h"

namespace counterfoil::desk {
namespace {

// Crockford's base 32: no letter that is taken for a digit.
constexpr std::string_view kCodeAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t kCodeGroup = 4;

Result<Factor> factor_from_item(const json::Value& item) {
  Factor factor;
  CF_TRY(const auto secret, item.string_at("secret"));
  CF_TRY(Bytes bytes, from_base64url(secret));
  CF_TRY(factor.last_step, item.integer_at("last_step"));
  CF_TRY(const auto hashes, item.strings_at("recovery"));
  for (const auto& text : hashes) {
    CF_TRY(const auto hash, from_base64url(text));
    CF_TRY(factor.recovery.emplace_back(), exactly<32>(hash));
  }
  factor.secret = SecretBytes(std::move(bytes));
  return factor;
}

json::Value item_of(const Factor& factor) {
  json::Array hashes;
  for (const Hash& hash : factor.recovery) hashes.emplace_back(base64url(hash));
  return json::Object{{"last_step", factor.last_step},
                      {"recovery", std::move(hashes)},
                      {"secret", base64url(factor.secret.view())}};
}

}  // namespace

User Account::user() const {
  return {id, role, factor.has_value(), factor ? factor->recovery.size() : 0};
}

Result<Account> account_from_item(const json::Value& item) {
  Account account;
  CF_TRY(auto name, item.string_at("name"));
  CF_TRY(const auto role, item.string_at("role"));
  CF_TRY(account.password, item.string_at("password"));
  const auto known = role_from_name(role);
  if (!known) return fail(Code::Corrupt, "a user has an unknown role");
  account.id = consent::UserId(std::move(name));
  account.role = *known;
  if (const auto* factor = item.find("factor")) {
    CF_TRY(account.factor, factor_from_item(*factor));
  }
  return account;
}

json::Value item_of(const Account& account) {
  json::Object item{
      {"name", account.id.text()}, {"password", account.password}, {"role", role_name(account.role)}};
  if (account.factor) item.emplace("factor", item_of(*account.factor));
  return item;
}

std::string random_code(std::size_t n) {
  const Bytes random = crypto::random_bytes(n);
  std::string out;
  for (std::size_t i = 0; i < n; ++i) {
    if (i > 0 && i % kCodeGroup == 0) out += '-';
    out += kCodeAlphabet[random[i] % kCodeAlphabet.size()];
  }
  return out;
}

std::string plain_code(std::string_view typed) {
  std::string out;
  for (char c : typed) {
    if (c == '-' || c == ' ') continue;
    out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

}  // namespace counterfoil::desk
