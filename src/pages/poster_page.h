// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Links and their posters: the code, its typed address, the call to action in up to two languages.
// Thread rule: any thread.
#pragma once

#include "pages/staff_access.h"

namespace counterfoil::pages {

/// Pure. Fails with Limit when the address is too long for a QR code.
Result<Page> poster_page(const View& view, const consent::OptInLink& link);
/// "https://box.example/o/caja".
std::string link_address(const Look& look, const consent::LinkId& link);
/// The same as a person types it: without scheme.
std::string typed_address(const Look& look, const consent::LinkId& link);

net::Response get_links(Site& site, const net::Request& request, const StaffPerson& person);
net::Response get_poster(Site& site, const net::Request& request, const StaffPerson& person);
/// Shows a code on the staff screen and ends the session: the screen is turned to the customer.
net::Response post_show(Site& site, const net::Request& request, const StaffPerson& person);

}  // namespace counterfoil::pages
