// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Who gets into the staff pages, and what each role may do there.
#include "base/limits.h"
#include "crypto/one_time_code.h"
#include "live_site.h"

#include <algorithm>
#include <map>

namespace counterfoil::pages {
namespace {

using test::LiveSite;

const SecretBytes kSecret(Bytes(20, 9));
const std::string kPassword = "a long password";

/// A browser at the staff's door that keeps its cookies.
class Browser {
 public:
  explicit Browser(LiveSite& site, std::string address = "192.0.2.1")
      : site_(site), address_(std::move(address)) {}

  net::Response get(const std::string& path) { return send(LiveSite::request(path)); }
  /// Posts the fields with the token of the page at `from`.
  net::Response post(const std::string& path, net::NameValues fields, const std::string& from) {
    fields.push_back({"token", LiveSite::token_on(LiveSite::main_of(get(from).body))});
    return send(LiveSite::form(path, fields));
  }
  net::Response password(const std::string& user, const std::string& password) {
    return post("/staff/login", {{"user", user}, {"password", password}}, "/staff/login");
  }
  net::Response code(const std::string& code) {
    return post("/staff/login/code", {{"code", code}}, "/staff/login/code");
  }

  std::map<std::string, std::string> cookies;
  std::string agent = "Chrome";

 private:
  net::Response send(net::Request request) {
    request.listener = net::ListenerKind::Staff;
    request.address_key = address_;
    request.fields.push_back({"User-Agent", agent});
    std::string all;
    for (const auto& [name, value] : cookies) all += (all.empty() ? "" : "; ") + name + "=" + value;
    if (!all.empty()) request.fields.push_back({"Cookie", all});
    net::Response answer = site_.staff_dispatch(request);
    for (const auto& [name, value] : answer.fields) {
      if (name != "Set-Cookie") continue;
      const auto equals = value.find('=');
      cookies[value.substr(0, equals)] = value.substr(equals + 1, value.find(';') - equals - 1);
      if (value.find("Max-Age=0") != std::string::npos) cookies.erase(value.substr(0, equals));
    }
    return answer;
  }
  LiveSite& site_;
  std::string address_;
};

std::string place_of(const net::Response& answer) {
  return std::string(answer.field("Location").value_or(""));
}

std::string code_now(LiveSite& site, std::int64_t steps = 0) {
  const std::int64_t step = site.shop.clock.now() / crypto::kOneTimeStep_s + steps;
  return crypto::one_time_code(kSecret.view(), static_cast<std::uint64_t>(step));
}

std::vector<std::string> add_ana(LiveSite& site) {
  REQUIRE(site.shop.desk->add_user("ana", desk::Role::Manager, kPassword));
  const auto codes = site.shop.desk->enrol("ana", kSecret.view(), code_now(site, -1));
  REQUIRE(codes);
  return *codes;
}

bool has(const net::Response& response, std::string_view part) {
  return response.body.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a session exists after both factors, and no earlier") {
  LiveSite site;
  add_ana(site);
  Browser browser(site);
  CHECK(place_of(browser.get("/staff/login/code")) == "/staff/login?done=late");
  CHECK(browser.password("ana", "not her password").status == 403);
  CHECK(browser.cookies.empty());
  CHECK(place_of(browser.password("ana", kPassword)) == "/staff/login/code");
  CHECK(browser.cookies.size() == 1);
  const std::string step = browser.cookies.at("__Host-cf-step");
  for (const char* path : {"/staff", "/staff/check", "/staff/account"})
    CHECK(place_of(browser.get(path)) == "/staff/login");
  browser.cookies["__Host-cf"] = step;  // it is no session under another name either
  CHECK(place_of(browser.get("/staff")) == "/staff/login");
  browser.cookies.erase("__Host-cf");
  CHECK(place_of(browser.get("/staff/login/enrol")) == "/staff/login/code");

  CHECK(browser.code("000000").status == 403);
  CHECK_FALSE(browser.cookies.contains("__Host-cf"));
  CHECK(place_of(browser.code(code_now(site))) == "/staff");
  CHECK(browser.cookies.contains("__Host-cf"));
  CHECK(browser.cookies.contains("__Host-cf-till"));
  CHECK_FALSE(browser.cookies.contains("__Host-cf-step"));
  CHECK(browser.get("/staff").status == 200);
  // The step is spent, whoever kept its cookie.
  browser.cookies["__Host-cf-step"] = step;
  CHECK(place_of(browser.get("/staff/login/code")) == "/staff/login?done=late");
}

TEST_CASE("the step between the factors is short and bound to its browser") {
  LiveSite site;
  add_ana(site);
  Browser browser(site);
  CHECK(place_of(browser.password("ana", kPassword)) == "/staff/login/code");
  site.shop.clock.advance(limits::kLoginStepLife_ms / 1000);
  CHECK(browser.get("/staff/login/code").status == 200);
  site.shop.clock.advance(1);
  CHECK(place_of(browser.get("/staff/login/code")) == "/staff/login?done=late");

  CHECK(place_of(browser.password("ana", kPassword)) == "/staff/login/code");
  browser.agent = "another browser";
  CHECK(place_of(browser.get("/staff/login/code")) == "/staff/login?done=late");
  browser.agent = "Chrome";
  CHECK(place_of(browser.get("/staff/login/code")) == "/staff/login?done=late");
}

TEST_CASE("the first log-in sets up the second factor, and shows the recovery codes once") {
  LiveSite site;
  REQUIRE(site.shop.desk->add_user("maria", desk::Role::Manager, kPassword));
  Browser browser(site);
  CHECK(place_of(browser.password("maria", kPassword)) == "/staff/login/enrol");
  const auto page = browser.get("/staff/login/enrol");
  const std::string before = "secret=";
  const std::string secret = page.body.substr(page.body.find(before) + before.size(), 32);
  CHECK(secret.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == std::string::npos);
  CHECK(has(browser.get("/staff/login/enrol"), secret));  // the same as long as the step lives
  CHECK_FALSE(has(page, "<code>"));
  CHECK(browser.post("/staff/login/enrol", {{"code", "000000"}}, "/staff/login/enrol").status == 403);
  CHECK_FALSE(site.shop.desk->user("maria")->second_factor);

  Browser other(site);
  CHECK(place_of(other.password("maria", kPassword)) == "/staff/login/enrol");
  CHECK_FALSE(has(other.get("/staff/login/enrol"), secret));  // nobody else's telephone gets it
}

TEST_CASE("the set-up assistant leads the first manager to the second factor") {
  LiveSite site;
  const auto code = site.shop.desk->new_set_up_code();
  REQUIRE(code);
  Browser browser(site);
  const auto done = browser.post(
      "/staff/setup",
      {{"code", *code}, {"user", "maria"}, {"password", kPassword}, {"password_again", kPassword}},
      "/staff/setup");
  CHECK(place_of(done) == "/staff/login/enrol");
  CHECK(has(browser.get("/staff/login/enrol"), "otpauth://totp/"));
  CHECK(place_of(browser.get("/staff")) == "/staff/login");
}

TEST_CASE("with an untrusted clock the page asks for a recovery code and takes no other") {
  LiveSite site;
  const auto codes = add_ana(site);
  site.shop.clock.set_state(ClockState::Untrusted);
  Browser browser(site);
  CHECK(place_of(browser.password("ana", kPassword)) == "/staff/login/code");
  CHECK(has(browser.get("/staff/login/code"), "The clock of the box is not confirmed"));
  const auto refused = browser.code(code_now(site));
  CHECK(refused.status == 503);
  CHECK(has(refused, "Type a recovery code."));
  CHECK(place_of(browser.code(codes[0])) == "/staff");
}

TEST_CASE("new recovery codes take a code, and are shown once") {
  LiveSite site;
  const auto codes = add_ana(site);
  Browser browser(site);
  browser.password("ana", kPassword);
  browser.code(codes[0]);
  CHECK(has(browser.get("/staff/account"), "<dd>9</dd>"));
  CHECK(browser.post("/staff/account/codes", {{"code", codes[0]}}, "/staff/account").status == 403);
  const auto shown = browser.post("/staff/account/codes", {{"code", codes[1]}}, "/staff/account");
  CHECK(shown.status == 200);
  CHECK(has(shown, "They are shown only now"));
  CHECK(has(browser.get("/staff/account"), "<dd>10</dd>"));
}

TEST_CASE("strangers at the door lock nobody out of a till that was used before") {
  LiveSite site;
  const auto codes = add_ana(site);
  Browser till(site);
  till.password("ana", kPassword);
  REQUIRE(place_of(till.code(codes[0])) == "/staff");
  int slowed = 0;
  for (int i = 0; i < 40; ++i) {
    Browser stranger(site, "192.0.2." + std::to_string(100 + i));
    if (stranger.password("ana", "not her password").status == 429) ++slowed;
  }
  CHECK(slowed == 40 - static_cast<int>(limits::kTriesFree));
  Browser newcomer(site, "192.0.2.2");
  CHECK(newcomer.password("ana", kPassword).status == 429);
  CHECK(place_of(till.password("ana", kPassword)) == "/staff/login/code");
}

TEST_CASE("each route lets in its roles and nobody else") {
  struct Row {
    bool is_post;
    const char* path;
    const char* roles;  // s, m, a
  };
  const std::vector<Row> table = {
      {false, "/staff", "sma"},
      {false, "/staff/account", "sma"},
      {true, "/staff/account/codes", "sma"},
      {false, "/staff/check", "sma"},
      {true, "/staff/check", "sma"},
      {false, "/staff/confirm", "sm"},
      {true, "/staff/confirm", "sm"},
      {true, "/staff/confirm/yes", "sm"},
      {false, "/staff/stop", "sma"},
      {true, "/staff/stop", "sma"},
      {false, "/staff/erase", "m"},
      {true, "/staff/erase", "m"},
      {true, "/staff/erase/yes", "m"},
      {false, "/staff/links", "sma"},
      {false, "/staff/poster/caja", "sma"},
      {true, "/staff/show", "sma"},
      {true, "/staff/logout", "sma"},
  };
  LiveSite site;
  add_ana(site);
  for (const Row& row : table) {
    CAPTURE(row.path);
    CAPTURE(row.is_post);
    Browser nobody(site);
    const auto asked =
        row.is_post ? LiveSite::form(row.path, {{"token", "stale"}}) : LiveSite::request(row.path);
    CHECK(place_of(site.staff_dispatch(asked)) == "/staff/login");
    for (const auto& [letter, name, role] :
         {std::tuple{'s', "sara", desk::Role::Staff}, std::tuple{'m', "maria", desk::Role::Manager},
          std::tuple{'a', "alba", desk::Role::Auditor}}) {
      CAPTURE(name);
      site.log_in_as(name, role);
      const auto answer =
          row.is_post ? site.staff_post_raw(row.path, {{"token", "stale"}}) : site.staff_get(row.path);
      const bool may = std::string_view(row.roles).find(letter) != std::string_view::npos;
      // Whoever may is told that the form is stale, whoever may not is not even heard.
      CHECK(answer.status == (!may ? 403 : row.is_post ? 400 : 200));
    }
  }
  // Nothing is open to all but what this names.
  for (const char* path : {"/staff/login", "/staff/login/code", "/staff/login/enrol", "/staff/setup"})
    CHECK(site.staff_dispatch(LiveSite::request(path)).status != 403);
}

}  // namespace counterfoil::pages
