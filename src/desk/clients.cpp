// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Programs that ask over the API. A token has 256 random bits, so a plain hash keeps it and nobody slows down
// whoever guesses.
#include "base/limits.h"
#include "crypto/crypto.h"
#include "desk/desk_impl.h"

#include <algorithm>

namespace counterfoil::desk {
namespace {

constexpr std::string_view kClientKind = "client";
constexpr std::string_view kTokenPrefix = "counterfoil_";  // so that scanners of leaked secrets know one

Hash hash_of(std::string_view token) {
  return crypto::sha256(as_bytes(token));
}

json::Array scopes_json(const Client& client) {
  json::Array out;
  for (const auto& scope : client.scopes) out.emplace_back(scope);
  return out;
}

Result<std::pair<Hash, Client>> client_from_item(const json::Value& item) {
  Client client;
  CF_TRY(client.name, item.string_at("name"));
  CF_TRY(client.scopes, item.strings_at("scopes"));
  CF_TRY(const auto token, item.string_at("token"));
  CF_TRY(const auto bytes, from_base64url(token));
  CF_TRY(const Hash hash, exactly<32>(bytes));
  return std::pair(hash, std::move(client));
}

Status check_client(const Client& client) {
  if (!consent::is_link_name(client.name) || client.name.size() > limits::kClientNameBytesMax)
    return fail(Code::BadInput, "a client's name has 1 to " + std::to_string(limits::kClientNameBytesMax) +
                                    " of a-z 0-9 - _ .");
  if (client.scopes.empty()) return fail(Code::BadInput, "a client without a scope can do nothing");
  for (const auto& scope : client.scopes)
    if (std::find(kScopes.begin(), kScopes.end(), scope) == kScopes.end())
      return fail(Code::BadInput, "there is no scope \"" + scope + "\"");
  return {};
}

}  // namespace

Status DeskImpl::load_clients() {
  CF_TRY(const auto items, ledger_.items(kClientKind));
  const std::lock_guard lock(mutex_);
  for (const auto& item : items) {
    CF_TRY(auto client, client_from_item(item));
    clients_.insert(std::move(client));
  }
  return {};
}

Result<std::string> DeskImpl::add_client(const Client& client) {
  CF_CHECK(check_client(client));
  if (const auto all = clients(); all.size() >= limits::kClientsMax)
    return fail(Code::Limit, "there are " + std::to_string(all.size()) + " clients already");
  const std::string token =
      std::string(kTokenPrefix) + base64url(crypto::random_bytes(limits::kClientTokenBytes));
  const Hash hash = hash_of(token);
  const json::Object item{{"name", client.name}, {"scopes", scopes_json(client)}, {"token", base64url(hash)}};
  CF_CHECK(put_new(kClientKind, client.name, item, {{"scopes", scopes_json(client)}}));
  const std::lock_guard lock(mutex_);
  clients_.insert_or_assign(hash, client);
  return token;
}

Status DeskImpl::remove_client(std::string_view name) {
  CF_TRY(const auto item, known_item(kClientKind, name));
  CF_TRY(const auto client, client_from_item(item));
  CF_CHECK(remove(kClientKind, name, {{"scopes", scopes_json(client.second)}}));
  const std::lock_guard lock(mutex_);
  clients_.erase(client.first);
  return {};
}

std::vector<Client> DeskImpl::clients() const {
  std::vector<Client> out;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [hash, client] : clients_) out.push_back(client);
  }
  std::sort(out.begin(), out.end(), [](const Client& a, const Client& b) { return a.name < b.name; });
  return out;
}

// Its hash is looked for, so how long that takes says nothing about a token.
std::optional<Client> DeskImpl::client_by_token(std::string_view token) const {
  const Hash hash = hash_of(token);
  const std::lock_guard lock(mutex_);
  const auto at = clients_.find(hash);
  if (at == clients_.end()) return std::nullopt;
  return at->second;
}

}  // namespace counterfoil::desk
