// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Accept-Language: RFC 9110 section 12.5.4 and RFC 4647 section 3.4.
#include "base/limits.h"
#include "i18n/i18n.h"

#include <doctest/doctest.h>

#include <vector>

namespace i18n = counterfoil::i18n;
using i18n::Language;

namespace {
const Language kEn = Language::english();

/// The code chosen for a field when English and Spanish are offered and Spanish is the shop's first language.
std::string chosen(std::string_view field) {
  const Language es = *Language::find("es");
  const std::vector<Language> offered = {es, kEn};
  return std::string(i18n::negotiate(field, offered, es).code());
}
}  // namespace

TEST_CASE("the best offered language wins") {
  CHECK(chosen("en") == "en");
  CHECK(chosen("en-GB,en;q=0.9,es;q=0.8") == "en");
  CHECK(chosen("es;q=0.5, en;q=0.7") == "en");
  CHECK(chosen("sv-SE,sv;q=0.9,en-US;q=0.8,en;q=0.7") == "en");
  CHECK(chosen("EN-gb") == "en");
  CHECK(chosen("en-Latn-GB-boont-r-extended-sequence-x-private") == "en");
  CHECK(chosen("es-419,en;q=0.9") == "es");
  CHECK(chosen("en , es") == "en");  // equal weights: the field's own order
  CHECK(chosen("en;q=0.001,lv") == "en");
  CHECK(chosen("en ; q=1.000") == "en");
}

TEST_CASE("nothing usable gives the fallback") {
  for (const char* field : {"", " ", ",", ",,,", "lv", "*", "*;q=0.5", "xx-YY", "en;q=0", "e n", "en_GB",
                            "12", "-en", "en--GB", "en-", "abcdefghi", "\xff\xfe"})
    CHECK(chosen(field) == "es");
}

TEST_CASE("a malformed element is skipped and the rest counts") {
  CHECK(chosen("lv;q=2,en") == "en");
  CHECK(chosen("es;q=,en") == "en");
  CHECK(chosen("es;q=0.5555,en;q=0.1") == "en");
  CHECK(chosen("es;level=1,en") == "en");
  CHECK(chosen("es;q=1.001,en;q=0.1") == "en");
  CHECK(chosen("es;q=-1,en") == "en");
}

TEST_CASE("weight zero refuses, also against the wildcard") {
  CHECK(chosen("es;q=0,*") == "en");
  CHECK(chosen("es;q=0, *;q=0.1") == "en");
  CHECK(chosen("en;q=0,*") == "es");
}

TEST_CASE("only what is offered is chosen, and the pseudo-locale only when offered") {
  CHECK(chosen("qps,en;q=0.1") == "en");
  CHECK(i18n::negotiate("en", std::vector<Language>{}, Language::pseudo()) == Language::pseudo());
  CHECK(i18n::negotiate("qps", std::vector<Language>{Language::pseudo()}, kEn) == Language::pseudo());
}

TEST_CASE("limits are exact") {
  std::string many;
  for (std::size_t i = 0; i + 1 < counterfoil::limits::kAcceptLanguageRangesMax; ++i) many += "lv,";
  CHECK(chosen(many + "en") == "en");
  CHECK(chosen(many + "lv,en") == "es");
  const std::string blanks(counterfoil::limits::kAcceptLanguageBytesMax - 2, ' ');
  CHECK(chosen(blanks + "en") == "en");
  CHECK(chosen(blanks + " en") == "es");
}
