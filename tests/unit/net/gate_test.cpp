// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "net/gate.h"

#include "support.h"

namespace counterfoil::net {

using test::head_with;

namespace {

Verdict judged(const std::string& head, const RouteLimits& limits = {}) {
  return RequestGate::judge_route(RequestGate::judge(head), limits);
}

std::string reason_of(const std::string& head, const RouteLimits& limits = {}) {
  Verdict v = judged(head, limits);
  return v.admitted ? "admitted" : std::to_string(v.status) + " " + v.reason;
}

const RouteLimits kPostRoute = {.methods = {Method::Get, Method::Head, Method::Post}};

}  // namespace

TEST_CASE("the gate admits what browsers and curl send") {
  std::string chrome = head_with("GET /o/AbC123?lang=es&x=%C3%B1 HTTP/1.1",
                                 "Connection: keep-alive\r\nUpgrade-Insecure-Requests: 1\r\n"
                                 "User-Agent: Mozilla/5.0 (Linux; Android 9) Chrome/120\r\n"
                                 "Accept: text/html,*/*;q=0.8\r\nSec-Fetch-Site: none\r\n"
                                 "Accept-Encoding: gzip, deflate, br\r\nAccept-Language: es-ES,es;q=0.9\r\n");
  Verdict v = judged(chrome);
  REQUIRE(v.admitted);
  CHECK(v.head.path == "/o/AbC123");
  CHECK(v.head.query == NameValues{{"lang", "es"}, {"x", "\xC3\xB1"}});
  CHECK(v.head.host == "shop.example");
  CHECK(v.head.keep_alive);
  CHECK(reason_of(head_with("POST /stop HTTP/1.1", "Content-Length: 12\r\n"), kPostRoute) == "admitted");
  CHECK(reason_of("GET / HTTP/1.1\r\nhost: [::1]:8443\r\n\r\n") == "admitted");
  CHECK(reason_of("GET / HTTP/1.1\r\nHost:shop.example:443\r\nVia: 1.1 proxy\r\n\r\n") == "admitted");
}

TEST_CASE("the gate refuses each hostile head of the attack table") {
  // Each row is one that a stock cpp-httplib of Debian 12 or 13 answers with 200.
  CHECK(reason_of(head_with("POST /stop HTTP/1.1", "Content-Encoding: gzip\r\nContent-Length: 9\r\n"),
                  kPostRoute) == "415 content_encoding");
  CHECK(reason_of(head_with("POST /stop HTTP/1.1", "Transfer-Encoding: chunked\r\n"), kPostRoute) ==
        "400 transfer_encoding");
  CHECK(reason_of(head_with("POST /stop HTTP/1.1", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
                  kPostRoute) == "400 transfer_encoding");
  CHECK(reason_of(head_with("POST /stop HTTP/1.1", "Content-Length: 1\r\nContent-Length: 5\r\n"),
                  kPostRoute) == "400 content_length_repeated");
  CHECK(reason_of(head_with("POST /stop HTTP/1.1", "Content-Length: 5\r\ncontent-length: 5\r\n"),
                  kPostRoute) == "400 content_length_repeated");
  CHECK(reason_of(head_with("GET / HTTP/1.1", "REMOTE_ADDR: 9.9.9.9\r\n")) == "400 field_name");
  CHECK(reason_of(head_with("GET / HTTP/1.1", "X-A: a%0d%0aSet-Cookie: x\r\n")) == "400 encoded_control");
  std::string many;
  for (int i = 0; i < 700; ++i) many += "a" + std::to_string(i) + ": b\r\n";
  CHECK(reason_of(head_with("GET / HTTP/1.1", many)) == "431 fields_limit");
}

TEST_CASE("the gate refuses fields that frame, attribute or upgrade") {
  for (const char* name : {"Range", "Upgrade", "Forwarded", "X-Forwarded-For", "X-Forwarded-Host",
                           "x-forwarded-proto", "X-Real-IP", "Trailer", "HTTP2-Settings"})
    CHECK_MESSAGE(
        RequestGate::judge(head_with("GET / HTTP/1.1", std::string(name) + ": x\r\n")).status == 400, name);
  CHECK(reason_of(head_with("POST / HTTP/1.1", "Expect: 100-continue\r\nContent-Length: 1\r\n"),
                  kPostRoute) == "417 expect");
  CHECK(reason_of(head_with("POST / HTTP/1.1",
                            "Content-Type: Multipart/Form-Data; boundary=x\r\nContent-Length: 1\r\n"),
                  kPostRoute) == "415 multipart");
}

TEST_CASE("line ends are CRLF, and no control byte passes") {
  CHECK(reason_of("GET / HTTP/1.1\nHost: shop.example\n\n") == "400 head_end");
  CHECK(reason_of("GET / HTTP/1.1\nHost: shop.example\r\n\r\n") == "400 control_byte");
  CHECK(reason_of("GET / HTTP/1.1\rX: y\r\nHost: shop.example\r\n\r\n") == "400 control_byte");
  CHECK(reason_of(head_with("GET / HTTP/1.1", std::string("X-A: a\0b\r\n", 10))) == "400 control_byte");
  CHECK(reason_of(head_with("GET / HTTP/1.1", "X-A: a\x1B[31m\r\n")) == "400 control_byte");
  CHECK(reason_of(head_with("GET / HTTP/1.1", "X-A: a\x7F\r\n")) == "400 control_byte");
  CHECK(reason_of(head_with("GET / HTTP/1.1", "X-A: \xC0\x80\r\n")) == "400 field_utf8");
  CHECK(reason_of(head_with("GET / HTTP/1.1", "X-A: a\r\n folded\r\n")) == "400 field_line");
  CHECK(reason_of(head_with("GET / HTTP/1.1", "X-A: a\r\n folded: x\r\n")) == "400 field_name");
  CHECK(reason_of(head_with("GET / HTTP/1.1", "X-A : a\r\n")) == "400 field_name");
  CHECK(reason_of(head_with("GET / HTTP/1.1", ": a\r\n")) == "400 field_line");
  CHECK(reason_of("") == "400 head_end");
  CHECK(reason_of("\r\n\r\n") == "400 request_line");
}

TEST_CASE("the request line is read one way only") {
  CHECK(reason_of(head_with("GET / HTTP/1.0")) == "505 version");
  CHECK(reason_of(head_with("GET / HTTP/2.0")) == "505 version");
  CHECK(reason_of(head_with("GET /")) == "400 request_line");
  CHECK(reason_of(head_with("GET / FTP/1.1")) == "400 request_line");
  CHECK(reason_of(head_with("GET  / HTTP/1.1")) == "400 target_form");
  CHECK(reason_of(head_with("GET / / HTTP/1.1")) == "400 target_byte");
  CHECK(reason_of(head_with("GET http://shop.example/ HTTP/1.1")) == "400 target_form");
  CHECK(reason_of(head_with("OPTIONS * HTTP/1.1")) == "400 target_form");
  CHECK(reason_of(head_with("G@T / HTTP/1.1")) == "400 method_name");
}

TEST_CASE("a target has one meaning") {
  for (const char* bad : {"/a/../b", "/a/./b", "/..", "/%2e%2e/b", "/a//b"})
    CHECK_MESSAGE(reason_of(head_with("GET " + std::string(bad) + " HTTP/1.1")) == "400 dot_segment", bad);
  CHECK(reason_of(head_with("GET /a%2fb HTTP/1.1")) == "400 encoded_separator");
  CHECK(reason_of(head_with("GET /a%5cb HTTP/1.1")) == "400 encoded_separator");
  CHECK(reason_of(head_with("GET /a%0ab HTTP/1.1")) == "400 encoded_control");
  CHECK(reason_of(head_with("GET /a?b=%00 HTTP/1.1")) == "400 encoded_control");
  CHECK(reason_of(head_with("GET /a%zz HTTP/1.1")) == "400 percent_encoding");
  CHECK(reason_of(head_with("GET /a%4 HTTP/1.1")) == "400 percent_encoding");
  CHECK(reason_of(head_with("GET /%c3%28 HTTP/1.1")) == "400 target_utf8");
  CHECK(reason_of(head_with("GET /a#b HTTP/1.1")) == "400 target_byte");
  CHECK(reason_of(head_with("GET /a\\b HTTP/1.1")) == "400 target_byte");
  CHECK(reason_of(head_with("GET /\xC3\xB1 HTTP/1.1")) == "400 target_byte");
  CHECK(reason_of(head_with("GET /a?b=%zz HTTP/1.1")) == "400 query");
  CHECK(reason_of(head_with("GET /a/ HTTP/1.1")) == "admitted");
  CHECK(RequestGate::judge(head_with("GET /%C3%B1%20x HTTP/1.1")).head.path == "/\xC3\xB1 x");
}

TEST_CASE("one Host, well formed") {
  CHECK(reason_of("GET / HTTP/1.1\r\nX: y\r\n\r\n") == "400 host_missing");
  CHECK(reason_of(head_with("GET / HTTP/1.1", "Host: shop.example\r\n")) == "400 host_repeated");
  for (const char* bad : {"", "a b", "a/b", "a@b", "a:b", "a:123456", "[::1", "[::1]x", "[]", "a:1:2"})
    CHECK_MESSAGE(reason_of("GET / HTTP/1.1\r\nHost: " + std::string(bad) + "\r\n\r\n") == "400 host", bad);
  CHECK(RequestGate::judge("GET / HTTP/1.1\r\nHost: Shop.Example.:8443\r\n\r\n").head.host == "shop.example");
}

TEST_CASE("sizes hold at the limit and break one beyond") {
  auto with_line = [](std::size_t bytes) { return "GET /" + std::string(bytes - 14, 'a') + " HTTP/1.1"; };
  CHECK(reason_of(head_with(with_line(limits::kRequestLineBytesMax))) == "admitted");
  CHECK(reason_of(head_with(with_line(limits::kRequestLineBytesMax + 1))) == "414 line_size");

  auto with_fields = [](std::size_t count) {
    std::string fields;
    for (std::size_t i = 1; i < count; ++i)
      fields += "X-" + std::to_string(i) + ": y\r\n";  // Host is the first
    return head_with("GET / HTTP/1.1", fields);
  };
  CHECK(reason_of(with_fields(limits::kRequestFieldsMax)) == "admitted");
  CHECK(reason_of(with_fields(limits::kRequestFieldsMax + 1)) == "431 fields_limit");

  std::string frame = head_with("GET / HTTP/1.1", "X: \r\n");
  auto with_head = [&](std::size_t bytes) {
    return head_with("GET / HTTP/1.1", "X: " + std::string(bytes - frame.size(), 'y') + "\r\n");
  };
  CHECK(with_head(limits::kRequestHeadBytesMax).size() == limits::kRequestHeadBytesMax);
  CHECK(reason_of(with_head(limits::kRequestHeadBytesMax)) == "admitted");
  CHECK(reason_of(with_head(limits::kRequestHeadBytesMax + 1)) == "431 head_size");

  auto with_body = [](std::size_t bytes) {
    return head_with("POST / HTTP/1.1", "Content-Length: " + std::to_string(bytes) + "\r\n");
  };
  CHECK(reason_of(with_body(limits::kRequestBodyBytesMax), kPostRoute) == "admitted");
  CHECK(reason_of(with_body(limits::kRequestBodyBytesMax + 1), kPostRoute) == "413 body_size");
  CHECK(reason_of(head_with("POST / HTTP/1.1", "Content-Length: 00000012\r\n"), kPostRoute) == "admitted");
  CHECK(reason_of(head_with("POST / HTTP/1.1", "Content-Length: 000000012\r\n"), kPostRoute) ==
        "413 content_length_digits");
  for (const char* bad : {"", "-1", "+1", "1 2", "0x1", "1,1", "12a"})
    CHECK_MESSAGE(reason_of(head_with("POST / HTTP/1.1", "Content-Length: " + std::string(bad) + "\r\n"),
                            kPostRoute) == "400 content_length",
                  bad);
}

TEST_CASE("methods and bodies follow the route") {
  Verdict v = judged(head_with("POST / HTTP/1.1", "Content-Length: 1\r\n"));
  CHECK(v.status == 405);
  CHECK(v.allow == "GET, HEAD");
  CHECK(reason_of(head_with("DELETE / HTTP/1.1")) == "405 method");
  CHECK(reason_of(head_with("get / HTTP/1.1")) == "405 method");
  CHECK(reason_of(head_with("PUT / HTTP/1.1", "Content-Length: 1\r\n"), kPostRoute) == "405 method");
  CHECK(reason_of(head_with("POST / HTTP/1.1"), kPostRoute) == "411 length_required");
  CHECK(reason_of(head_with("GET / HTTP/1.1", "Content-Length: 1\r\n")) == "400 body_not_expected");
  CHECK(reason_of(head_with("GET / HTTP/1.1", "Content-Length: 0\r\n")) == "admitted");
}

}  // namespace counterfoil::net
