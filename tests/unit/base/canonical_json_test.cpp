// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "counterfoil/base/canonical_json.h"

#include <doctest/doctest.h>

namespace counterfoil {

TEST_CASE("canonical JSON writes one text per value") {
  json::Object o{
      {"b", 1}, {"a", json::Array{json::Value(), true, -5}}, {"n", "ma\xC3\xB1\"\\\n\xF0\x9F\x98\x80\x7F"}};
  CHECK(*json::write(o) == R"({"a":[null,true,-5],"b":1,"n":"ma\u00f1\"\\\n\ud83d\ude00\u007f"})");
  CHECK_FALSE(json::write("\xC0\x80"));
  CHECK_FALSE(json::write(std::int64_t{1} << 53));
}

TEST_CASE("canonical JSON reader accepts exactly what the writer writes") {
  for (std::string_view text : {R"({"a":[null,true,-5],"b":1,"n":"\u00f1\ud83d\ude00\u007f\t"})", "[]", "{}",
                                "0", "-1", "9007199254740991", R"("")"}) {
    auto value = json::read(text);
    REQUIRE(value);
    CHECK(*json::write(*value) == text);
  }
}

TEST_CASE("canonical JSON reader refuses every other spelling") {
  for (std::string_view text : {"",
                                " 1",
                                "1 ",
                                "01",
                                "-0",
                                "+1",
                                "1.0",
                                "1e3",
                                "9007199254740992",
                                "99999999999999999999",
                                "tru",
                                "[1,]",
                                "[1 ]",
                                R"({"b":1,"a":2})",
                                R"({"a":1,"a":2})",
                                R"({"a" :1})",
                                R"("\u0041")",
                                R"("\u00F1")",
                                R"("\u000a")",
                                R"("\/")",
                                R"("\ud800")",
                                R"("\udc00")",
                                R"("\ud800\u0041")",
                                "\"\xC3\xB1\"",
                                "\"\x80\"",
                                "\"\xFF\"",
                                "\"\n\"",
                                R"("abc)",
                                "{",
                                "nullnull"}) {
    CAPTURE(text);
    CHECK_FALSE(json::read(text));
  }
}

TEST_CASE("canonical JSON reader stops at its limits") {
  CHECK(json::read("[[[]]]", {.depth_max = 3}));
  CHECK_FALSE(json::read("[[[[]]]]", {.depth_max = 3}));
  CHECK(json::read("[1,2]", {.values_max = 3}));
  CHECK_FALSE(json::read("[1,2,3]", {.values_max = 3}));
  CHECK_FALSE(json::read("[1,2]", {.bytes_max = 4}));
}

TEST_CASE("typed members name the key they miss") {
  auto v = json::read(R"({"i":1,"l":["x","y"],"s":"t"})");
  CHECK(*v->string_at("s") == "t");
  CHECK(*v->integer_at("i") == 1);
  CHECK(v->strings_at("l")->size() == 2);
  CHECK(v->string_at("i").error().message().find("\"i\"") != std::string::npos);
  CHECK_FALSE(v->strings_at("s"));
}

}  // namespace counterfoil
