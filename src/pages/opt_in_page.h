// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The form that asks for a yes. It shows the notice line by line, in the order whose bytes are hashed; every
// box is empty unless the person's own input is shown again. Thread rule: any thread.
#pragma once

#include "pages/site.h"

namespace counterfoil::pages {

/// The submission whose number is corrected, and which ends when the form is sent.
struct Corrected {
  std::string token;
  std::string masked_number;
};

struct OptInInput {
  std::vector<std::string> channels;
  std::vector<std::string> topics;
  std::string number;
  std::string region;
  bool age = false;
  std::optional<Corrected> corrected;  // none: nothing ends with this yes
};

/// `token` is a fresh form token. Pure.
Page opt_in_page(const View& view, const desk::OptInForm& form, const OptInInput& input,
                 const Remarks& remarks, std::string_view token);

net::Response get_opt_in(Site& site, const net::Request& request);
net::Response post_opt_in(Site& site, const net::Request& request);
/// The same form, reached from the private page of a submission (GDPR Art. 16).
net::Response get_correct(Site& site, const net::Request& request);
net::Response post_correct(Site& site, const net::Request& request);

}  // namespace counterfoil::pages
