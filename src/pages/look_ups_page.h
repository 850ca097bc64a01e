// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// How often each member of the staff looked somebody up: for managers and auditors. Thread rule: any thread.
#pragma once

#include "pages/staff_access.h"

namespace counterfoil::pages {

net::Response get_look_ups(Site& site, const net::Request& request, const StaffPerson& person);

}  // namespace counterfoil::pages
