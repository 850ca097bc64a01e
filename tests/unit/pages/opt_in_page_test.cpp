// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "pages/opt_in_page.h"

#include "doctest/doctest.h"
#include "shop.h"

namespace counterfoil::pages {
namespace {

std::string form_html(const OptInInput& input, const std::vector<Problem>& problems = {}) {
  const Look look = test::shop_look();
  const View view = test::shop_view(look);
  return test::whole(view, opt_in_page(view, test::shop_form(), input, {problems, {}, 200}, "TOKEN"));
}

TEST_CASE("every line of the notice is shown, in the order that is hashed") {
  const std::string html = form_html({});
  std::size_t at = html.find("<main");
  for (const desk::NoticeLine& line : test::shop_form().notice.lines) {
    CAPTURE(line.role);
    const std::size_t found = html.find(line.text, at);
    REQUIRE(found != html.npos);
    at = found + line.text.size();
  }
}

TEST_CASE("a role the page does not know is shown all the same") {
  const Look look = test::shop_look();
  const View view = test::shop_view(look);
  desk::OptInForm form = test::shop_form();
  form.notice.lines.insert(form.notice.lines.begin() + 3,
                           {"something-new", "A sentence of a later version."});
  const std::string html = test::whole(view, opt_in_page(view, form, {}, {}, "T"));
  CHECK(html.find("A sentence of a later version.") != html.npos);
}

TEST_CASE("no box is ticked before the person ticks it") {
  const std::string html = form_html({});
  CHECK(test::count_of(html, "type=\"checkbox\"") == 7);  // two places, four topics, the age
  CHECK(html.find(" checked") == html.npos);
  CHECK(html.find("value=\"\"") != html.npos);  // the number
  CHECK(html.find("name=\"notice\" value=\"abababab") != html.npos);
  CHECK(html.find("name=\"token\" value=\"TOKEN\"") != html.npos);
}

TEST_CASE("after an error the person's own input is kept, and nothing else is ticked") {
  OptInInput input;
  input.channels = {"sms"};
  input.topics = {"offers", "nonsense"};
  input.number = "070 <174>";
  input.region = "SE";
  const std::string html =
      form_html(input, {{"number", Html::escaped("Wrong number")}, {"age", Html::escaped("Age please")}});
  CHECK(test::count_of(html, " checked") == 2);
  CHECK(html.find("value=\"sms\" checked") != html.npos);
  CHECK(html.find("value=\"offers\" aria-describedby=\"topic-offers-line\" checked") != html.npos);
  CHECK(html.find("value=\"070 &lt;174&gt;\"") != html.npos);
  CHECK(html.find("<option value=\"SE\" selected>") != html.npos);
  CHECK(test::count_of(html, " selected") == 1);
  // Each problem stands in the summary, linked to its field, and beside the field, tied to it.
  CHECK(html.find("<a href=\"#number\">Wrong number</a>") != html.npos);
  CHECK(html.find("id=\"number-error\">Wrong number") != html.npos);
  CHECK(html.find("aria-describedby=\"number-hint number-error\" aria-invalid=\"true\"") != html.npos);
  CHECK(html.find("<a href=\"#age\">Age please</a>") != html.npos);
  CHECK(html.find("aria-describedby=\"age-error\"") != html.npos);
  CHECK(html.find("nonsense") == html.npos);
}

TEST_CASE("one channel asks no question") {
  const Look look = test::shop_look();
  const View view = test::shop_view(look);
  desk::OptInForm form = test::shop_form();
  form.channels = {consent::Channel::WhatsApp};
  auto& lines = form.notice.lines;
  lines.erase(lines.begin() + 4, lines.begin() + 7);
  lines.insert(lines.begin() + 4, {"one-channel", "We write to you on WhatsApp."});
  const std::string html = test::whole(view, opt_in_page(view, form, {}, {}, "T"));
  CHECK(html.find("We write to you on WhatsApp.") != html.npos);
  CHECK(html.find("name=\"channel\"") == html.npos);
}

TEST_CASE("a shared tablet is asked to remember nothing") {
  const Look look = test::shop_look();
  const View view = test::shop_view(look);
  desk::OptInForm form = test::shop_form();
  CHECK(test::whole(view, opt_in_page(view, form, {}, {}, "T")).find("autocomplete=\"tel\"") !=
        std::string::npos);
  form.link.kiosk = true;
  const std::string html = test::whole(view, opt_in_page(view, form, {}, {}, "T"));
  CHECK(html.find("autocomplete=\"tel\"") == html.npos);
  CHECK(html.find("autocomplete=\"off\"") != html.npos);
}

TEST_CASE("the first tap's answer is remembered for its post only, and not for ever") {
  AnsweredPosts answered;
  answered.remember("first", "receipt", 1000);
  CHECK(answered.find("first", 1500, 1000) == "receipt");
  CHECK(!answered.find("second", 1500, 1000));
  CHECK(!answered.find("first", 2001, 1000));
  for (int i = 0; i < 2000; ++i) answered.remember("other" + std::to_string(i), "x", 1500);
  CHECK(!answered.find("first", 1500, 1000));
  CHECK(answered.find("other1999", 1500, 1000));
}

}  // namespace
}  // namespace counterfoil::pages
