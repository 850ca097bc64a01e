// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The pages over a real desk and ledger: a request in, an answer out, no sockets. Thread rule: one test at a
// time.
#pragma once

#include "pages/pages.h"
#include "tests/support/shop.h"

namespace counterfoil::pages::test {

/// A shop whose staff is logged in.
class LiveSite {
 public:
  LiveSite() { open(); }

  void open() {
    tokens_ = net::FormTokens::open(shop.clock);
    sessions_ = net::Sessions::open(shop.clock);
    steps_ = net::Sessions::open(shop.clock, net::kLoginSteps);
    cookie_.clear();
    customer_ = net::Router();
    staff_ = net::Router();
    const auto site =
        open_site({*shop.desk, *tokens_, *sessions_, *steps_, shop.clock, "https://shop.example", false, {}});
    REQUIRE(site);
    add_customer_routes(customer_, *site);
    add_staff_routes(staff_, *site);
  }

  net::Response get(const std::string& path) { return customer_.dispatch(request(path)); }

  /// Posts the fields with the token of the page at `from`.
  net::Response post(const std::string& path, net::NameValues fields, const std::string& from) {
    fields.push_back({"token", token_on(get(from).body)});
    return customer_.dispatch(form(path, fields));
  }
  net::Response post_raw(const std::string& path, const net::NameValues& fields) {
    return customer_.dispatch(form(path, fields));
  }

  net::Response staff_get(const std::string& path, net::NameValues query = {}) {
    net::Request out = request(path);
    out.query = std::move(query);
    return staff_.dispatch(logged_in(std::move(out)));
  }
  net::Response staff_post(const std::string& path, net::NameValues fields) {
    fields.push_back({"token", token_on(main_of(staff_get(path).body))});
    return staff_.dispatch(logged_in(form(path, fields)));
  }

  /// The next staff request is this person's.
  void log_in_as(const std::string& name, desk::Role role) {
    if (shop.desk->needs_set_up())
      REQUIRE(shop.desk->add_user("maria", desk::Role::Manager, "a long password"));
    if (!shop.desk->user(name)) REQUIRE(shop.desk->add_user(name, role, "a long password"));
    const auto opened = sessions_->log_in(net::Request(), name, std::string(desk::role_name(role)));
    REQUIRE(opened);
    cookie_ = opened->set_cookie.substr(0, opened->set_cookie.find(';'));
  }

  /// Nobody is logged in, and the browser keeps its cookies by itself.
  net::Response staff_dispatch(const net::Request& asked) { return staff_.dispatch(asked); }

  net::Response staff_post_raw(const std::string& path, const net::NameValues& fields) {
    return staff_.dispatch(logged_in(form(path, fields)));
  }

  static std::string token_on(const std::string& html) {
    const std::string before = "name=\"token\" value=\"";
    const std::size_t at = html.find(before);
    REQUIRE(at != html.npos);
    return html.substr(at + before.size(), html.find('"', at + before.size()) - at - before.size());
  }

  /// Without the head, whose form has a token of its own.
  static std::string main_of(const std::string& html) { return html.substr(html.find("<main")); }

  counterfoil::test::Shop shop;

  static net::Request request(const std::string& path) {
    net::Request out;
    out.path = path;
    out.fields = {{"Accept-Language", "en"}};
    return out;
  }
  static net::Request form(const std::string& path, const net::NameValues& fields) {
    net::Request out = request(path);
    out.method = net::Method::Post;
    out.fields.push_back({"Content-Type", "application/x-www-form-urlencoded"});
    for (const auto& [name, value] : fields)
      out.body += (out.body.empty() ? "" : "&") + name + "=" + net::percent_encode(value);
    return out;
  }

 private:
  net::Request logged_in(net::Request out) {
    out.listener = net::ListenerKind::Staff;
    if (cookie_.empty()) log_in_as("maria", desk::Role::Manager);
    out.fields.push_back({"Cookie", cookie_});
    return out;
  }
  std::unique_ptr<net::FormTokens> tokens_;
  std::unique_ptr<net::Sessions> sessions_;
  std::unique_ptr<net::Sessions> steps_;
  net::Router customer_;
  net::Router staff_;
  std::string cookie_;
};

}  // namespace counterfoil::pages::test
