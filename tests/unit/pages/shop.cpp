// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "shop.h"

#include "doctest/doctest.h"

namespace counterfoil::pages::test {
namespace {

using consent::Channel;
using consent::TopicId;

consent::Topic topic(std::string id, std::string title, std::string line) {
  consent::Topic out;
  out.id = TopicId(std::move(id));
  out.title = {{"en", title}, {"es", title + " (es)"}};
  out.line = {{"en", line}, {"es", line + " (es)"}};
  out.retention = "yes-24m";
  return out;
}

consent::Business make_shop() {
  consent::Business b;
  b.id = "tres-faroles";
  b.name = "Tres Faroles";
  b.legal_name = "Ultramarinos Tres Faroles, S.L.";
  b.address = "Calle del Faro 3, 03181 Torrevieja";
  b.privacy_contact = "privacidad@tresfaroles.example";
  b.authority_name = "Agencia Española de Protección de Datos";
  b.authority_url = "www.aepd.es";
  b.jurisdiction = "ES";
  b.minimum_age = 14;
  b.time_zone = "Europe/Madrid";
  b.languages = {"es", "en"};
  b.colour = "#7a3e00";
  b.promise.exceptions = {consent::TopicId("orders")};
  b.notice = consent::NoticeId("N1");
  b.stop_ways = {{consent::StopWay::Kind::Keyword, "wa"},
                 {consent::StopWay::Kind::StaffedNumber, "+46 70 174 06 99"}};
  b.shops = {{consent::ShopId("torrevieja"), {{"en", "Torrevieja, Calle del Faro"}}}};
  b.senders = {{consent::SenderId("wa"), Channel::WhatsApp, "+46701740699", true, true},
               {consent::SenderId("sms"), Channel::Sms, "TresFaroles", false, true}};
  b.topics = {topic("orders", "My orders and repairs", "We tell you when your order is ready or late."),
              topic("care", "Important notices", "Products recalled for safety."),
              topic("offers", "Offers of the week", "One message on Thursdays."),
              topic("tastings", "Tastings and workshops", "Invitations to our shops.")};
  b.retention = {{"yes-24m", "last yes", "24 months", 24, 0, "proof-3y"},
                 {"proof-3y", "end of the yes", "3 years", 36, 0, "destroy"},
                 {"stop-mark", "stop", "while we send", 0, 0, "destroy"},
                 {"till-roll", "sale", "until the roll is full", 0, 0, "destroy"}};
  consent::Recipient whatsapp;
  whatsapp.id = consent::RecipientId("whatsapp");
  whatsapp.name = "WhatsApp (Meta)";
  whatsapp.role = "processor";
  whatsapp.receives = {"identity"};
  whatsapp.outside_eu = {{"en", "the USA, under clauses"}, {"es", "EE. UU., con cláusulas"}};
  b.recipients = {whatsapp};
  consent::OptInLink link;
  link.id = consent::LinkId("caja");
  link.place = {{"en", "At the till"}, {"es", "En la caja"}};
  link.shop = consent::ShopId("torrevieja");
  link.poster = "A4";
  for (const consent::Topic& t : b.topics) link.topics.push_back(t.id);
  b.links = {link};
  return b;
}

}  // namespace

const consent::Business& shop() {
  static const consent::Business made = make_shop();
  return made;
}

Look shop_look() {
  auto look = make_look(shop(), "https://box.tresfaroles.example:8443", true);
  REQUIRE(look);
  return *std::move(look);
}

View shop_view(const Look& look, std::string_view language) {
  const auto found = i18n::Language::find(language);
  REQUIRE(found);
  return {&look, *found, "/o/caja"};
}

desk::OptInForm shop_form() {
  desk::OptInForm form;
  form.link = shop().links.front();
  form.channels = {Channel::WhatsApp, Channel::Sms};
  form.topics = form.link.topics;
  auto& lines = form.notice.lines;
  const auto add = [&](std::string role, std::string text) {
    lines.push_back({std::move(role), std::move(text)});
  };
  add("title", "Messages from Tres Faroles");
  add("lead", "Tick what you want. We send nothing else.");
  add("promise", "Never more than 1 message a day.");
  add("exceptions", "One exception: orders.");
  add("where", "1. Where may we write to you?");
  add("channel:whatsapp", "WhatsApp");
  add("channel:sms", "SMS");
  add("about", "2. What about?");
  for (const consent::Topic& t : shop().topics) {
    add("topic:" + t.id.text(), t.title.at("en"));
    add("topic-line:" + t.id.text(), t.line.at("en"));
  }
  add("number", "3. Your mobile number");
  add("number-use", "Only used for what you ticked.");
  add("agree", "By tapping Yes I agree.");
  add("age", "I am 14 or over.");
  add("stop-ways", "I can stop whenever I like.");
  add("free", "Saying no changes nothing.");
  add("yes", "Yes, send me these messages");
  add("short-title", "Your data, in short");
  for (const std::string part : {"who", "keep", "basis", "recipients", "period", "rights"}) {
    add("short-label:" + part, "Label of " + part + ":");
    add("short:" + part, std::string(220, 'x') + " text of " + part);
  }
  add("short:automated", "We make no automated decisions about you.");
  form.notice.ref.id = shop().notice;
  form.notice.ref.language = "en";
  form.notice.ref.sha256.fill(0xab);
  return form;
}

desk::Submission shop_submission() {
  desk::Submission s;
  s.token = "abcdefghijklmnopqrstuv";
  s.link = consent::LinkId("caja");
  s.place = consent::ShopId("torrevieja");
  s.language = "en";
  s.masked_number = "+46 ·· ··· ·· 05";
  s.given = 1795340400;  // 2026-11-22T09:00:00Z
  s.ends = s.given + 730 * kDay_s;
  s.state = consent::State::ConsentRequested;
  s.code = "123456";
  s.code_ends = s.given + 7 * kDay_s;
  for (const char* id : {"orders", "offers"})
    s.choices.push_back({Channel::WhatsApp, TopicId(id), consent::State::ConsentRequested});
  return s;
}

std::string whole(const View& view, const Page& page) {
  const net::Response response = respond(view, page);
  CHECK(response.status == page.status);
  return response.body;
}

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) ++n;
  return n;
}

}  // namespace counterfoil::pages::test
