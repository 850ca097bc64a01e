// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Users, links and peers: what operators and managers keep in desk.db. Each change that matters as proof is
// also a sys.config leaf, which names no member of the staff.
#include "base/limits.h"
#include "crypto/crypto.h"
#include "crypto/password.h"
#include "desk/desk_impl.h"

#include <algorithm>

namespace counterfoil::desk {
namespace {

// Crockford's base 32: no letter that is taken for a digit.
constexpr std::string_view kCodeAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";

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

std::string link_name_rule(std::string_view whose) {
  return std::string(whose) + " name has 1 to " + std::to_string(limits::kNameBytesMax) + " of a-z 0-9 - _ .";
}

// What people type: capitals, dashes and spaces do not matter.
std::string plain_code(std::string_view typed) {
  std::string out;
  for (char c : typed) {
    if (c == '-' || c == ' ') continue;
    out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

json::Array texts(const std::vector<std::string>& items) {
  json::Array out;
  for (const auto& item : items) out.emplace_back(item);
  return out;
}

json::Value link_item(const consent::OptInLink& link) {
  json::Array topics;
  for (const auto& topic : link.topics) topics.emplace_back(topic.text());
  json::Object place;
  for (const auto& [language, text] : link.place) place.emplace(language, text);
  return json::Object{{"id", link.id.text()},  {"place", std::move(place)}, {"shop", link.shop.text()},
                      {"poster", link.poster}, {"kiosk", link.kiosk},       {"topics", std::move(topics)}};
}

Result<consent::OptInLink> link_from_item(const json::Value& item) {
  consent::OptInLink link;
  CF_TRY(auto id, item.string_at("id"));
  CF_TRY(auto shop, item.string_at("shop"));
  CF_TRY(link.poster, item.string_at("poster"));
  CF_TRY(const auto topics, item.strings_at("topics"));
  link.id = consent::LinkId(std::move(id));
  link.shop = consent::ShopId(std::move(shop));
  for (const auto& topic : topics) link.topics.emplace_back(topic);
  if (const auto* place = item.find("place"); place != nullptr && place->object() != nullptr)
    for (const auto& [language, text] : *place->object())
      if (text.string() != nullptr) link.place.emplace(language, *text.string());
  if (const auto* kiosk = item.find("kiosk"); kiosk != nullptr && kiosk->boolean() != nullptr)
    link.kiosk = *kiosk->boolean();
  return link;
}

Result<Peer> peer_from_item(const json::Value& item) {
  Peer peer;
  CF_TRY(peer.name, item.string_at("name"));
  CF_TRY(auto recipient, item.string_at("recipient"));
  CF_TRY(const auto key, item.string_at("key"));
  CF_TRY(peer.rights, item.strings_at("rights"));
  CF_TRY(const auto bytes, from_base64url(key));
  CF_TRY(peer.spki_sha256, exactly<32>(bytes));
  peer.recipient = consent::RecipientId(std::move(recipient));
  return peer;
}

Result<User> user_from_item(const json::Value& item) {
  CF_TRY(auto name, item.string_at("name"));
  CF_TRY(const auto role, item.string_at("role"));
  const auto known = role_from_name(role);
  if (!known) return fail(Code::Corrupt, "a user has an unknown role");
  return User{consent::UserId(std::move(name)), *known};
}

Error wrong_login() {
  return fail(Code::Refused, "user name or password is wrong");
}

}  // namespace

DeskImpl::DeskImpl(const consent::Business& business, ledger::Ledger& ledger, const Clock& clock)
    : business_(business), ledger_(ledger), clock_(clock), missing_(consent::missing_for_opt_in(business)) {}

Result<std::unique_ptr<Desk>> Desk::open(const consent::Business& business, ledger::Ledger& ledger,
                                         const Clock& clock) {
  auto desk = std::make_unique<DeskImpl>(business, ledger, clock);
  CF_CHECK(desk->start());
  return std::unique_ptr<Desk>(std::move(desk));
}

Status DeskImpl::start() {
  CF_CHECK(load_links());
  CF_CHECK(load_users());
  if (ledger_.health().read_only || !missing_.empty()) return {};
  for (const auto& link : links()) CF_CHECK(publish_notices(link));
  return {};
}

Status DeskImpl::load_links() {
  CF_TRY(const auto items, ledger_.items("link"));
  const std::lock_guard lock(mutex_);
  for (const auto& item : items) {
    CF_TRY(auto link, link_from_item(item));
    links_.insert_or_assign(link.id, std::move(link));
  }
  for (const auto& link : business_.links) links_.insert_or_assign(link.id, link);
  return {};
}

Status DeskImpl::load_users() {
  CF_TRY(const auto all, users());
  has_manager_ = std::any_of(all.begin(), all.end(), [](const User& u) { return u.role == Role::Manager; });
  return {};
}

Result<consent::OptInLink> DeskImpl::find_link(const consent::LinkId& id) const {
  const std::lock_guard lock(mutex_);
  const auto it = links_.find(id);
  if (it == links_.end()) return fail(Code::NotFound, "link");
  return it->second;
}

std::vector<consent::OptInLink> DeskImpl::links() const {
  const std::lock_guard lock(mutex_);
  std::vector<consent::OptInLink> out;
  out.reserve(links_.size());
  for (const auto& [id, link] : links_) out.push_back(link);
  return out;
}

Status DeskImpl::note_change(std::string_view change, json::Object facts) {
  facts.emplace("change", change);
  CF_CHECK(ledger_.record(consent::EventType::SysConfig, std::move(facts)));
  return {};
}

Result<json::Value> DeskImpl::known_item(std::string_view kind, std::string_view name) const {
  auto item = ledger_.item(kind, name);
  if (!item && (item.error().code == Code::NotFound || item.error().code == Code::BadInput))
    return fail(Code::NotFound, "there is no " + std::string(kind) + " of that name");
  return item;
}

Status DeskImpl::put_new(std::string_view kind, std::string_view name, const json::Value& item,
                         json::Object facts) {
  const auto known = ledger_.item(kind, name);
  if (known) return fail(Code::Conflict, "there is a " + std::string(kind) + " of that name already");
  if (known.error().code != Code::NotFound) return known.error();
  CF_CHECK(note_change(std::string(kind) + ".add", std::move(facts)));
  return ledger_.put_item(kind, name, item);
}

Status DeskImpl::remove(std::string_view kind, std::string_view name, json::Object facts) {
  CF_CHECK(note_change(std::string(kind) + ".remove", std::move(facts)));
  return ledger_.remove_item(kind, name);
}

Status DeskImpl::add_link(const consent::OptInLink& link) {
  if (!consent::is_link_name(link.id.text()))
    return fail(Code::BadInput, link_name_rule("a link's") + " because it is typed from posters");
  if (link.topics.empty()) return fail(Code::BadInput, "a link offers at least one topic: add --topic ID");
  for (const auto& topic : link.topics)
    if (business_.topic(topic) == nullptr)
      return fail(Code::NotFound, "no topic \"" + topic.text() + "\" is configured");
  if (business_.link(link.id) != nullptr)
    return fail(Code::Conflict,
                "link \"" + link.id.text() + "\" stands in the configuration; change it there");
  CF_CHECK(put_new("link", link.id.text(), link_item(link), {{"link", link.id.text()}}));
  {
    const std::lock_guard lock(mutex_);
    links_.insert_or_assign(link.id, link);
  }
  if (missing_.empty()) CF_CHECK(publish_notices(link));
  return {};
}

Status DeskImpl::add_peer(const Peer& peer) {
  if (!consent::is_link_name(peer.name)) return fail(Code::BadInput, link_name_rule("a peer's"));
  if (peer.rights.empty()) return fail(Code::BadInput, "a peer without a right can do nothing: give it pull");
  for (const auto& right : peer.rights)
    if (right != "pull")
      return fail(Code::BadInput, "the one right of this version is pull; \"" + right + "\" is none");
  const bool known = std::any_of(business_.recipients.begin(), business_.recipients.end(),
                                 [&](const auto& r) { return r.id == peer.recipient; });
  if (!known)
    return fail(Code::NotFound,
                "no [[recipient]] \"" + peer.recipient.text() + "\" is configured; a peer stands for one");
  const json::Object item{{"name", peer.name},
                          {"recipient", peer.recipient.text()},
                          {"key", base64url(peer.spki_sha256)},
                          {"rights", texts(peer.rights)}};
  return put_new("peer", peer.name, item,
                 {{"recipient", peer.recipient.text()},
                  {"key", base64url(peer.spki_sha256)},
                  {"rights", texts(peer.rights)}});
}

Status DeskImpl::remove_peer(std::string_view name) {
  CF_TRY(const auto item, known_item("peer", name));
  CF_TRY(const auto peer, peer_from_item(item));
  return remove("peer", name, {{"recipient", peer.recipient.text()}, {"key", base64url(peer.spki_sha256)}});
}

Result<std::vector<Peer>> DeskImpl::peers() const {
  CF_TRY(const auto items, ledger_.items("peer"));
  std::vector<Peer> out;
  for (const auto& item : items) {
    CF_TRY(auto peer, peer_from_item(item));
    out.push_back(std::move(peer));
  }
  return out;
}

Result<Peer> DeskImpl::peer_by_key(const Hash& spki_sha256) const {
  CF_TRY(auto all, peers());
  for (auto& peer : all)
    if (equal_constant_time(peer.spki_sha256, spki_sha256)) return std::move(peer);
  return fail(Code::NotFound, "peer");
}

// ---- users ----

Status DeskImpl::add_user(std::string_view name, Role role, std::string_view password) {
  CF_CHECK(check_account(name, password));
  CF_TRY(auto encoded, crypto::hash_password(password));
  const json::Object item{{"name", name}, {"role", role_name(role)}, {"password", std::move(encoded)}};
  CF_CHECK(put_new("user", name, item, {{"role", role_name(role)}}));
  if (role == Role::Manager) has_manager_ = true;
  return {};
}

Status DeskImpl::remove_user(std::string_view name) {
  CF_TRY(const auto item, known_item("user", name));
  CF_TRY(const auto user, user_from_item(item));
  CF_TRY(const auto all, users());
  const auto managers =
      std::count_if(all.begin(), all.end(), [](const User& u) { return u.role == Role::Manager; });
  if (user.role == Role::Manager && managers == 1)
    return fail(Code::Conflict, "this is the last manager; add another one first");
  return remove("user", name, {{"role", role_name(user.role)}});
}

Status DeskImpl::change_password(std::string_view name, std::string_view password) {
  CF_TRY(const auto item, known_item("user", name));
  CF_TRY(const auto user, user_from_item(item));
  CF_CHECK(check_account(name, password));
  CF_TRY(auto encoded, crypto::hash_password(password));
  CF_CHECK(note_change("user.password", {{"role", role_name(user.role)}}));
  return ledger_.put_item(
      "user", name,
      json::Object{{"name", name}, {"role", role_name(user.role)}, {"password", std::move(encoded)}});
}

Result<User> DeskImpl::user(std::string_view name) const {
  CF_TRY(const auto item, ledger_.item("user", name));
  return user_from_item(item);
}

Result<std::vector<User>> DeskImpl::users() const {
  CF_TRY(const auto items, ledger_.items("user"));
  std::vector<User> out;
  for (const auto& item : items) {
    CF_TRY(auto user, user_from_item(item));
    out.push_back(std::move(user));
  }
  return out;
}

Result<std::string> DeskImpl::new_set_up_code() {
  std::array<std::uint8_t, limits::kSetUpCodeLength> random{};
  crypto::random(random);
  std::string code;
  for (std::uint8_t byte : random) code += kCodeAlphabet[byte % kCodeAlphabet.size()];
  const Hash hash = crypto::sha256(as_bytes(code));
  CF_CHECK(ledger_.put_item("setup", "code",
                            json::Object{{"hash", base64url(hash)}, {"tries", limits::kSetUpTriesMax}}));
  return code.substr(0, 4) + "-" + code.substr(4, 4) + "-" + code.substr(8);
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
  const auto added = add_user(name, Role::Manager, password);
  if (!added && added.error().code == Code::Conflict) return fail(Code::BadInput, "name");
  CF_CHECK(added);
  CF_CHECK(ledger_.remove_item("setup", "code"));
  return User{consent::UserId(std::string(name)), Role::Manager};
}

Status DeskImpl::begin_try(const std::string& who) {
  const std::lock_guard lock(mutex_);
  const std::int64_t now = clock_.boot_ms();
  std::string key = who;
  if (tries_.size() >= limits::kTriesRememberedMax && !tries_.contains(who)) {
    std::erase_if(
        tries_, [&](const auto& t) { return now - t.second.last_boot_ms > limits::kTriesForgottenAfter_ms; });
    // A flood of names shares one count, so that it frees nobody who is being counted.
    if (tries_.size() >= limits::kTriesRememberedMax) key = "others";
  }
  Tries& tries = tries_[key];
  if (now - tries.last_boot_ms > limits::kTriesForgottenAfter_ms) tries = {};
  if (tries.next_boot_ms > now)
    return fail(Code::Limit, std::to_string((tries.next_boot_ms - now + 999) / 1000));
  tries.last_boot_ms = now;
  ++tries.wrong;
  if (tries.wrong < limits::kTriesFree) return {};
  const unsigned doublings = std::min(tries.wrong - limits::kTriesFree, 6U);
  tries.next_boot_ms = now + (std::int64_t{1000} << doublings);
  return {};
}

void DeskImpl::end_well(const std::string& who, bool forgive_all) {
  const std::lock_guard lock(mutex_);
  const auto it = tries_.find(who);
  if (it == tries_.end()) return;
  if (forgive_all) {
    tries_.erase(it);
    return;
  }
  if (it->second.wrong > 0) --it->second.wrong;
  it->second.next_boot_ms = 0;
}

Result<User> DeskImpl::sign_in(std::string_view name, std::string_view password) {
  const std::string who = "login:" + std::string(name.substr(0, limits::kNameBytesMax));
  CF_CHECK(begin_try(who));
  // Judged before the name is looked up: a password that nobody can have costs no work for any name.
  if (!is_password(password)) return wrong_login();
  const auto item = ledger_.item("user", name);
  if (!item && item.error().code != Code::NotFound && item.error().code != Code::BadInput)
    return item.error();
  bool right = false;
  if (item) {
    CF_TRY(const auto encoded, item->string_at("password"));
    CF_TRY(right, crypto::verify_password(password, encoded));
  } else {
    // The same work for a name that does not exist, so that time does not tell which names do.
    CF_CHECK(crypto::hash_password(password));
  }
  if (!right) return wrong_login();
  end_well(who, true);
  return user_from_item(*item);
}

}  // namespace counterfoil::desk
