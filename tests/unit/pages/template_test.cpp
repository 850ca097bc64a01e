// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "pages/template.h"

#include "doctest/doctest.h"
#include "pages/assets.h"
#include "pages/site.h"
#include "shop.h"

#include <algorithm>

namespace counterfoil::pages {
namespace {

constexpr std::string_view kAttack = "\"><script>alert('x')</script>{{link}}[[form.errors]]&";

/// Every text between two marks.
std::vector<std::string> between(std::string_view text, std::string_view open, std::string_view close) {
  std::vector<std::string> out;
  for (std::size_t at = text.find(open); at != text.npos; at = text.find(open, at)) {
    at += open.size();
    const std::size_t end = text.find(close, at);
    if (end == text.npos) break;
    out.emplace_back(text.substr(at, end - at));
    at = end + close.size();
  }
  return out;
}

TEST_CASE("what a person typed is escaped wherever it stands") {
  const Look look = test::shop_look();
  const View view = test::shop_view(look);
  Page page;
  page.name = "stop";
  page.title = std::string(kAttack);
  put_problems(page.values, {{"number", view.phrase("stop.bad_number", {{"country", kAttack}})}});
  put_number_field(view, page.values,
                   {std::string(kAttack), std::string(kAttack), std::string(kAttack), "", {}, true});
  const std::string html = test::whole(view, page);
  CHECK(html.find("<script") == html.npos);
  CHECK(html.find("alert('x')") == html.npos);
  CHECK(html.find("value=\"&quot;&gt;&lt;script&gt;") != html.npos);
  // Neither mustache nor words are looked for in what a person typed.
  CHECK(html.find("{{link}}") != html.npos);
  CHECK(html.find("[[form.errors]]") != html.npos);
}

TEST_CASE("phrase escapes and isolates its arguments") {
  const Html html = phrase(i18n::Language::english(), "manage.other_rights", {{"privacy_contact", "<b>&"}});
  CHECK(html.text().find("<bdi>&lt;b&gt;&amp;</bdi>") != std::string::npos);
}

TEST_CASE("an empty text hides its section, also when an outer one has the key") {
  Values inner;
  inner.text("option_line", "").text("option_words", "inner").text("option_id", "x");
  Values question;
  question.text("question_words", "q").text("option_line", "OUTER").list("options", {inner});
  Values block;
  block.group("question", question);
  Values values;
  values.list("form_blocks", {block});
  const auto html = render(i18n::Language::english(), "opt_in", values);
  REQUIRE(html);
  CHECK(html->text().find("inner") != std::string::npos);
  CHECK(html->text().find("OUTER") == std::string::npos);
}

TEST_CASE("templates use only words that exist, and raw markup only under its name") {
  int templates = 0;
  for (const Asset& file : embedded()) {
    if (!file.name.ends_with(".mustache")) continue;
    ++templates;
    CAPTURE(file.name);
    for (const std::string& id : between(file.text, "[[", "]]")) CHECK_MESSAGE(i18n::has(id), id);
    for (const std::string& id : between(file.text, "[[", "]]"))
      CHECK_MESSAGE(i18n::tr(i18n::Language::english(), id).find('{') == std::string::npos, id);
    for (const std::string& key : between(file.text, "{{{", "}}}"))
      CHECK_MESSAGE(key.ends_with("_html"), key);
    std::string rest(file.text);
    for (std::size_t at = rest.find("{{{"); at != rest.npos; at = rest.find("{{{", at))
      rest.erase(at, rest.find("}}}", at) + 3 - at);
    for (const std::string& key : between(rest, "{{", "}}")) {
      const bool section = key.starts_with("#") || key.starts_with("/") || key.starts_with("^");
      CHECK_MESSAGE((section || !key.ends_with("_html")), key);
    }
    CHECK(file.text.find("<script") == file.text.npos);
    CHECK(file.text.find(" style=") == file.text.npos);
    CHECK(file.text.find("{{&") == file.text.npos);
    const auto filled =
        render(i18n::Language::english(), file.name.substr(0, file.name.size() - 9), Values());
    CHECK_MESSAGE(filled.has_value(), (filled ? "" : filled.error().message()));
  }
  CHECK(templates > 15);
  CHECK(render(i18n::Language::english(), "no such", Values()).error().code == Code::Internal);
}

TEST_CASE("the style sheet knows no left and right") {
  const std::string_view css = asset("style.css");
  REQUIRE(!css.empty());
  for (const char* physical : {"margin-left", "margin-right", "padding-left", "padding-right", "border-left",
                               "border-right", "text-align:left", "text-align:right", "float:left",
                               "float:right", ";left:", ";right:", "url(", "@import"})
    CHECK_MESSAGE(css.find(physical) == css.npos, physical);
}

}  // namespace
}  // namespace counterfoil::pages
