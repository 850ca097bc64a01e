// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "counterfoil/consent/business.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <string>

namespace counterfoil::consent {
namespace {

LocalText both(const std::string& text) {
  return {{"es", text + " (es)"}, {"en", text + " (en)"}};
}

Business complete_business() {
  Business b;
  b.id = "tres-faroles";
  b.name = "Tres Faroles";
  b.legal_name = "Ultramarinos Tres Faroles, S.L.";
  b.address = "Calle del Faro 3, Torrevieja";
  b.privacy_contact = "privacidad@tresfaroles.example";
  b.authority_name = "Agencia Española de Protección de Datos";
  b.authority_url = "www.aepd.es";
  b.jurisdiction = "ES";
  b.minimum_age = 14;
  b.languages = {"es", "en"};
  b.notice = NoticeId("N1");
  b.stop_ways = {{.kind = StopWay::Kind::Keyword, .where = "wa"}};
  b.shops = {{.id = ShopId("torrevieja"), .place = both("Torrevieja")}};
  b.senders = {
      {.id = SenderId("sms"), .channel = Channel::Sms, .address = "TresFaroles"},
      {.id = SenderId("wa"), .channel = Channel::WhatsApp, .address = "+46701740699", .two_way = true},
      {.id = SenderId("mail"), .channel = Channel::Email, .address = "x", .enabled = false}};
  b.topics = {
      {.id = TopicId("offers"), .title = both("Offers"), .line = both("Thursdays"), .retention = "yes-24m"}};
  b.retention = {
      {.name = "yes-24m", .starts = "last yes", .keep = "24 months", .keep_months = 24, .then = "proof-3y"},
      {.name = "proof-3y", .starts = "end", .keep = "3 years", .keep_months = 36, .then = "destroy"},
      {.name = "stop-mark", .starts = "stop", .keep = "while needed", .then = "destroy"}};
  b.recipients = {{.id = RecipientId("whatsapp"),
                   .name = "WhatsApp (Meta)",
                   .role = "processor",
                   .receives = {"identity"},
                   .outside_eu = both("USA, standard clauses"),
                   .agreement = std::nullopt},
                  {.id = RecipientId("sms-provider"),
                   .name = "Mensajería Ejemplo",
                   .role = "processor",
                   .receives = {"identity"},
                   .outside_eu = {},
                   .agreement = std::nullopt}};
  b.links = {{.id = LinkId("caja"),
              .place = both("Till"),
              .shop = ShopId("torrevieja"),
              .poster = "A4",
              .topics = {TopicId("offers")}}};
  return b;
}

TEST_CASE("look-ups find what is named and nothing else") {
  const Business b = complete_business();
  REQUIRE(b.topic(TopicId("offers")) != nullptr);
  CHECK(b.topic(TopicId("offers"))->retention == "yes-24m");
  CHECK(b.topic(TopicId("offer")) == nullptr);
  CHECK(b.link(LinkId("caja")) == &b.links[0]);
  CHECK(b.link(LinkId("")) == nullptr);
  CHECK(b.shop(ShopId("torrevieja")) == &b.shops[0]);
  CHECK(b.shop(ShopId("x")) == nullptr);
  CHECK(b.retention_class("proof-3y") == &b.retention[1]);
  CHECK(b.retention_class("proof") == nullptr);
}

TEST_CASE("channels are those of enabled senders, in the order of the table") {
  CHECK(complete_business().channels() == std::vector<Channel>{Channel::WhatsApp, Channel::Sms});
  CHECK(Business{}.channels().empty());
}

TEST_CASE("local text falls back to the first language, then to any") {
  const Business b = complete_business();
  CHECK(local(b.topics[0].title, "en", b) == "Offers (en)");
  CHECK(local(b.topics[0].title, "lv", b) == "Offers (es)");
  CHECK(local({{"hy", "x"}}, "lv", b) == "x");
  CHECK(local({}, "lv", b).empty());
}

TEST_CASE("a complete business may open opt-in") {
  const auto missing = missing_for_opt_in(complete_business());
  for (const Missing& item : missing) MESSAGE(item.sentence());
  CHECK(missing.empty());
}

struct Gap {
  const char* code;
  const char* says;  // begins the one item that must appear
  std::function<void(Business&)> make;
};

TEST_CASE("each gap closes opt-in and names its key") {
  const std::vector<Gap> gaps = {
      {"controller", "business.name", [](Business& b) { b.name.clear(); }},
      {"controller", "business.legal_name", [](Business& b) { b.legal_name.clear(); }},
      {"controller", "business.address", [](Business& b) { b.address.clear(); }},
      {"contact", "business.privacy_contact", [](Business& b) { b.privacy_contact.clear(); }},
      {"authority", "business.authority.name", [](Business& b) { b.authority_name.clear(); }},
      {"languages", "business.languages", [](Business& b) { b.languages.clear(); }},
      {"age", "business.minimum_age", [](Business& b) { b.minimum_age = 12; }},
      {"notice", "business.notice", [](Business& b) { b.notice = NoticeId(); }},
      {"promise", "promise", [](Business& b) { b.promise.to_minute = b.promise.from_minute; }},
      {"stop_way", "stop_way", [](Business& b) { b.stop_ways.clear(); }},
      {"stop_way", "stop_way",
       [](Business& b) { b.stop_ways[0].where = "sms"; }},  // one way: nothing may promise STOP
      {"stop_way", "stop_way", [](Business& b) { b.stop_ways[0].where = "nobody"; }},  // no such sender
      {"stop_way", "stop_way",
       [](Business& b) { b.stop_ways[0] = {StopWay::Kind::CloudPage, "http://x.example"}; }},
      {"stop_way", "stop_way", [](Business& b) { b.stop_ways[0] = {StopWay::Kind::StaffedNumber, ""}; }},
      {"senders", "sender",
       [](Business& b) {
         for (Sender& s : b.senders) s.enabled = false;
         b.stop_ways[0] = {StopWay::Kind::StaffedNumber, "+34 965 000 000"};
       }},
      {"recipients", "recipient: who delivers on whatsapp",
       [](Business& b) { b.recipients.erase(b.recipients.begin()); }},
      {"recipients", "recipient: who delivers on sms",
       [](Business& b) { b.recipients[1].receives = {"consent"}; }},
      {"recipients", "recipient.whatsapp.outside_eu.en",
       [](Business& b) { b.recipients[0].outside_eu.erase("en"); }},
      {"recipients", "recipient.sms-provider: name", [](Business& b) { b.recipients[1].name.clear(); }},
      {"retention", "retention.proof-3y: topic.offers",
       [](Business& b) { b.retention.erase(b.retention.begin() + 1); }},
      {"retention", "retention.yes-24m.then: goes in a circle",
       [](Business& b) { b.retention[1].then = "yes-24m"; }},
      {"retention", "retention.nothing: topic.offers",
       [](Business& b) { b.topics[0].retention = "nothing"; }},
      {"retention", "retention.proof-3y: starts", [](Business& b) { b.retention[1].keep.clear(); }},
      {"retention", "retention.stop-mark", [](Business& b) { b.retention.pop_back(); }},
      {"retention", "retention.yes-24m.keep", [](Business& b) { b.retention[0].keep_months = 0; }},
      {"topics", "topic: at least one", [](Business& b) { b.topics.clear(), b.links.clear(); }},
      {"topics", "topic.offers.title.en", [](Business& b) { b.topics[0].title.erase("en"); }},
      {"topics", "topic.offers.line.es", [](Business& b) { b.topics[0].line["es"].clear(); }},
      {"links", "link.caja.topics: there is no topic \"gone\"",
       [](Business& b) { b.links[0].topics.emplace_back("gone"); }},
      {"links", "link.caja.topics: at least one", [](Business& b) { b.links[0].topics.clear(); }},
      {"links", "link.caja.shop", [](Business& b) { b.links[0].shop = ShopId("gone"); }},
  };
  for (const Gap& gap : gaps) {
    CAPTURE(gap.says);
    Business b = complete_business();
    gap.make(b);
    const auto missing = missing_for_opt_in(b);
    REQUIRE(missing.size() == 1);
    CAPTURE(missing[0].sentence());
    CHECK(missing[0].sentence().starts_with(gap.says));
    CHECK(missing[0].code == gap.code);
  }
}

TEST_CASE("an empty configuration is told everything at once") {
  CHECK(missing_for_opt_in(Business{}).size() > 8);
}

}  // namespace
}  // namespace counterfoil::consent
