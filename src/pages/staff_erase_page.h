// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Erasure at the till, for somebody who showed that the number is theirs: the number, then a question, then
// the address of the certificate to hand over. Managers only. Thread rule: any thread.
#pragma once

#include "pages/staff_access.h"

namespace counterfoil::pages {

net::Response get_staff_erase(Site& site, const net::Request& request, const StaffPerson& person);
net::Response post_staff_erase(Site& site, const net::Request& request, const StaffPerson& person);
net::Response post_staff_erase_yes(Site& site, const net::Request& request, const StaffPerson& person);

}  // namespace counterfoil::pages
