// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The pages over a real desk and ledger: a request in, an answer out, no sockets.
#include "pages/site.h"

#include "counterfoil/proof/twin.h"
#include "live_site.h"

#include <chrono>
#include <set>
#include <thread>

namespace counterfoil::pages {
namespace {

constexpr const char* kAna = "070 174 06 21";
constexpr const char* kAnaAbroad = "+46 70 174 06 21";

using test::LiveSite;

bool has(const net::Response& response, std::string_view part) {
  return response.body.find(part) != std::string::npos;
}

/// The notice the form on this page stands under.
std::string notice_on(const std::string& html) {
  const std::string before = "name=\"notice\" value=\"";
  const std::size_t at = html.find(before);
  REQUIRE(at != html.npos);
  return html.substr(at + before.size(), 64);
}

bool is_stopped(counterfoil::test::Shop& shop) {
  const auto decision = shop.at_till(kAna, consent::Channel::WhatsApp, "offers");
  for (const auto& reason : decision.reasons)
    if (reason.code == decide::ReasonCode::Suppressed) return true;
  return false;
}

}  // namespace

TEST_CASE("a receipt names the version that was agreed to, whatever the shop says now") {
  LiveSite site;
  site.shop.business.notice = consent::NoticeId("N-before");
  site.shop.reopen();
  site.open();
  const auto given = site.shop.desk->opt_in(site.shop.request(kAna));
  REQUIRE(given);
  site.shop.business.notice = consent::NoticeId("N-after");
  site.shop.reopen();
  site.open();
  const net::Response file = site.get("/r/" + given->token + "/file");
  CHECK(file.status == 200);
  CHECK(has(file, "N-before"));
  CHECK_FALSE(has(file, "N-after"));
}

TEST_CASE("a receipt is saved as a page and as JSON, each with its proof and its signed record") {
  LiveSite site;
  const auto given = site.shop.desk->opt_in(site.shop.request(kAna));
  REQUIRE(given);
  const std::string at = "/r/" + given->token;
  const net::Response page = site.get(at + "/file");
  CHECK(page.body.size() <= 30 * std::size_t{1024});
  CHECK(has(page, "<pre id=\"proof\">c2sp.org/tlog-proof@v1\n"));
  CHECK(has(page, "<pre id=\"record\">eyJhbGciOiJFUzI1NiIs"));
  const net::Response file = site.get(at + "/json");
  CHECK(file.status == 200);
  CHECK(file.field("Content-Disposition")->find(".json") != std::string_view::npos);
  const auto saved = json::read(file.body);
  REQUIRE(saved);
  const auto& key = site.shop.ledger->log_key();
  const auto proof = proof::check_receipt(saved->string_at("proof").value_or(""), key);
  REQUIRE(proof);
  const auto record = proof::check_twin(saved->string_at("jws").value_or(""), *proof, key);
  REQUIRE(record);
  CHECK(*saved->find("record") == *record);
  CHECK(has(site.get(at), "href=\"" + at + "/json\" download"));
  CHECK(site.get("/r/AAAAAAAAAAAAAAAAAAAAAA/json").status == 404);
  CHECK(site.get("/r/AAAAAAAAAAAAAAAAAAAAAA/proof").status == 404);
}

TEST_CASE("the box explains its records to machines") {
  LiveSite site;
  const auto named = [&](const char* path, std::string_view member) {
    const net::Response answer = site.get(path);
    return answer.status == 200 && has(answer, member);
  };
  CHECK(named("/receipt.schema.json", "\"$id\": \"urn:counterfoil:schema:receipt:1\""));
  CHECK(named("/receipt.context.json", "\"dpv\": \"https://w3id.org/dpv#\""));
}

TEST_CASE("a stop without a country is read for the shop's own, and takes numbers from abroad") {
  {
    LiveSite site;
    CHECK(site.post("/stop", {{"number", kAnaAbroad}, {"region", ""}}, "/stop").status == 200);
    CHECK(is_stopped(site.shop));
  }
  LiveSite site;
  const net::Response spoken = site.staff_post("/staff/stop", {{"number", kAnaAbroad}, {"region", ""}});
  CHECK(spoken.status == 200);
  CHECK(is_stopped(site.shop));
  CHECK(site.staff_post("/staff/check", {{"number", kAnaAbroad}, {"region", ""}}).status == 200);
}

TEST_CASE("a number that is none is said to be none, at the stop and at the till") {
  LiveSite site;
  const net::Response stop = site.post("/stop", {{"number", "12"}, {"region", "ES"}}, "/stop");
  CHECK(stop.status == 400);
  CHECK(has(stop, "This is not a telephone number in "));
  const net::Response spoken = site.staff_post("/staff/stop", {{"number", "12"}, {"region", "ES"}});
  CHECK(spoken.status == 400);
  CHECK(has(spoken, "This is not a telephone number in "));
}

TEST_CASE("machine reasons are compared as whole words") {
  CHECK(names(fail(Code::BadInput, "no_topic age"), "age"));
  CHECK(names(fail(Code::BadInput, "number"), "number"));
  CHECK_FALSE(names(fail(Code::BadInput, "language"), "age"));
  CHECK_FALSE(names(fail(Code::BadInput, "numbers"), "number"));
  CHECK_FALSE(names(fail(Code::Conflict, "number"), "number"));
}

TEST_CASE("an empty form is told everything that is missing, at once") {
  LiveSite site;
  const net::Response page = site.get("/o/caja");
  const net::Response again =
      site.post("/o/caja", {{"notice", notice_on(page.body)}, {"number", ""}, {"region", ""}}, "/o/caja");
  CHECK(again.status == 400);
  for (const char* field : {"channels", "topics", "number", "age"})
    CHECK_MESSAGE(has(again, "<a href=\"#" + std::string(field) + "\">"), field);
  CHECK(has(again, "Type your mobile number."));
}

TEST_CASE("a stop keeps the number when its token is not good any more") {
  LiveSite site;
  const std::string token = LiveSite::token_on(site.get("/stop").body);
  site.open();  // a restart: the tokens of before are strange to it
  const net::Response again = site.post_raw("/stop", {{"number", kAna}, {"region", "SE"}, {"token", token}});
  CHECK(again.status == 400);
  CHECK(has(again, "value=\"" + std::string(kAna) + "\""));
  CHECK_FALSE(is_stopped(site.shop));
  const net::Response done =
      site.post_raw("/stop", {{"number", kAna}, {"region", "SE"}, {"token", LiveSite::token_on(again.body)}});
  CHECK(done.status == 200);
  CHECK(is_stopped(site.shop));
}

TEST_CASE("a shared tablet goes back to its form from every page, and leads nowhere else") {
  LiveSite site;
  const net::Response form = site.get("/o/tablet");
  CHECK_FALSE(has(form, "http-equiv=\"refresh\""));
  CHECK(has(form, "href=\"/o/tablet/stop?lang=en\""));
  CHECK(has(form, "href=\"/o/tablet/privacy?lang=en\""));
  CHECK_FALSE(has(form, "href=\"/\""));

  const net::Response stop = site.get("/o/tablet/stop");
  CHECK(has(stop, "action=\"/o/tablet/stop\""));
  CHECK(has(stop, "content=\"120; url=/o/tablet\""));
  CHECK_FALSE(has(stop, "autocomplete=\"tel\""));
  const net::Response stopped =
      site.post("/o/tablet/stop", {{"number", kAna}, {"region", "SE"}}, "/o/tablet/stop");
  CHECK(has(stopped, "content=\"30; url=/o/tablet\""));
  CHECK(is_stopped(site.shop));

  const net::Response wrong = site.post("/o/tablet", {{"number", kAna}, {"region", "SE"}}, "/o/tablet");
  CHECK(wrong.status == 400);
  CHECK(has(wrong, "content=\"120; url=/o/tablet\""));
  CHECK(has(site.get("/o/tablet/nothing"), "content=\"30; url=/o/tablet\""));
  CHECK(has(site.get("/o/tablet/privacy"), "href=\"/o/tablet/stop?lang=en\""));

  // Other links stand on the customer's own telephone.
  CHECK(has(site.get("/stop"), "autocomplete=\"tel\""));
  CHECK(has(site.get("/o/caja"), "href=\"/stop?lang=en\""));
  CHECK_FALSE(has(site.get("/o/nobody"), "http-equiv=\"refresh\""));
}

TEST_CASE(
    "a wrong number is corrected by the form, on the person's own telephone, with a new private address") {
  LiveSite site;
  auto asked = site.shop.request(kAna);
  asked.link = consent::LinkId("tablet");
  const auto given = site.shop.desk->opt_in(asked);
  REQUIRE(given);
  const std::string correct = "/m/" + given->token + "/correct";
  CHECK(has(site.get("/m/" + given->token), "href=\"" + correct + "\""));
  const net::Response form = site.get(correct);
  CHECK(has(form, "action=\"" + correct + "\""));
  CHECK(has(form, "You correct the entry for"));
  CHECK_FALSE(has(form, " checked"));
  CHECK(has(form, "autocomplete=\"tel\""));
  net::NameValues fields = {{"notice", notice_on(form.body)},
                            {"channel", "whatsapp"},
                            {"topic", "offers"},
                            {"number", "12"},
                            {"region", "SE"},
                            {"age", "yes"}};
  const net::Response again = site.post(correct, fields, correct);
  CHECK(again.status == 400);
  CHECK(has(again, "You correct the entry for"));
  fields[3].value = "070 174 06 98";
  // The token is good for this page only.
  fields.push_back({"token", LiveSite::token_on(site.get("/o/caja").body)});
  CHECK(site.post_raw(correct, fields).status == 400);
  fields.back().value = LiveSite::token_on(again.body);
  const net::Response done = site.post_raw(correct, fields);
  CHECK(done.status == 303);
  const std::string receipt(done.field("Location").value_or(""));
  CHECK(receipt.starts_with("/r/"));
  CHECK(receipt != "/r/" + given->token);
  CHECK(site.post_raw(correct, fields).field("Location") == receipt);  // a second tap
  CHECK(has(site.get("/m/" + given->token), "Withdrawn by you"));
  CHECK(site.get("/m/nobody/correct").status == 404);
}

TEST_CASE("the staff reads in its own language what keeps opt-in closed, and the setting that says it") {
  LiveSite site;
  CHECK_FALSE(has(site.staff_get("/staff"), "<code>"));
  site.shop.close();
  site.shop.business.stop_ways.clear();
  site.shop.open();
  site.open();
  CHECK(has(site.staff_get("/staff"), "a way to stop that works away from the shop: <code>stop_way</code>"));
  CHECK(has(site.staff_get("/staff", {{"lang", "es"}}),
            "una forma de darse de baja que funcione fuera de la tienda: <code>stop_way</code>"));
}

TEST_CASE("the catalogue has words for everything that can be missing") {
  consent::Business nothing;
  nothing.minimum_age = 0;
  nothing.promise.per_day = 0;
  nothing.recipients.emplace_back();
  nothing.links.emplace_back();
  std::set<std::string> codes;
  for (const auto& item : consent::missing_for_opt_in(nothing)) {
    CAPTURE(item.code);
    CHECK(i18n::has("closed.reason." + item.code));
    codes.insert(item.code);
  }
  CHECK(codes.size() == 13);
}

TEST_CASE("erasing asks first, then shows how far it is, then the certificate") {
  LiveSite site;
  const auto given = site.shop.desk->opt_in(site.shop.request(kAna));
  REQUIRE(given);
  const std::string manage = "/m/" + given->token;
  CHECK(has(site.get(manage), "href=\"" + manage + "/erase\""));
  const auto question = site.get(manage + "/erase");
  CHECK(question.status == 200);
  CHECK(has(question, "What stays"));
  CHECK(has(question, "are told to delete them when they next do"));
  CHECK(site.shop.desk->submission(given->token));  // looking changes nothing

  const auto stale = site.post_raw(manage + "/erase", {{"token", "stale"}});
  CHECK(stale.status == 400);
  CHECK(site.shop.desk->submission(given->token));

  const std::string token = LiveSite::token_on(question.body);
  const auto done = site.post_raw(manage + "/erase", {{"token", token}});
  CHECK(done.status == 303);
  const std::string address(done.field("Location").value_or(""));
  REQUIRE(address.starts_with("/e/"));
  const auto again = site.post_raw(manage + "/erase", {{"token", token}});  // a double tap
  CHECK(again.field("Location") == address);
  CHECK(site.get(manage).status == 404);
  CHECK(site.get("/r/" + given->token).status == 404);

  const std::string page = address.substr(0, address.find('?'));
  bool is_certificate = false;
  for (int i = 0; i < 2'000 && !is_certificate; ++i) {
    const auto shown = site.get(page);
    REQUIRE(shown.status == 200);
    is_certificate = has(shown, "Certificate of erasure");
    if (!is_certificate) CHECK(has(shown, "http-equiv=\"refresh\""));
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  REQUIRE(is_certificate);
  CHECK_FALSE(has(site.get(page), "http-equiv=\"refresh\""));
  CHECK_FALSE(has(site.get(page), "174"));
  const auto file = site.get(page + "/certificate");
  CHECK(file.status == 200);
  const auto certificate = json::read(file.body);
  REQUIRE(certificate);
  CHECK(certificate->string_at("jws"));
  CHECK(site.get("/e/AAAAAAAAAAAAAAAAAAAAAA").status == 404);
}

TEST_CASE("a manager erases at the till, after a question, and hands over the certificate's address") {
  LiveSite site;
  const auto given = site.shop.desk->opt_in(site.shop.request(kAna));
  REQUIRE(given);
  site.log_in_as("sara", desk::Role::Staff);
  CHECK(site.staff_get("/staff/erase").status == 403);
  CHECK_FALSE(has(site.staff_get("/staff"), "/staff/erase"));
  site.log_in_as("maria", desk::Role::Manager);
  CHECK(has(site.staff_get("/staff"), "/staff/erase"));
  CHECK(site.staff_post("/staff/erase", {{"number", "12"}, {"region", "SE"}}).status == 400);

  const net::NameValues number = {{"number", kAna}, {"region", "SE"}};
  auto asked = site.staff_post("/staff/erase", number);
  REQUIRE(asked.status == 200);
  CHECK(has(asked, "+46 70 174 06 21"));
  const auto answer = [&](net::NameValues fields) {
    fields.push_back({"token", LiveSite::token_on(LiveSite::main_of(asked.body))});
    return site.staff_post_raw("/staff/erase/yes", fields);
  };
  asked = answer(number);  // without the tick
  CHECK(asked.status == 400);
  CHECK(site.shop.desk->submission(given->token));
  net::NameValues shown = number;
  shown.push_back({"shown", "yes"});
  const auto done = answer(shown);
  CHECK(done.status == 200);
  CHECK(site.shop.desk->submission(given->token).error().code == Code::NotFound);
  const std::size_t at = done.body.find("https://shop.example/e/");
  REQUIRE(at != done.body.npos);
  const std::string page = done.body.substr(at + 20, 25);
  CHECK(site.get(page).status == 200);
  CHECK(has(answer(shown), page));  // a double tap
  CHECK(is_stopped(site.shop));

  asked = site.staff_post("/staff/erase", {{"number", "070 174 06 99"}, {"region", "SE"}});
  CHECK(answer({{"number", "070 174 06 99"}, {"region", "SE"}, {"shown", "yes"}}).status == 404);
}

TEST_CASE("a customer has data kept without use, and used again, by the link") {
  LiveSite site;
  const auto given = site.shop.desk->opt_in(site.shop.request(kAna));
  REQUIRE(given);
  REQUIRE(site.shop.desk->confirm(given->code, site.shop.cashier));
  const std::string manage = "/m/" + given->token;
  const auto post = [&](bool on) {
    const std::string html = site.get(manage).body;
    net::NameValues fields = {{"token", LiveSite::token_on(html.substr(html.find("/restrict\"")))}};
    if (on) fields.push_back({"on", "yes"});
    return site.post_raw(manage + "/restrict", fields);
  };
  const auto reasons = [&] { return site.shop.at_till(kAna, consent::Channel::WhatsApp, "offers").reasons; };
  CHECK(reasons().empty());
  CHECK(post(true).status == 303);
  CHECK(has(site.get(manage), "Your data are kept, but not used."));
  REQUIRE(reasons().size() == 1);
  CHECK(reasons().front().code == decide::ReasonCode::Restricted);
  CHECK(post(false).status == 303);
  CHECK(reasons().empty());
}

}  // namespace counterfoil::pages
