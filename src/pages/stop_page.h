// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Stop by number alone: no login, no reason, and one answer whether the number is known or not.
// Thread rule: any thread.
#pragma once

#include "pages/site.h"

namespace counterfoil::pages {

net::Response get_stop(Site& site, const net::Request& request);
net::Response post_stop(Site& site, const net::Request& request);

}  // namespace counterfoil::pages
