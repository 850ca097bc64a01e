// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "net/request.h"

#include "net/same_origin.h"
#include "support.h"

namespace counterfoil::net {
namespace {

Request posted(std::string body, std::string type = "application/x-www-form-urlencoded") {
  Request r;
  r.method = Method::Post;
  r.fields = {{"Content-Type", std::move(type)}};
  r.body = std::move(body);
  return r;
}

std::string refusal_of(const Request& r) {
  auto form = parse_form(r);
  if (form) return "read";
  FormRefusal refusal = form_refusal(form.error());
  return std::to_string(refusal.status) + " " + refusal.reason;
}

}  // namespace

TEST_CASE("a form keeps order and repeated names") {
  auto form = parse_form(posted("topic=news&name=Mar%C3%ADa+Jos%C3%A9&topic=offers&empty=&bare",
                                "Application/x-www-form-urlencoded; charset=UTF-8"));
  REQUIRE(form);
  CHECK(form->all("topic") == std::vector<std::string>{"news", "offers"});
  CHECK(form->text("name") ==
        "Mar\xC3\xAD"
        "a Jos\xC3\xA9");
  CHECK(form->find("empty") == "");
  CHECK(form->find("bare") == "");
  CHECK_FALSE(form->find("absent"));
  CHECK(parse_form(posted("")));
  CHECK(parse_urlencoded("")->empty());
}

TEST_CASE("a form that is not one is refused with its status") {
  CHECK(refusal_of(posted("a=b", "multipart/form-data; boundary=x")) == "415 form_type");
  CHECK(refusal_of(posted("{}", "application/json")) == "415 form_type");
  CHECK(refusal_of(posted("a=b", "")) == "415 form_type");
  CHECK(refusal_of(posted("a=%zz")) == "400 form_encoding");
  CHECK(refusal_of(posted("a=%4")) == "400 form_encoding");
  CHECK(refusal_of(posted("a=%")) == "400 form_encoding");
  CHECK(refusal_of(posted("a=%ff")) == "400 form_utf8");
  CHECK(refusal_of(posted("a=%00")) == "400 form_utf8");
  CHECK(refusal_of(posted("=b")) == "400 form_name");
}

TEST_CASE("a form has at most so many fields") {
  auto with_fields = [](std::size_t count) {
    std::string body;
    for (std::size_t i = 0; i < count; ++i) body += "a=b&";
    return body;
  };
  CHECK(refusal_of(posted(with_fields(limits::kFormFieldsMax))) == "read");
  CHECK(refusal_of(posted(with_fields(limits::kFormFieldsMax + 1))) == "413 form_fields_limit");
  CHECK(refusal_of(posted(with_fields(10'000))) == "413 form_fields_limit");
}

TEST_CASE("percent encoding goes there and back") {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  CHECK(percent_decode(percent_encode(all)) == all);
  CHECK(percent_encode("a-b_c.~/ +") == "a-b_c.~%2F%20%2B");
}

TEST_CASE("fields and cookies are found as HTTP says") {
  Request r;
  r.listener = ListenerKind::Staff;
  r.fields = {{"X-One", "1"}, {"cookie", "a=1; __Host-cf=token;b=2"}};
  CHECK(r.field("x-one") == "1");
  CHECK(r.cookie("__Host-cf") == "token");
  CHECK(r.cookie("b") == "2");
  CHECK_FALSE(r.cookie("c"));
  r.fields.push_back({"Cookie", "__Host-cf=other"});
  CHECK_FALSE(r.cookie("__Host-cf"));
  r.listener = ListenerKind::Customer;
  CHECK_FALSE(r.cookie("a"));
}

TEST_CASE("redirects stay on this host") {
  CHECK(Response::redirect("/r/abc?x=1").field("location") == "/r/abc?x=1");
  for (const char* bad :
       {"", "//evil.example", "/\\evil.example", "https://evil.example/", "/a\r\nSet-Cookie: x", "/a b"})
    CHECK_MESSAGE(Response::redirect(bad).field("location") == "/", bad);
}

TEST_CASE("a post from another site is told apart") {
  Request r;
  r.is_secure = true;
  r.authority = "shop.example:8443";
  auto with = [&](NameValues fields, ListenerKind kind = ListenerKind::Customer) {
    r.fields = std::move(fields);
    r.listener = kind;
    return is_same_origin(r);
  };
  CHECK(with({}));
  CHECK(with({{"Origin", "https://shop.example:8443"}}));
  CHECK(with({{"Origin", "https://Shop.Example:8443"}, {"Sec-Fetch-Site", "same-origin"}}));
  CHECK_FALSE(with({{"Origin", "https://evil.example"}}));
  CHECK_FALSE(with({{"Origin", "https://shop.example"}}));
  CHECK_FALSE(with({{"Origin", "http://shop.example:8443"}}));
  CHECK_FALSE(with({{"Sec-Fetch-Site", "cross-site"}}));
  CHECK_FALSE(with({{"Origin", "https://shop.example:8443"}, {"Sec-Fetch-Site", "cross-site"}}));
  // Referrer-Policy no-referrer makes browsers say null of our own forms.
  CHECK(with({{"Origin", "null"}, {"Sec-Fetch-Site", "same-origin"}}));
  CHECK_FALSE(with({{"Origin", "null"}, {"Sec-Fetch-Site", "same-site"}}));
  CHECK(with({{"Origin", "null"}}));
  CHECK_FALSE(with({{"Origin", "null"}}, ListenerKind::Staff));
}

}  // namespace counterfoil::net
