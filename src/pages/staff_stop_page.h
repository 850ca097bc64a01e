// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// A spoken "please stop", recorded in two taps, no reason asked. Thread rule: any thread.
#pragma once

#include "pages/staff_access.h"

namespace counterfoil::pages {

/// For a stop button on another page.
std::string staff_stop_token(const Site& site, const StaffPerson& person);

net::Response get_staff_stop(Site& site, const net::Request& request, const StaffPerson& person);
net::Response post_staff_stop(Site& site, const net::Request& request, const StaffPerson& person);

}  // namespace counterfoil::pages
