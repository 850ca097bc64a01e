// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// "May I message this person now?" for the till. The page always asks about one topic on one channel: the
// ones chosen, else the shop's first topic and first channel; the whole grid is folded below. Thread rule:
// any thread.
#pragma once

#include "pages/staff_access.h"

namespace counterfoil::pages {

struct CheckInput {
  std::string number;
  std::string region;
  std::string topic;
  std::string channel;
};

/// For the buttons below a verdict.
struct CheckTokens {
  std::string stop;
  std::string write;  // empty: whoever asks may not write
};

/// Pure: the verdict for one row of the grid, the rest folded.
void put_verdict(const View& view, const desk::Check& check, const desk::CheckRow& row,
                 const CheckInput& input, const CheckTokens& tokens, Values& values);
/// Looks the number up and shows the verdict.
net::Response check_now(Site& site, const View& view, const net::Request& request, const StaffPerson& person,
                        const CheckInput& input);

net::Response get_check(Site& site, const net::Request& request, const StaffPerson& person);
net::Response post_check(Site& site, const net::Request& request, const StaffPerson& person);

}  // namespace counterfoil::pages
