// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "pages/look_ups_page.h"

#include <array>
#include <map>

namespace counterfoil::pages {
namespace {

constexpr std::array<Instant, 3> kSpans_days = {1, 7, 30};

struct Sums {
  std::array<std::int64_t, kSpans_days.size()> looked{};
  std::int64_t missed = 0;  // in the longest span
};

std::map<consent::UserId, Sums> sums_of(const std::vector<desk::LookUpCount>& counts, Instant now) {
  std::map<consent::UserId, Sums> out;
  const Instant tomorrow = (now / kDay_s + 1) * kDay_s;
  for (const desk::LookUpCount& count : counts) {
    Sums& sums = out[count.user];
    for (std::size_t i = 0; i < kSpans_days.size(); ++i)
      if (count.day >= tomorrow - kSpans_days.at(i) * kDay_s) sums.looked.at(i) += count.found + count.missed;
    if (count.day >= tomorrow - kSpans_days.back() * kDay_s) sums.missed += count.missed;
  }
  return out;
}

}  // namespace

net::Response get_look_ups(Site& site, const net::Request& request, const StaffPerson& person) {
  const View view = staff_view(site.look, request);
  const auto counts = site.desk.look_ups();
  if (!counts) return error_answer(view, request, counts.error(), true);
  std::vector<Values> users;
  for (const auto& [user, sums] : sums_of(*counts, site.clock.now()))
    users.push_back(Values()
                        .text("user", user.text())
                        .text("today", std::to_string(sums.looked[0]))
                        .text("week", std::to_string(sums.looked[1]))
                        .text("month", std::to_string(sums.looked[2]))
                        .text("missed", std::to_string(sums.missed)));
  Page page = staff_page(site, person, view.tr("staff.look_ups.title"), "look_ups");
  page.values.flag("none", users.empty()).list("users", std::move(users));
  return respond(view, page);
}

}  // namespace counterfoil::pages
