// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What other people's programs may send as JSON, and what not.
#include "api/json_reader.h"

#include <doctest/doctest.h>

namespace counterfoil::api {
namespace {

constexpr json::Limits kLimits{256, 3, 8};

std::string why_not(std::string_view text) {
  const auto value = read_json(text, kLimits);
  REQUIRE_FALSE(value);
  CHECK(value.error().code == Code::BadInput);
  return value.error().detail;
}

}  // namespace

TEST_CASE("any spacing, order and escape of one text is the same value") {
  const json::Value expected = json::Object{
      {"a", json::Array{1, -2, true, nullptr}}, {"b", "caf\u00e9"}, {"c", json::Object{{"d", ""}}}};
  for (const std::string_view text : {
           R"({"a":[1,-2,true,null],"b":"café","c":{"d":""}})",
           "\n{ \"c\" : {\"d\":\"\"},\t\"b\":\"caf\\u00e9\", \"a\": [ 1 , -2 , true , null ] } \r\n",
       })
    CHECK(read_json(text, {256, 3, 16}).value() == expected);
}

TEST_CASE("integers end where every program still counts exactly") {
  CHECK(*read_json("9007199254740991", kLimits)->integer() == 9007199254740991);
  CHECK(*read_json("-9007199254740991", kLimits)->integer() == -9007199254740991);
  for (const char* text : {"9007199254740992", "-9007199254740992", "18446744073709551615"})
    CHECK(why_not(text) == "a number is beyond 2^53 - 1");
  for (const char* text : {"1.0", "1e3", "99999999999999999999999999"})
    CHECK(why_not(text) == "numbers are whole numbers here");
}

TEST_CASE("what is no JSON is refused at its place and not repeated") {
  CHECK(why_not("") == "this is no JSON from byte 1 on");
  CHECK(why_not("{\"number\":\"+46701740631\"") == "this is no JSON from byte 25 on");
  CHECK(why_not("{'a':1}") == "this is no JSON from byte 2 on");
  for (const char* text : {"[1,]", "[1] 2", "{\"a\":1,}", "nul", "NaN", "// a\n1", "\"\xff\"",
                           "\"\xed\xa0\x80\"", "\"\\ud800\"", "\"\x01\"", "\xef\xbb\xbf[", "+1", "01"})
    CHECK(why_not(text).starts_with("this is no JSON from byte"));
}

TEST_CASE("a name that stands twice could be read either way") {
  CHECK(why_not(R"({"a":1,"a":1})") == "a name stands twice in one object");
  CHECK(why_not(R"({"a":1,"\u0061":2})") == "a name stands twice in one object");
}

TEST_CASE("limits") {
  CHECK(read_json("[[[1]]]", kLimits));
  CHECK(why_not("[[[[1]]]]") == "this is nested too deeply");
  CHECK(why_not(std::string(200, '[')) == "this is nested too deeply");
  CHECK(read_json("[1,2,3,4,5,6,7]", kLimits));
  CHECK(why_not("[1,2,3,4,5,6,7,8]") == "this has too many values");
  CHECK(read_json("\"" + std::string(254, 'a') + "\"", kLimits));
  CHECK(why_not("\"" + std::string(255, 'a') + "\"") == "this is too long");
}

}  // namespace counterfoil::api
