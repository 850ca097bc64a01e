// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The form that asks for a yes. It shows the notice line by line, in the order whose bytes are hashed; every
// box is empty unless the person's own input is shown again. Thread rule: any thread.
#pragma once

#include "pages/site.h"

namespace counterfoil::pages {

struct OptInInput {
  std::vector<std::string> channels;
  std::vector<std::string> topics;
  std::string number;
  std::string region;
  bool age = false;
};

/// `token` is a fresh form token. Pure.
Page opt_in_page(const View& view, const desk::OptInForm& form, const OptInInput& input,
                 const Remarks& remarks, std::string_view token);

net::Response get_opt_in(Site& site, const net::Request& request);
net::Response post_opt_in(Site& site, const net::Request& request);

}  // namespace counterfoil::pages
