// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The second half of a log-in: the code of an authenticator app or a recovery code; the first time, the app
// is set up. A session begins here and nowhere else. Thread rule: any thread.
#pragma once

#include "pages/staff_access.h"

namespace counterfoil::pages {

/// Where the browser is in the eyes of the desk.
desk::LoginPlace login_place(const net::Request& request);
/// After the right password: on to the page that asks for the second factor, or sets it up.
net::Response to_second_factor(Site& site, const net::Request& request, const desk::User& user);

net::Response get_login_code(Site& site, const net::Request& request);
net::Response post_login_code(Site& site, const net::Request& request);
net::Response get_enrol(Site& site, const net::Request& request);
net::Response post_enrol(Site& site, const net::Request& request);

net::Response get_account(Site& site, const net::Request& request, const StaffPerson& person);
net::Response post_new_codes(Site& site, const net::Request& request, const StaffPerson& person);

}  // namespace counterfoil::pages
