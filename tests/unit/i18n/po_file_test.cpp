// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The catalogue compiler's judgement: what it reads, and every flaw it must refuse.
#include "i18n/po_file.h"

#include <doctest/doctest.h>

using counterfoil::Code;
namespace i18n = counterfoil::i18n;

namespace {

std::string po(const std::string& language, const std::string& entries) {
  return "msgid \"\"\nmsgstr \"\"\n\"X: y\\n\"\n\"Language: " + language +
         "\\n\"\n\"Content-Type: text/plain; charset=UTF-8\\n\"\n" + entries;
}
std::string entry(const std::string& id, const std::string& english, const std::string& translation) {
  return "\nmsgctxt \"" + id + "\"\nmsgid \"" + english + "\"\nmsgstr \"" + translation + "\"\n";
}
i18n::PoFile must_read(const std::string& text) {
  auto file = i18n::read_po("x.po", text);
  if (!file) FAIL(file.error().message());
  return *file;
}
const std::string kSource = po("en", entry("a.b", "Hello {name}", "") + entry("c", "Bye", ""));

std::string translation_flaw(const std::string& entries) {
  const auto done = i18n::check_translation(must_read(kSource), must_read(po("es", entries)));
  if (done) return {};
  CHECK(done.error().code == Code::BadInput);
  return done.error().detail;
}
bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a catalogue is read with its language, direction, continued lines and escapes") {
  const auto file = must_read(
      "# Words\nmsgid \"\"\nmsgstr \"\"\n\"A: b\\n\"\n\"Language: ar\\n\"\n\"X-Direction: rtl\\n\"\n"
      "\"Content-Type: text/plain; charset=UTF-8\\n\"\n\n#. note\n#, c-format\nmsgctxt \"a.b\"\nmsgid \"one "
      "\"\n\"two\"\n"
      "msgstr \"back\\\\slash\"\nmsgctxt \"c\"\nmsgid \"x\"\nmsgstr \"\"");
  CHECK(file.language == "ar");
  CHECK(file.right_to_left);
  CHECK(file.entries.size() == 2);
  CHECK(file.entries.at("a.b").english == "one two");
  CHECK(file.entries.at("a.b").translation == "back\\slash");
  CHECK(file.entries.at("a.b").line == 11);
  CHECK_FALSE(must_read(kSource).right_to_left);
}

TEST_CASE("what is not a strict catalogue is refused") {
  for (const std::string& text :
       {std::string(), std::string("msgid \"\"\nmsgstr \"\"\n"), po("en", "nonsense\n"),
        po("en", "msgid_plural \"x\"\n"), po("en", "\nmsgid \"x\"\nmsgstr \"\"\n"),
        po("en", "\nmsgctxt \"a\"\nmsgid \"x\"\n"), po("en", "\nmsgctxt \"a\"\nmsgid \"x\nmsgstr \"\"\n"),
        po("en", "\nmsgctxt \"a b\"\nmsgid \"x\"\nmsgstr \"\"\n"),
        po("en", "\nmsgctxt \"a\"\nmsgid \"x\"y\"\nmsgstr \"\"\n"),
        po("en", "\nmsgctxt \"a\"\nmsgid \"\\t\"\nmsgstr \"\"\n"),
        po("en", "\nmsgctxt \"a\"\nmsgid \"x\"\nmsgid \"y\"\nmsgstr \"\"\n"),
        po("en", entry("a", "x", "") + entry("a", "y", "")), std::string("\"loose\"\n")}) {
    CAPTURE(text);
    const auto file = i18n::read_po("x.po", text);
    REQUIRE_FALSE(file);
    CHECK(file.error().code == Code::BadInput);
    CHECK(file.error().detail.starts_with("x.po:"));
  }
}

TEST_CASE("a complete translation passes") {
  CHECK(translation_flaw(entry("c", "Bye", "Adiós") + entry("a.b", "Hello {name}", "{name}, hola")).empty());
}

TEST_CASE("each flaw of a translation stops the build") {
  const std::string good_a = entry("a.b", "Hello {name}", "Hola, {name}");
  const std::string good_c = entry("c", "Bye", "Adiós");
  CHECK(holds(translation_flaw(good_a), "c is missing"));
  CHECK(holds(translation_flaw(good_a + entry("c", "Bye", "")), "is empty"));
  CHECK(holds(translation_flaw(good_a + good_c + entry("d", "x", "y")), "is not in"));
  CHECK(holds(translation_flaw(good_a + entry("c", "Goodbye", "Adiós")), "older English"));
  CHECK(holds(translation_flaw(good_a + "\n#, fuzzy" + good_c), "fuzzy"));
  CHECK(holds(translation_flaw(good_c + entry("a.b", "Hello {name}", "Hola")), "other placeholders"));
  CHECK(
      holds(translation_flaw(good_c + entry("a.b", "Hello {name}", "Hola, {nombre}")), "other placeholders"));
  CHECK(holds(translation_flaw(good_c + entry("a.b", "Hello {name}", "Hola, {name")), "brace"));
  CHECK(holds(translation_flaw(good_a + entry("c", "Bye", "<b>Adiós</b>")), "one of < > &"));
  CHECK(holds(translation_flaw(good_a + entry("c", "Bye", "Adi\xf3s")), "UTF-8"));
  CHECK(holds(translation_flaw(good_a + entry("c", "Bye", "Adiós\\n")), "control character"));
}

TEST_CASE("each flaw of the source stops the build") {
  for (const std::string& flawed : {entry("a", "x & y", ""), entry("a", "", ""), entry("a", "{Name}", ""),
                                    entry("a", "}{", ""), entry("a", "x", "y")}) {
    CAPTURE(flawed);
    CHECK_FALSE(i18n::check_source(must_read(po("en", flawed))));
  }
  CHECK(i18n::check_source(must_read(kSource)));
  // Also where nobody asked about the source alone before.
  const auto unchecked = must_read(po("es", entry("a", "Hello {name", "Hola")));
  CHECK(holds(i18n::check_translation(unchecked, unchecked).error().detail, "brace"));
}

TEST_CASE("placeholders are found once each") {
  const auto names = i18n::placeholders("{b} and {a_c}, {b}");
  REQUIRE(names);
  CHECK(*names == std::set<std::string, std::less<>>{"a_c", "b"});
  for (const char* text : {"{", "}", "{}", "{a", "a}", "{a{b}}", "{A}", "{a b}", "{1}"})
    CHECK_FALSE(i18n::placeholders(text));
}
