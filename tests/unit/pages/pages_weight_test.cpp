// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Pages as whole documents: weight, what they carry, what they must not carry.
#include "doctest/doctest.h"
#include "net/wire.h"
#include "pages/assets.h"
#include "pages/manage_page.h"
#include "pages/opt_in_page.h"
#include "pages/poster_page.h"
#include "pages/privacy_page.h"
#include "pages/receipt_page.h"
#include "shop.h"

namespace counterfoil::pages {
namespace {

constexpr std::size_t kPageBytesMax = 30 * 1024;  // budget: page, style sheet and icon together

TEST_CASE("a customer page weighs at most 30 KB in all, in every language") {
  const Look look = test::shop_look();
  const std::size_t fixed = look.style.size() + asset("favicon.svg").size();
  for (const std::string language : {"en", "es"}) {
    const View view = test::shop_view(look, language);
    const std::vector<Problem> all = {{"channels", view.phrase("form.no_channel")},
                                      {"topics", view.phrase("form.no_topic")},
                                      {"number", view.phrase("form.no_number")},
                                      {"age", view.phrase("form.no_age", {{"age", "14"}})}};
    for (const Page& page : {opt_in_page(view, test::shop_form(), {}, {all, {}, 200}, std::string(75, 't')),
                             receipt_page(view, test::shop_submission(), std::string(75, 't')),
                             manage_page(view, test::shop_submission(), std::string(75, 't'),
                                         std::string(75, 't'), std::string(75, 't'), true),
                             privacy_page(view), front_page(view)}) {
      const std::size_t weight = test::whole(view, page).size() + fixed;
      CAPTURE(page.name);
      MESSAGE(page.name << " " << language << ": " << weight << " bytes in all");
      CHECK(weight <= kPageBytesMax);
    }
  }
}

TEST_CASE("pages carry no script, no cookie and nothing from elsewhere, and are not stored") {
  const Look look = test::shop_look();
  const View view = test::shop_view(look);
  net::Response response = respond(view, receipt_page(view, test::shop_submission(), "t"));
  net::add_listener_fields(response, net::ListenerKind::Customer);
  CHECK(response.field("Cache-Control") == "no-store");
  CHECK(response.field("Referrer-Policy") == "no-referrer");
  CHECK(response.field("Content-Security-Policy")->find("default-src 'none'") != std::string_view::npos);
  CHECK(response.field("Content-Security-Policy")->find("unsafe") == std::string_view::npos);
  CHECK(!response.field("Set-Cookie"));
  CHECK(response.body.find("<script") == std::string::npos);
  CHECK(response.body.find("src=\"http") == std::string::npos);
  CHECK(response.body.find("Demo shop: invented customers") != std::string::npos);
  CHECK(response.body.find("Tienda de demostración") != std::string::npos);
}

TEST_CASE("a receipt shows the code while the number is unproved, and masks the number") {
  const Look look = test::shop_look();
  const View view = test::shop_view(look);
  desk::Submission s = test::shop_submission();
  std::string html = test::whole(view, receipt_page(view, s, "t"));
  CHECK(html.find("123456") != html.npos);
  CHECK(html.find("ConsentRequested") != html.npos);
  CHECK(html.find("+46 ·· ··· ·· 05") != html.npos);
  CHECK(html.find("7 days") != html.npos);
  s.state = consent::State::ConsentGiven;
  s.evidence = consent::Evidence::Present;
  s.code.clear();
  html = test::whole(view, receipt_page(view, s, "t"));
  CHECK(html.find("123456") == html.npos);
  CHECK(html.find("ConsentGiven") != html.npos);
  s.stopped = true;
  s.stopped_at = s.given + 60;
  html = test::whole(view, receipt_page(view, s, "t"));
  CHECK(html.find("Stopped on") != html.npos);
  CHECK(html.find("/undo") == html.npos);
}

TEST_CASE("the receipt file needs nothing but itself and stops from home") {
  const Look look = test::shop_look();
  const View view = test::shop_view(look);
  const auto file = receipt_file(view, {test::shop_submission(),
                                        {"c2sp.org/tlog-proof@v1\nline <\"x\">\n", "eyJ.eyJ.sig", {}},
                                        "N0",
                                        "aabb",
                                        {"First line", "Second <line>"},
                                        "0011 2233",
                                        "PEM"});
  REQUIRE(file);
  CHECK(file->find("N0") != file->npos);
  CHECK(file->find("<link") == file->npos);
  CHECK(file->find("<style>") != file->npos);
  CHECK(file->find("--brand:#7a3e00") != file->npos);
  CHECK(file->find("line &lt;&quot;x&quot;&gt;") != file->npos);
  CHECK(file->find("<pre id=\"record\">eyJ.eyJ.sig</pre>") != file->npos);
  CHECK(file->find("Second &lt;line&gt;") != file->npos);
  CHECK(file->find("href=\"https://wa.me/46701740699?text=STOP\"") != file->npos);
  CHECK(file->find("href=\"tel:+46701740699\"") != file->npos);
}

TEST_CASE("manage ticks what is agreed, strikes what is withdrawn, and adds nothing") {
  const Look look = test::shop_look();
  const View view = test::shop_view(look);
  desk::Submission s = test::shop_submission();
  s.choices[1].state = consent::State::ConsentWithdrawn;
  const std::string html = test::whole(view, manage_page(view, s, "k", "s", "r", true));
  CHECK(test::count_of(html, "type=\"checkbox\"") == 1);
  CHECK(html.find("value=\"orders\"") != html.npos);
  CHECK(html.find("<s>Offers of the week</s>") != html.npos);
  CHECK(html.find("care") == html.npos);
  CHECK(html.find("action=\"/m/abcdefghijklmnopqrstuv/stop\"") != html.npos);
}

TEST_CASE("the privacy page says what the configuration says") {
  const Look look = test::shop_look();
  const std::string html = test::whole(test::shop_view(look), privacy_page(test::shop_view(look)));
  for (const char* part :
       {"Ultramarinos Tres Faroles, S.L.", "privacidad@tresfaroles.example", "WhatsApp (Meta)",
        "the USA, under clauses", "may come any day", "2 years", "3 years", "A locked proof", "www.aepd.es",
        "as long as we send messages", "till-roll", "until the roll is full"})
    CHECK_MESSAGE(html.find(part) != html.npos, part);
}

TEST_CASE("a poster carries the code, the typed address and two languages") {
  const Look look = test::shop_look();
  const View view = test::shop_view(look);
  const auto page = poster_page(view, test::shop().links.front());
  REQUIRE(page);
  const std::string html = test::whole(view, *page);
  CHECK(html.find("box.tresfaroles.example:8443/o/caja") != html.npos);
  CHECK(html.find("<svg class=\"qr\"") != html.npos);
  CHECK(html.find("lang=\"es\"") < html.find("lang=\"en\" dir=\"ltr\">\n<h1>"));
  CHECK(html.find("class=\"poster size-A4\"") != html.npos);
  const auto help = html.find("class=\"print-help\"");
  REQUIRE(help != html.npos);
  CHECK(html.find("100 %", help) < html.find("</aside>", help));
  CHECK(html.find("href=\"/staff/links\"", help) < html.find("</aside>", help));
  CHECK(html.find("<form") == html.npos);
}

TEST_CASE("errors have words, as HTML and as JSON") {
  const Look look = test::shop_look();
  const View view = test::shop_view(look);
  for (const int status : {400, 403, 404, 405, 413, 414, 421, 429, 431, 500, 503, 504, 507}) {
    CAPTURE(status);
    const net::Response page = error_page(view, status, error_id(status, {}), false);
    CHECK(page.status == status);
    CHECK(page.body.find("<h1>") != std::string::npos);
  }
  CHECK(error_id(403, "cross_site") == "wrong_origin");
  CHECK(error_id(400, "form_token_stale") == "bad_token");
  const net::Response json = error_json(view, 404, "not_found", "not_found");
  CHECK(json.body ==
        "{\"error\":{\"code\":\"not_found\",\"message\":\"Check the address, or scan the code again.\"}}");
}

}  // namespace
}  // namespace counterfoil::pages
