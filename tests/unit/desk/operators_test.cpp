// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "base/limits.h"
#include "tests/support/shop.h"

#include <doctest/doctest.h>

namespace counterfoil::desk {

TEST_CASE("the first manager comes in through the one-time code only") {
  test::Shop shop;
  CHECK(shop.desk->needs_set_up());
  const auto code = shop.desk->new_set_up_code();
  REQUIRE(code);
  CHECK(code->size() == 14);
  CHECK(shop.desk->set_up(*code, "M", "a long password").error() == fail(Code::BadInput, "name"));
  CHECK(shop.desk->set_up(*code, "maria", "short").error() == fail(Code::BadInput, "password"));
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
  CHECK(shop.desk->sign_in("maria", "a long password"));
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
  const auto known = shop.desk->sign_in("jorge", "wrong password");
  const auto unknown = shop.desk->sign_in("nobody", "wrong password");
  CHECK(known.error() == unknown.error());
  for (int i = 0; i < 4; ++i)
    CHECK(shop.desk->sign_in("jorge", "wrong password").error().code == Code::Refused);
  CHECK(shop.desk->sign_in("jorge", "a long password").error() == fail(Code::Limit, "1"));
  shop.clock.advance(1);
  CHECK(shop.desk->sign_in("jorge", "wrong password").error().code == Code::Refused);
  CHECK(shop.desk->sign_in("jorge", "a long password").error() == fail(Code::Limit, "2"));
  shop.clock.advance(2);
  CHECK(shop.desk->sign_in("jorge", "a long password"));
}

TEST_CASE("links and peers are kept, checked and found again") {
  test::Shop shop;
  consent::OptInLink link;
  link.id = consent::LinkId("window");
  link.topics = {consent::TopicId("care")};
  link.place = {{"", "Shop window"}};
  REQUIRE(shop.desk->add_link(link));
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
  peer.name = "other";
  peer.rights = {"fly"};
  CHECK(shop.desk->add_peer(peer).error().code == Code::BadInput);
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

  REQUIRE(shop.desk->remove_peer("office"));
  CHECK(shop.desk->remove_peer("office").error().code == Code::NotFound);
  key.fill(7);
  CHECK(shop.desk->peer_by_key(key).error().code == Code::NotFound);
}

TEST_CASE("whoever is removed cannot sign in, and a last manager cannot be removed") {
  test::Shop shop;
  const auto before = shop.desk->users()->size();
  REQUIRE(shop.desk->add_user("ana", Role::Staff, "a long password"));
  REQUIRE(shop.desk->sign_in("ana", "a long password"));
  REQUIRE(shop.desk->remove_user("ana"));
  CHECK(shop.desk->user("ana").error().code == Code::NotFound);
  CHECK(shop.desk->sign_in("ana", "a long password").error().code == Code::Refused);
  CHECK(shop.desk->remove_user("ana").error().code == Code::NotFound);
  CHECK(shop.desk->users()->size() == before);

  REQUIRE(shop.desk->add_user("boss", Role::Manager, "a long password"));
  REQUIRE(shop.desk->add_user("chief", Role::Manager, "a long password"));
  CHECK(shop.desk->remove_user("boss"));
  CHECK(shop.desk->remove_user("chief").error().code == Code::Conflict);
  CHECK(shop.desk->add_user("dora", Role::Staff, std::string(limits::kPasswordBytesMax + 1, 'x')).error() ==
        fail(Code::BadInput, "password"));
}

}  // namespace counterfoil::desk
