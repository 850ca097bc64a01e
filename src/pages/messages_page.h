// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Messages that a person must read, since a machine is not sure whether they are a stop. Thread rule: any
// thread.
#pragma once

#include "pages/staff_access.h"

namespace counterfoil::pages {

net::Response get_messages(Site& site, const net::Request& request, const StaffPerson& person);
net::Response post_message(Site& site, const net::Request& request, const StaffPerson& person);

}  // namespace counterfoil::pages
