// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "fuzz.h"
#include "net/request.h"

CF_FUZZ(cookie) {
  using namespace counterfoil;
  net::Request request;
  request.listener = net::ListenerKind::Staff;
  request.fields = {{"Cookie", std::string(as_text(input))}};
  const auto value = request.cookie("__Host-cf");
  if (!value) return;
  fuzz::require(value->find(';') == std::string_view::npos, "a cookie ends at its semicolon");
  request.listener = net::ListenerKind::Customer;
  fuzz::require(!request.cookie("__Host-cf"), "customers have no cookies");
}
