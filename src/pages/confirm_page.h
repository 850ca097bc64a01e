// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The six digits of a receipt, shown at the till, prove that the person with the number is here: first what
// the code belongs to, then the confirmation. Thread rule: any thread.
#pragma once

#include "pages/staff_access.h"

namespace counterfoil::pages {

net::Response get_confirm(Site& site, const net::Request& request, const StaffPerson& person);
net::Response post_confirm(Site& site, const net::Request& request, const StaffPerson& person);
net::Response post_confirm_yes(Site& site, const net::Request& request, const StaffPerson& person);

}  // namespace counterfoil::pages
