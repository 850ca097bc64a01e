// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Who may see a staff page: set-up, login, logout, and the guard in front of every other route.
// Thread rule: any thread.
#pragma once

#include "pages/site.h"

#include <functional>

namespace counterfoil::pages {

/// A member of the staff with a live session.
struct StaffPerson {
  desk::User user;
  net::Session session;
};

/// Who may use a route.
class Roles {
 public:
  constexpr Roles(std::initializer_list<desk::Role> of) {
    for (const desk::Role role : of) bits_ |= 1U << static_cast<unsigned>(role);
  }
  [[nodiscard]] constexpr bool have(desk::Role role) const {
    return (bits_ >> static_cast<unsigned>(role) & 1U) != 0;
  }

 private:
  unsigned bits_ = 0;
};

/// A staff page's own part of the work; the guard has seen to set-up and session.
using StaffHandler = net::Response (*)(Site&, const net::Request&, const StaffPerson&);
/// Wraps a handler: 503 until the first manager exists, the login page without a session, 403 for another
/// role.
net::Handler guarded(const std::shared_ptr<Site>& site, Roles roles, StaffHandler handler);

/// Form tokens of staff pages are bound to the session, so that one cannot be used from another.
std::string staff_token(const Site& site, const StaffPerson& person, std::string_view route);
/// Head of the page, with a fresh log-out token.
StaffHead staff_head(const Site& site, const StaffPerson& person);
/// A page with its head, for a signed-in person.
Page staff_page(const Site& site, const StaffPerson& person, std::string title, std::string name);

net::Response get_set_up(Site& site, const net::Request& request);
net::Response post_set_up(Site& site, const net::Request& request);
net::Response get_login(Site& site, const net::Request& request);
net::Response post_login(Site& site, const net::Request& request);
net::Response post_logout(Site& site, const net::Request& request, const StaffPerson& person);

}  // namespace counterfoil::pages
