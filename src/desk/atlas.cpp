// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "desk/atlas.h"

#include "base/log.h"
#include "i18n/time_zone.h"

namespace counterfoil::desk {

decide::Whereabouts Atlas::of(const std::string& region) const {
  const std::lock_guard lock(mutex_);
  const auto known = known_.find(region);
  if (known != known_.end()) return known->second;
  return known_.emplace(region, look_up(region)).first->second;
}

decide::Whereabouts Atlas::look_up(const std::string& region) const {
  decide::Whereabouts out;
  out.country = region;
  std::vector<std::string> names = {business_.time_zone};
  if (region != business_.jurisdiction) {
    auto zones = i18n::zones_of(region);
    if (!zones) log::error("desk.no_time_zones");
    names = zones ? *std::move(zones) : std::vector<std::string>();
  }
  for (const std::string& name : names) {
    const auto zone = i18n::TimeZone::find(name);
    // Without one of its zones nobody knows when it is night there.
    if (!zone) return {.country = region, .zones = {}};
    out.zones.push_back(std::make_shared<const Zone>(zone->table()));
  }
  return out;
}

}  // namespace counterfoil::desk
