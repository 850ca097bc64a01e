// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Links and peers: what operators and managers keep in desk.db. Each change that matters as proof is
// also a sys.config leaf, which names no member of the staff.
#include "base/limits.h"
#include "desk/desk_impl.h"

#include <algorithm>

namespace counterfoil::desk {
namespace {

std::string link_name_rule(std::string_view whose) {
  return std::string(whose) + " name has 1 to " + std::to_string(limits::kNameBytesMax) + " of a-z 0-9 - _ .";
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

}  // namespace

DeskImpl::DeskImpl(const consent::Business& business, decide::Rules rules, ledger::Ledger& ledger,
                   const Clock& clock)
    : business_(business),
      rules_(std::move(rules)),
      ledger_(ledger),
      clock_(clock),
      missing_(consent::missing_for_opt_in(business)),
      atlas_(business),
      topic_words_(topic_words_of(business)),
      scrubs_(
          {[this](const Asked& asked) { return about(asked); },
           [this](decide::Question question, std::string_view typed, std::string_view region, Instant as_of) {
             return decide_line(std::move(question), typed, region, as_of);
           },
           [this](const consent::UserId& client, std::uint64_t lines) { return note_scrub(client, lines); },
           [this] { return ledger_.scratch(); }, clock_}) {
  rules_.minimum_evidence = business.minimum_evidence;
}

Result<std::unique_ptr<Desk>> Desk::open(const consent::Business& business, decide::Rules rules,
                                         ledger::Ledger& ledger, const Clock& clock) {
  auto desk = std::make_unique<DeskImpl>(business, std::move(rules), ledger, clock);
  CF_CHECK(desk->start());
  return std::unique_ptr<Desk>(std::move(desk));
}

Status DeskImpl::start() {
  CF_CHECK(load_links());
  CF_CHECK(load_users());
  CF_CHECK(load_clients());
  CF_CHECK(load_ratings());
  CF_CHECK(load_till_key());
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

}  // namespace counterfoil::desk
