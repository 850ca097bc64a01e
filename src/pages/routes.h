// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Routes that both listeners have: the style sheet and the icon. Thread rule: as pages.h.
#pragma once

#include "pages/site.h"

namespace counterfoil::pages {

void add_asset_routes(net::Router& router, const std::shared_ptr<Site>& site);

}  // namespace counterfoil::pages
