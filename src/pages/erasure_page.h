// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// "Erase my data": the question, and the certificate that it was done. Thread rule: any thread.
#pragma once

#include "pages/site.h"

namespace counterfoil::pages {

/// What will go and what stays, before anything is pressed.
Page erase_page(const View& view, const desk::Submission& submission, std::string_view erase_token);
/// Under way, or the certificate.
Page erasure_page(const View& view, const desk::Erasure& erasure);

net::Response get_erase(Site& site, const net::Request& request);
net::Response post_erase(Site& site, const net::Request& request);
net::Response get_erasure(Site& site, const net::Request& request);
/// The certificate as JSON: {"jws":…,"statement":{…}}.
net::Response get_erasure_json(Site& site, const net::Request& request);

}  // namespace counterfoil::pages
