// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "net/same_origin.h"

namespace counterfoil::net {

bool is_same_origin(const Request& request) {
  std::string_view site = request.field("sec-fetch-site").value_or("");
  if (site == "cross-site") return false;
  auto origin = request.field("origin");
  if (!origin) return true;
  if (*origin == "null")
    return site == "same-origin" || (site.empty() && request.listener == ListenerKind::Customer);
  std::string ours = (request.is_secure ? "https://" : "http://") + request.authority;
  return equals_ignoring_case(*origin, ours);
}

}  // namespace counterfoil::net
