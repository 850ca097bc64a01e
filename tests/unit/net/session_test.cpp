// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "net/session.h"

#include "support.h"

namespace counterfoil::net {
namespace {

Request from_browser(std::string_view set_cookie, std::string agent = "Chrome") {
  Request r;
  r.listener = ListenerKind::Staff;
  r.fields = {{"User-Agent", std::move(agent)}};
  if (!set_cookie.empty())
    r.fields.push_back({"Cookie", std::string(set_cookie.substr(0, set_cookie.find(';')))});
  return r;
}

}  // namespace

TEST_CASE("a session follows its cookie") {
  test::HandClock clock;
  auto sessions = Sessions::open(clock);
  auto opened = sessions->log_in(from_browser(""), "ana", "manager");
  REQUIRE(opened);
  CHECK(opened->set_cookie.starts_with("__Host-cf="));
  for (const char* rule : {"; Path=/", "; Secure", "; HttpOnly", "; SameSite=Strict"})
    CHECK_MESSAGE(opened->set_cookie.find(rule) != std::string::npos, rule);
  auto found = sessions->find(from_browser(opened->set_cookie));
  REQUIRE(found);
  CHECK(found->user == "ana");
  CHECK(found->role == "manager");
  CHECK(found->form_context == opened->session.form_context);
  CHECK(found->form_context.size() == 43);
  CHECK_FALSE(sessions->find(from_browser("")));
  CHECK_FALSE(sessions->find(from_browser("__Host-cf=AAAA")));
  Request customer = from_browser(opened->set_cookie);
  customer.listener = ListenerKind::Customer;
  CHECK_FALSE(sessions->find(customer));
}

TEST_CASE("a session ends when idle, when old, when stolen, when revoked") {
  test::HandClock clock;
  auto sessions = Sessions::open(clock);
  auto cookie = [&] { return sessions->log_in(from_browser(""), "ana", "staff")->set_cookie; };

  std::string idle = cookie();
  clock.advance(limits::kSessionIdle_ms);
  CHECK(sessions->find(from_browser(idle)));
  clock.advance(limits::kSessionIdle_ms + 1);
  CHECK_FALSE(sessions->find(from_browser(idle)));

  std::string busy = cookie();
  for (std::int64_t t = 0; t < limits::kSessionLife_ms; t += limits::kSessionIdle_ms) {
    CHECK(sessions->find(from_browser(busy)));
    clock.advance(limits::kSessionIdle_ms);
  }
  clock.advance(1);
  CHECK_FALSE(sessions->find(from_browser(busy)));

  std::string stolen = cookie();
  CHECK_FALSE(sessions->find(from_browser(stolen, "curl")));
  CHECK_FALSE(sessions->find(from_browser(stolen)));

  std::string one = cookie();
  std::string two = cookie();
  CHECK(sessions->revoke_user("ana") == 2);
  CHECK_FALSE(sessions->find(from_browser(one)));
  CHECK_FALSE(sessions->find(from_browser(two)));
}

TEST_CASE("a session is renewed at log-in and ended at log-out") {
  test::HandClock clock;
  auto sessions = Sessions::open(clock);
  std::string before = sessions->log_in(from_browser(""), "ana", "staff")->set_cookie;
  std::string after = sessions->log_in(from_browser(before), "ana", "staff")->set_cookie;
  CHECK(before != after);
  CHECK_FALSE(sessions->find(from_browser(before)));
  CHECK(sessions->find(from_browser(after)));
  CHECK(sessions->log_out(from_browser(after)).find("Max-Age=0") != std::string::npos);
  CHECK_FALSE(sessions->find(from_browser(after)));
  CHECK(sessions->revoke_user("ana") == 0);
}

TEST_CASE("one person has so many sessions and no more: the oldest goes") {
  test::HandClock clock;
  auto sessions = Sessions::open(clock);
  const std::string other = sessions->log_in(from_browser(""), "eva", "staff")->set_cookie;
  std::vector<std::string> cookies;
  for (std::size_t i = 0; i <= limits::kSessionsPerUserMax; ++i) {
    clock.advance(1);
    cookies.push_back(sessions->log_in(from_browser(""), "ana", "staff")->set_cookie);
  }
  CHECK_FALSE(sessions->find(from_browser(cookies[0])));
  CHECK(sessions->find(from_browser(cookies[1])));
  CHECK(sessions->find(from_browser(cookies.back())));
  CHECK(sessions->find(from_browser(other)));
  CHECK(sessions->revoke_user("ana") == limits::kSessionsPerUserMax);
}

TEST_CASE("sessions are bounded, and dead ones make room") {
  test::HandClock clock;
  auto sessions = Sessions::open(clock);
  for (std::size_t i = 0; i < limits::kSessionsMax; ++i)
    REQUIRE(sessions->log_in(from_browser(""), "u" + std::to_string(i), "staff"));
  CHECK(sessions->log_in(from_browser(""), "u", "staff").error().code == Code::Limit);
  clock.advance(limits::kSessionIdle_ms + 1);
  CHECK(sessions->log_in(from_browser(""), "u", "staff"));
}

}  // namespace counterfoil::net
