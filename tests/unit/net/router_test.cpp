// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "net/router.h"

#include "support.h"

#include <stdexcept>

namespace counterfoil::net {
namespace {

Request asked(Method method, std::string path) {
  Request r;
  r.method = method;
  r.path = std::move(path);
  return r;
}

Router some_routes() {
  Router router;
  router.get("/", [](const Request&) { return Response::text("home"); });
  router.get("/o/{link}",
             [](const Request& q) { return Response::text("form " + std::string(q.param("link"))); });
  router.post("/o/{link}",
              [](const Request& q) { return Response::text("yes " + std::string(q.param("link"))); },
              {.requests_per_minute_max = 7});
  router.get("/throws", [](const Request&) -> Response { throw std::runtime_error("+34 600 000 000"); });
  return router;
}

}  // namespace

TEST_CASE("routes match whole segments and hand over their values") {
  Router router = some_routes();
  CHECK(router.dispatch(asked(Method::Get, "/")).body == "home");
  CHECK(router.dispatch(asked(Method::Get, "/o/AB")).body == "form AB");
  CHECK(router.dispatch(asked(Method::Head, "/o/AB")).body == "form AB");
  CHECK(router.dispatch(asked(Method::Post, "/o/AB")).body == "yes AB");
  for (const char* unknown : {"/o", "/o/", "/o/a/b", "/O/a", "/x"})
    CHECK_MESSAGE(router.dispatch(asked(Method::Get, unknown)).status == 404, unknown);
}

TEST_CASE("a known path with another method says which ones it has") {
  Router router = some_routes();
  Response r = router.dispatch(asked(Method::Post, "/"));
  CHECK(r.status == 405);
  CHECK(r.field("allow") == "GET, HEAD");
  CHECK(router.find(Method::Post, "/o/AB").limits.requests_per_minute_max == 7);
  CHECK(router.find(Method::Get, "/o/AB").limits.requests_per_minute_max == 0);
  CHECK(router.find(std::nullopt, "/o/AB").limits.methods.allow() == "GET, HEAD, POST");
}

TEST_CASE("what a handler throws stays inside") {
  Router router = some_routes();
  Response r = router.dispatch(asked(Method::Get, "/throws"));
  CHECK(r.status == 500);
  CHECK(r.body.find("600") == std::string::npos);
  CHECK(r.fields.size() == 1);
}

TEST_CASE("errors are worded by the owner of the routes") {
  Router router = some_routes();
  router.set_error_page([](const Request& q, int status, std::string_view reason) {
    if (reason == "internal") throw std::runtime_error("no words");
    std::string words = std::to_string(status) + "|" + std::string(reason);
    return q.wants_json() ? Response::json(words) : Response::html(words);
  });
  Request r = asked(Method::Get, "/x");
  CHECK(router.dispatch(r).body == "404|unknown_path");
  CHECK(router.dispatch(r).status == 404);
  CHECK(router.dispatch(r).field("content-type") == "text/html; charset=utf-8");
  r.fields = {{"Accept", "application/json"}};
  CHECK(router.dispatch(r).field("content-type") == "application/json");
  CHECK(router.dispatch(asked(Method::Get, "/throws")).status == 500);
}

}  // namespace counterfoil::net
