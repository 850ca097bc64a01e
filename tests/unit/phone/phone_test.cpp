// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Telephone numbers. Every number here comes from a range reserved for fiction, or is refused on purpose.
#include "phone/phone.h"

#include "base/limits.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <thread>

using counterfoil::Code;
namespace phone = counterfoil::phone;

namespace {
std::string canonical_or_empty(std::string_view typed, std::string_view region) {
  const auto r = phone::canonical(typed, region);
  return r ? *r : std::string();
}
/// `why` is a part of the reason given.
void check_refused(std::string_view typed, std::string_view region, std::string_view why = {}) {
  const auto r = phone::canonical(typed, region);
  CAPTURE(std::string(typed));
  REQUIRE_FALSE(r);
  CHECK(r.error().code == Code::BadInput);
  CHECK(r.error().detail.find(why) != std::string::npos);
  // Nothing that was typed may come back: not even two digits of it.
  CHECK(std::none_of(r.error().detail.begin(), r.error().detail.end(),
                     [](char c) { return c >= '0' && c <= '9'; }));
}
}  // namespace

TEST_CASE("all 95 numbers of the Swedish fiction range are accepted and shown") {
  for (int n = 605; n <= 699; ++n) {
    const std::string tail = "0" + std::to_string(n);
    const std::string e164 = "+46701740" + tail.substr(1);
    CHECK(canonical_or_empty("070-174 " + tail.substr(0, 2) + " " + tail.substr(2), "SE") == e164);
    CHECK(canonical_or_empty(e164, "ES") == e164);
    CHECK(phone::show(e164).region == "SE");
    CHECK(phone::region_of(e164) == "SE");
  }
}

TEST_CASE("the American fiction numbers of the demo are accepted") {
  CHECK(canonical_or_empty("+1 202 555 0101", "ES") == "+12025550101");
  CHECK(canonical_or_empty("(202) 555-0199", "US") == "+12025550199");
  CHECK(phone::show("+12025550199").masked == "+1 ···-···-··99");
  CHECK(phone::region_of("+12025550199") == phone::show("+12025550199").region);
}

TEST_CASE("one number, many spellings") {
  for (const std::string typed :
       {"0701740605", "070-174 06 05", " 070 174 06 05 ", "(070) 174.06.05", "070/174 06 05", "+46701740605",
        "0046 70 174 06 05", "+46 (0)70 174 06 05", "\t+46-70-174-06-05", "０７０　１７４　０６　０５",
        "＋４６７０１７４０６０５", "٠٧٠١٧٤٠٦٠٥", "۰۷۰ ۱۷۴ ۰۶ ۰۵", "070\u00a0174\u00a006\u00a005",
        "070–174–06–05", "\u202a+46 70 174 06 05\u202c", "\u2066070-174 06 05\u2069"}) {
    CAPTURE(typed);
    CHECK(canonical_or_empty(typed, "SE") == "+46701740605");
  }
}

TEST_CASE("drama ranges that the plans call invalid are refused") {
  check_refused("07700 900123", "GB", "no such number");
  check_refused("+44 7700 900999", "ES", "no such number");
  check_refused("06 39 98 00 01", "FR", "no such number");
  check_refused("+33 6 39 98 99 99", "ES", "no such number");
}

TEST_CASE("numbers that take no messages are refused") {
  check_refused("+1 800 555 0199", "US", "this kind of number");  // toll-free
  check_refused("08-465 004 05", "SE", "this kind of number");    // fixed line, fiction range of Stockholm
  check_refused("0900-123 45 67", "SE", "this kind of number");   // premium rate
}

TEST_CASE("what is not a number is refused without echoing it") {
  for (const std::string typed :
       {"", " ", "+", "abc", "07", "070174060", "07017406055555555", "070-174 06 05 ext. 3",
        "070-174 06 05;ext=3", "070-174 06 05 x3", "1-800-FLOWERS", "070-174 06 05, 070-174 06 06",
        "070-174 06 05<b>", "070174\n0605", "0701740605\xff",
        "\xc0\xb0"
        "701740605",
        "+999 70 174 06 05"})
    check_refused(typed, "SE");
  check_refused(std::string("0701740605\0", 11), "SE");
  check_refused("0701740605", "");
  check_refused("0701740605", "ZZ");
  check_refused("0701740605", "se");
  check_refused("0701740605", "Sweden");
}

TEST_CASE("the length limit is exact") {
  const std::string number = "+46701740605";
  const std::size_t room = counterfoil::limits::kPhoneBytesMax - number.size();
  CHECK(canonical_or_empty(number + std::string(room, ' '), "SE") == number);
  check_refused(number + std::string(room + 1, ' '), "SE");
}

TEST_CASE("a canonical number is printed with its country, and masked") {
  const phone::Shown s = phone::show("+46701740605");
  CHECK(s.region == "SE");
  CHECK(s.country_code == "+46");
  CHECK(s.international == "+46 70 174 06 05");
  CHECK(s.masked == "+46 ·· ··· ·· 05");
}

TEST_CASE("what is not canonical shows as nothing") {
  for (const char* text :
       {"", "+", "0701740605", "+46 70 174 06 05", "+46701740605 ", "+4670174", "tel:+46701740605"}) {
    const phone::Shown s = phone::show(text);
    CHECK(s.region.empty());
    CHECK(s.international.empty());
    CHECK(s.masked.empty());
  }
}

TEST_CASE("the country list is sorted and holds calling codes") {
  const auto all = phone::regions();
  CHECK(all.size() > 200);
  CHECK(std::is_sorted(all.begin(), all.end(), [](auto& a, auto& b) { return a.code < b.code; }));
  const auto holds = [&](const char* code, const char* calling) {
    return std::find(all.begin(), all.end(), phone::Region{code, calling}) != all.end();
  };
  CHECK(holds("ES", "+34"));
  CHECK(holds("SE", "+46"));
  CHECK(holds("US", "+1"));
  CHECK(holds("AM", "+374"));
}

TEST_CASE("many threads agree") {
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (std::size_t t = 0; t < wrong.size(); ++t)
    threads.emplace_back([&wrong, t] {
      for (int i = 0; i < 200; ++i) {
        if (canonical_or_empty("070-174 06 05", "SE") != "+46701740605") ++wrong[t];
        if (phone::show("+12025550101").country_code != "+1") ++wrong[t];
      }
    });
  for (auto& t : threads) t.join();
  for (const int w : wrong) CHECK(w == 0);
}
