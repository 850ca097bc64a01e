// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The private page of one submission: untick topics, stop everything. Thread rule: any thread.
#pragma once

#include "pages/site.h"

namespace counterfoil::pages {

/// Pure. Boxes are ticked where the submission still lets us write: the page shows what is, and unticking
/// takes back; nothing can be added here.
Page manage_page(const View& view, const desk::Submission& submission, std::string_view keep_token,
                 std::string_view stop_token, std::string_view restrict_token, bool saved);

net::Response get_manage(Site& site, const net::Request& request);
net::Response post_manage(Site& site, const net::Request& request);
net::Response post_manage_restrict(Site& site, const net::Request& request);
net::Response post_manage_stop(Site& site, const net::Request& request);

}  // namespace counterfoil::pages
