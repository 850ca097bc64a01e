// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The words as compiled in: complete in each language, safe for HTML, filled correctly.
#include "i18n/i18n.h"
#include "i18n/po_file.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <vector>

namespace i18n = counterfoil::i18n;
using i18n::Language;

namespace {

Language spanish() {
  const auto found = Language::find("es");
  REQUIRE(found);
  return *found;
}

/// The text of an id in which each placeholder stands for itself.
std::string raw_text(Language language, std::string_view id) {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    for (const char* name : {"a",
                             "address",
                             "age",
                             "ago",
                             "authority",
                             "b",
                             "business",
                             "calling_code",
                             "channel",
                             "channels",
                             "class",
                             "code",
                             "country",
                             "date",
                             "dates",
                             "day",
                             "days",
                             "domain",
                             "dpo",
                             "ended",
                             "evidence",
                             "exceptions",
                             "forgotten",
                             "from",
                             "hour",
                             "hours",
                             "item",
                             "key",
                             "legal_name",
                             "link",
                             "minute",
                             "month",
                             "n",
                             "next",
                             "notice",
                             "number",
                             "page",
                             "per_day",
                             "period",
                             "place",
                             "purpose",
                             "question",
                             "recipient",
                             "recipients",
                             "role",
                             "scope",
                             "sent",
                             "sent_topic",
                             "stop",
                             "tax_id",
                             "time",
                             "to",
                             "topic",
                             "topics",
                             "until",
                             "url",
                             "user",
                             "ways",
                             "where",
                             "year",
                             "days_per_week",
                             "privacy_contact"})
      out.emplace_back(name);
    return out;
  }();
  static const std::vector<std::string> braced = [] {
    std::vector<std::string> out;
    for (const std::string& name : names) out.push_back("{" + name + "}");
    return out;
  }();
  std::vector<i18n::Arg> args;
  for (std::size_t i = 0; i < names.size(); ++i) args.emplace_back(names[i], braced[i]);
  return i18n::tr(language, id, std::span<const i18n::Arg>(args));
}

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace

TEST_CASE("every id has a text with the same placeholders in every language") {
  CHECK(i18n::ids().size() > 500);
  CHECK(Language::all().size() == 2);
  for (const std::string_view id : i18n::ids()) {
    CAPTURE(std::string(id));
    const auto expected = i18n::placeholders(raw_text(Language::english(), id));
    REQUIRE(expected);
    for (const Language language : {Language::english(), spanish(), Language::pseudo()}) {
      const std::string text = raw_text(language, id);
      CHECK_FALSE(text.empty());
      CHECK(text.find_first_of("<>&\"") == std::string::npos);
      const auto found = i18n::placeholders(text);
      REQUIRE(found);
      CHECK(*found == *expected);
    }
  }
}

TEST_CASE("the pseudo-locale shows what is not translated and what does not fit") {
  for (const std::string_view id : i18n::ids()) {
    CAPTURE(std::string(id));
    const std::string english = raw_text(Language::english(), id);
    const std::string pseudo = raw_text(Language::pseudo(), id);
    if (!pseudo.starts_with("⟦")) {
      CHECK(pseudo == english);
      continue;
    }
    CHECK(pseudo.ends_with("⟧"));
    std::size_t letters = 0;
    bool inside = false;
    for (const char c : english) {
      if (c == '{' || c == '}') inside = c == '{';
      if (!inside && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))) ++letters;
    }
    CHECK(code_points(pseudo) * 10 >= code_points(english) * 10 + letters * 3);
  }
  CHECK(i18n::tr(Language::pseudo(), "stop.title") == "⟦Šţöþ áļļ ɱéššáĝéš·····⟧");
  CHECK(i18n::tr(Language::pseudo(), "wa.stop") == "STOP");
  CHECK(i18n::tr(Language::pseudo(), "time.hour_digits") == "2");
}

TEST_CASE("languages are found by code and know their direction and name") {
  CHECK(Language() == Language::english());
  CHECK(Language::english().code() == "en");
  CHECK(spanish().code() == "es");
  CHECK(spanish().name() == "Español");
  CHECK(spanish().direction() == "ltr");
  CHECK(*Language::find("ES") == spanish());
  CHECK(*Language::find("qps") == Language::pseudo());
  CHECK(Language::pseudo().code() == "qps");
  CHECK(Language::all().front() == Language::english());
  for (const char* code : {"", "e", "eng", "es-ES", "xx", "../en"}) {
    const auto found = Language::find(code);
    REQUIRE_FALSE(found);
    CHECK(found.error().code == counterfoil::Code::NotFound);
  }
}

TEST_CASE("placeholders are filled once, from the arguments, and nothing else is read as one") {
  CHECK(i18n::tr(Language::english(), "notice.title", {{"business", "Tres Faroles"}}) ==
        "Messages from Tres Faroles");
  CHECK(i18n::tr(spanish(), "notice.title", {{"business", "Tres Faroles"}}) == "Mensajes de Tres Faroles");
  CHECK(i18n::tr(Language::english(), "list.and.two", {{"a", "{b}"}, {"b", "{a}"}}) == "{b} and {a}");
  CHECK(i18n::tr(Language::english(), "notice.free", {{"unused", "x"}}) ==
        "Saying no changes nothing: same prices, same service.");
}

TEST_CASE("a word that does not exist stops a build with assertions and shows its id in a release") {
  const auto asks_wrongly = [](std::string_view id, std::string_view shown) {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      static_cast<void>(signal(SIGABRT, SIG_DFL));  // doctest would report the abort as a failed test
      _exit(i18n::tr(Language::english(), id) == shown ? 0 : 1);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
#ifdef NDEBUG
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
#else
    REQUIRE(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGABRT);
#endif
  };
  asks_wrongly("no.such.id", "no.such.id");
  asks_wrongly("notice.title", "Messages from {business}");
  CHECK_FALSE(i18n::has("no.such.id"));
}

TEST_CASE("counting takes the form of the number") {
  CHECK(i18n::tr_count(Language::english(), "count.messages", 1) == "1 message");
  CHECK(i18n::tr_count(Language::english(), "count.days", 3) == "3 days");
  CHECK(i18n::tr_count(spanish(), "count.years", 2) == "2 años");
  CHECK(i18n::tr_count(spanish(), "count.months", 1) == "1 mes");
  CHECK(i18n::tr_count(Language::english(), "count.days", 0) == "0 days");
}

TEST_CASE("a stop, an erasure and a stop of everything read the same at a till") {
  for (const Language language : {Language::english(), spanish()}) {
    const std::string everything = i18n::tr(language, "scope.everything");
    CHECK(i18n::tr(language, "verdict.suppressed.why") ==
          i18n::tr(language, "verdict.withdrawn.why", {{"scope", everything}}));
    for (const char* part : {"headline", "do", "say"})
      CHECK(i18n::tr(language, std::string("verdict.suppressed.") + part) ==
            i18n::tr(language, std::string("verdict.withdrawn.") + part));
  }
}

TEST_CASE("every reason of the decision has its four sentences") {
  for (const std::string code :
       {"allow", "clock_untrusted", "ledger_damaged", "suppressed", "withdrawn", "never_consented",
        "unconfirmed", "topic_not_granted", "channel_not_granted", "expired"})
    for (const char* part : {".headline", ".why", ".do", ".say"}) CHECK(i18n::has("verdict." + code + part));
}

TEST_CASE("the demo notice reads as the demo page has it") {
  const std::vector<unsigned> days = {1, 2, 3, 4, 5};
  const auto promise = [&](Language l) {
    return i18n::tr(l, "notice.promise",
                    {{"per_day", i18n::tr_count(l, "count.messages", 1)},
                     {"days_per_week", i18n::tr_count(l, "count.days", 3)},
                     {"days", i18n::format_weekdays(l, days)},
                     {"hours", i18n::format_hours(l, 9 * 60, 20 * 60)}});
  };
  CHECK(promise(Language::english()) ==
        "Never more than 1 message a day, on 3 days a week at most, Monday to Friday, 9:00 to 20:00.");
  CHECK(promise(spanish()) ==
        "Como máximo 1 mensaje al día y 3 días a la semana, de lunes a viernes, de 9:00 a 20:00.");
  const auto ways = [](Language l) {
    const std::vector<std::string> all = {i18n::tr(l, "notice.way.receipt"),
                                          i18n::tr(l, "notice.way.whatsapp"), i18n::tr(l, "notice.way.till")};
    return i18n::tr(l, "notice.stop_ways", {{"ways", i18n::join_or(l, all)}});
  };
  CHECK(ways(Language::english()) ==
        "I can stop whenever I like, just as easily: one tap on my receipt, STOP on WhatsApp, or a word at "
        "any till.");
  CHECK(ways(spanish()) ==
        "Puedo darme de baja cuando quiera, igual de fácil: un toque en mi comprobante, BAJA por WhatsApp o "
        "una "
        "palabra en cualquier caja.");
}

TEST_CASE("countries have names where the catalogue has one") {
  CHECK(i18n::country_name(spanish(), "SE") == "Suecia");
  CHECK(i18n::country_name(Language::english(), "US") == "United States");
  CHECK(i18n::country_name(Language::english(), "TO") == "TO");
}
