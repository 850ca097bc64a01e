// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "base/limits.h"
#include "counterfoil/proof/leaf.h"
#include "sync/routes.h"
#include "tests/support/shop.h"

#include <doctest/doctest.h>

#include <sstream>

namespace counterfoil::desk {

TEST_CASE("the first manager comes in through the one-time code only") {
  test::Shop shop;
  CHECK(shop.desk->needs_set_up());
  const auto code = shop.desk->new_set_up_code();
  REQUIRE(code);
  CHECK(code->size() == 14);
  CHECK(shop.desk->set_up(*code, "M", "a long password").error() == fail(Code::BadInput, "name"));
  CHECK(shop.desk->set_up(*code, "maria", "short").error() == fail(Code::BadInput, "password"));
  CHECK(shop.desk->set_up(*code, "maria", std::string(257, 'x')).error() == fail(Code::BadInput, "password"));
  REQUIRE(shop.desk->add_user("jorge", Role::Staff, "a long password"));
  CHECK(shop.desk->set_up(*code, "jorge", "another password").error() == fail(Code::BadInput, "name"));
  CHECK(shop.desk->sign_in("jorge", "a long password", {}));
  CHECK(shop.desk->set_up("aaaa-aaaa-aaaa", "maria", "a long password").error() == fail(Code::Refused, "4"));
  std::string typed;
  for (char c : *code) typed += c == '-' ? ' ' : static_cast<char>(std::toupper(c));
  const auto manager = shop.desk->set_up(typed, "maria", "a long password");
  REQUIRE(manager);
  CHECK(manager->role == Role::Manager);
  CHECK_FALSE(shop.desk->needs_set_up());
  CHECK(shop.desk->set_up(*code, "eve", "another password").error().code == Code::Conflict);
  shop.reopen();
  CHECK_FALSE(shop.desk->needs_set_up());
  CHECK(shop.desk->sign_in("maria", "a long password", {}));
}

TEST_CASE("five wrong set-up codes close the door, also for the right one") {
  test::Shop shop;
  const auto code = shop.desk->new_set_up_code();
  REQUIRE(code);
  for (int left = 4; left >= 0; --left)
    CHECK(shop.desk->set_up("bbbb-bbbb-bbbb", "maria", "a long password").error() ==
          fail(Code::Refused, std::to_string(left)));
  CHECK(shop.desk->set_up(*code, "maria", "a long password").error().code == Code::Limit);
  CHECK(shop.desk->needs_set_up());
}

TEST_CASE("wrong passwords are answered alike and slower and slower") {
  test::Shop shop;
  REQUIRE(shop.desk->add_user("jorge", Role::Staff, "a long password"));
  CHECK(shop.desk->add_user("jorge", Role::Staff, "a long password").error().code == Code::Conflict);
  const auto known = shop.desk->sign_in("jorge", "wrong password", {});
  const auto unknown = shop.desk->sign_in("nobody", "wrong password", {"192.0.2.7", {}});
  CHECK(known.error() == unknown.error());
  for (int i = 0; i < 4; ++i)
    CHECK(shop.desk->sign_in("jorge", "wrong password", {}).error().code == Code::Refused);
  CHECK(shop.desk->sign_in("jorge", "a long password", {}).error() == fail(Code::Limit, "1"));
  shop.clock.advance(1);
  CHECK(shop.desk->sign_in("jorge", "wrong password", {}).error().code == Code::Refused);
  CHECK(shop.desk->sign_in("jorge", "a long password", {}).error() == fail(Code::Limit, "2"));
  shop.clock.advance(2);
  CHECK(shop.desk->sign_in("jorge", "a long password", {}));
}

TEST_CASE("links and peers are kept, checked and found again") {
  test::Shop shop;
  consent::OptInLink link;
  link.id = consent::LinkId("window");
  link.topics = {consent::TopicId("care")};
  link.place = {{"", "Shop window"}};
  REQUIRE(shop.desk->add_link(link));
  CHECK(shop.desk->add_link(link).error().code == Code::Conflict);
  link.id = consent::LinkId("..");
  CHECK(shop.desk->add_link(link).error().code == Code::BadInput);
  link.id = consent::LinkId("Big Window");
  CHECK(shop.desk->add_link(link).error().code == Code::BadInput);
  link.id = consent::LinkId("caja");
  CHECK(shop.desk->add_link(link).error().code == Code::Conflict);
  link.id = consent::LinkId("roof");
  link.topics = {consent::TopicId("weather")};
  CHECK(shop.desk->add_link(link).error().code == Code::NotFound);

  Peer peer;
  peer.name = "office";
  peer.recipient = consent::RecipientId("head-office");
  peer.spki_sha256.fill(7);
  peer.rights = {"pull"};
  REQUIRE(shop.desk->add_peer(peer));
  CHECK(shop.desk->add_peer(peer).error().code == Code::Conflict);
  peer.name = "office-2";
  for (const std::vector<std::string>& rights :
       std::vector<std::vector<std::string>>{{}, {"fly"}, {"push"}, {"pull", "witness"}, {"command"}}) {
    peer.rights = rights;
    CHECK(shop.desk->add_peer(peer).error().code == Code::BadInput);
  }
  peer.rights = {"pull"};
  peer.recipient = consent::RecipientId("stranger");
  CHECK(shop.desk->add_peer(peer).error().code == Code::NotFound);

  shop.reopen();
  CHECK(shop.desk->opt_in_form(consent::LinkId("window"), "es"));
  Hash key{};
  key.fill(7);
  const auto found = shop.desk->peer_by_key(key);
  REQUIRE(found);
  CHECK(found->recipient.text() == "head-office");
  key.fill(8);
  CHECK(shop.desk->peer_by_key(key).error().code == Code::NotFound);

  key.fill(7);
  CHECK(shop.desk->remove_peer("nobody").error().code == Code::NotFound);
  REQUIRE(shop.desk->remove_peer("office"));
  CHECK(shop.desk->peer_by_key(key).error().code == Code::NotFound);
  CHECK(shop.desk->remove_peer("office").error().code == Code::NotFound);
}

TEST_CASE("users leave and get new passwords, but for the last manager") {
  test::Shop shop;
  REQUIRE(shop.desk->add_user("maria", Role::Manager, "a long password"));
  REQUIRE(shop.desk->add_user("jorge", Role::Staff, "a long password"));
  CHECK(shop.desk->remove_user("maria").error().code == Code::Conflict);
  CHECK(shop.desk->remove_user("nobody").error().code == Code::NotFound);
  REQUIRE(shop.desk->add_user("ana", Role::Manager, "a long password"));
  REQUIRE(shop.desk->remove_user("maria"));
  CHECK(shop.desk->sign_in("maria", "a long password", {}).error().code == Code::Refused);
  CHECK(shop.desk->remove_user("ana").error().code == Code::Conflict);

  CHECK(shop.desk->change_password("nobody", "another password").error().code == Code::NotFound);
  CHECK(shop.desk->change_password("jorge", "short").error() == fail(Code::BadInput, "password"));
  REQUIRE(shop.desk->change_password("jorge", "another password"));
  CHECK(shop.desk->sign_in("jorge", "a long password", {}).error().code == Code::Refused);
  const auto jorge = shop.desk->sign_in("jorge", "another password", {});
  REQUIRE(jorge);
  CHECK(jorge->role == Role::Staff);
  REQUIRE(shop.desk->remove_user("jorge"));
  CHECK(shop.desk->users()->size() == 1);

  // Each change is a line of the log.
  std::string log;
  const auto size = proof::read_checkpoint(*shop.ledger->checkpoint())->size;
  REQUIRE(shop.ledger->entries(0, size, {}, [&](std::string_view line) -> Status {
    log += line;
    return {};
  }));
  for (const std::string_view change : {"user.add", "user.remove", "user.password"})
    CHECK(log.find("\\\"change\\\":\\\"" + std::string(change) + "\\\"") != std::string::npos);
  CHECK(log.find("jorge") == std::string::npos);
}

TEST_CASE("a password that nobody can have is refused alike for every name") {
  test::Shop shop;
  REQUIRE(shop.desk->add_user("jorge", Role::Staff, "a long password"));
  for (const std::string& password : {std::string(), std::string(257, 'x')}) {
    const auto known = shop.desk->sign_in("jorge", password, {});
    const auto unknown = shop.desk->sign_in("nobody", password, {});
    CHECK(known.error() == fail(Code::Refused, "user name or password is wrong"));
    CHECK(known.error() == unknown.error());
  }
}

TEST_CASE("a peer without the right gets nothing") {
  test::Shop shop;
  net::Request request;
  request.path = "/v1/log/checkpoint";
  request.listener = net::ListenerKind::Sync;
  request.peer_spki = Hash{};
  REQUIRE(shop.ledger->put_item("peer", "watcher",
                                json::Object{{"key", base64url(*request.peer_spki)},
                                             {"name", "watcher"},
                                             {"recipient", "head-office"},
                                             {"rights", json::Array{"witness"}}}));
  net::Router router;
  sync::add_routes(router, *shop.desk);
  const auto answer = router.dispatch(request);
  CHECK(answer.status == 403);
  CHECK(answer.body.find("no_right") != std::string::npos);
}

TEST_CASE("a peer sees of the log what its recipient's agreement allows, and no unsigned size") {
  test::Shop shop;
  shop.close();
  shop.business.recipients.push_back(
      {consent::RecipientId("friend"), "A friend", "separate", {"identity", "consent"}, {}, {}});
  shop.open();
  REQUIRE(shop.desk->opt_in(shop.request("070 174 06 21")));
  net::Router router;
  sync::add_routes(router, *shop.desk);
  std::uint8_t last_key = 0;
  const auto ask = [&](const std::string& recipient, const std::string& path, net::NameValues query) {
    net::Request request;
    request.path = path;
    request.listener = net::ListenerKind::Sync;
    request.query = std::move(query);
    request.peer_spki = Hash{};
    request.peer_spki->fill(++last_key);
    const std::string name = "peer-" + std::to_string(last_key);
    REQUIRE(shop.desk->add_peer({name, consent::RecipientId(recipient), *request.peer_spki, {"pull"}}));
    auto answer = router.dispatch(request);
    for (bool more = bool(answer.stream); more;) {
      const auto piece = answer.stream(answer.body);
      REQUIRE(piece);
      more = *piece;
    }
    return answer;
  };
  REQUIRE(ask("head-office", "/v1/log/checkpoint", {}).status == 200);
  const std::string end = std::to_string(shop.ledger->signed_size());
  struct Case {
    std::string recipient, ask_identity;
    bool identity, consent;
  };
  for (const Case& c : std::vector<Case>{{"head-office", "1", true, true},
                                         {"head-office", "0", false, true},
                                         {"whatsapp", "1", true, false},
                                         {"friend", "1", false, false}}) {
    CAPTURE(c.recipient);
    const auto lines =
        ask(c.recipient, "/v1/log/entries", {{"start", "0"}, {"end", end}, {"identity", c.ask_identity}});
    REQUIRE(lines.status == 200);
    bool identity = false;
    bool consent = false;
    std::istringstream in(lines.body);
    for (std::string line; std::getline(in, line);) {
      const auto entry = proof::decode_entry(line);
      REQUIRE(entry);
      identity = identity || (entry->d[0] && entry->d[0]->text.find("+46701740621") != std::string::npos);
      consent = consent || (entry->d[1] && entry->d[1]->text.find("age_affirmed") != std::string::npos);
    }
    CHECK(identity == c.identity);
    CHECK(consent == c.consent);
  }
  const std::string beyond = std::to_string(shop.ledger->signed_size() + 1);
  CHECK(ask("friend", "/v1/log/proof/inclusion", {{"index", "0"}, {"size", end}}).status == 200);
  for (const auto& refused : {ask("friend", "/v1/log/proof/inclusion", {{"index", "0"}, {"size", beyond}}),
                              ask("friend", "/v1/log/proof/inclusion", {{"index", end}, {"size", end}}),
                              ask("friend", "/v1/log/proof/consistency", {{"from", "0"}, {"to", end}}),
                              ask("friend", "/v1/log/proof/consistency", {{"from", "1"}, {"to", beyond}})}) {
    CHECK(refused.status == 400);
    CHECK(refused.body.find("\"range\"") != std::string::npos);
  }
}

}  // namespace counterfoil::desk
