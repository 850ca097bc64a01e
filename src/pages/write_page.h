// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Somebody at the till writes to a customer: the message is noted, and the text that every message carries
// (who, why, how to stop) is ready in the customer's language. The box itself sends nothing. Thread rule: any
// thread.
#pragma once

#include "pages/staff_access.h"

namespace counterfoil::pages {

/// For the button below a verdict that allows; empty for whoever may not write.
std::string write_token(const Site& site, const StaffPerson& person);

net::Response post_write(Site& site, const net::Request& request, const StaffPerson& person);

}  // namespace counterfoil::pages
