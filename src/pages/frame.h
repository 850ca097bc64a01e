// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The frame around every page: head, demo band, shop's name, language switch, footer. Error pages in words.
// The fields that keep a page safe in a browser are the listener's (net/wire.h). Thread rule: any thread.
#pragma once

#include "base/limits.h"
#include "net/request.h"
#include "pages/look.h"

#include <optional>
#include <string>
#include <string_view>

namespace counterfoil::pages {

/// Who sees a staff page, for its head: name, role, and a form token for the log-out button.
struct StaffHead {
  std::string user;
  std::string role;
  std::string log_out_token;
};

struct Page {
  std::string title;
  std::string name;  // template of the body
  Values values;
  int status = 200;
  int refresh_s = 0;  // the page asks again by itself while something is under way; 0: it does not
  // Only on a shared tablet: back to its form after this time, without script; 0: stays.
  int kiosk_refresh_s = limits::kKioskRefresh_s;
  bool staff = false;
  bool bare = false;  // a poster: no head, no footer
  std::optional<StaffHead> who;
};
/// The whole answer. A template that cannot be filled becomes a 500 in words.
net::Response respond(const View& view, const Page& page);

/// An error in words. `id` is one of the catalogue's error.* without prefix: "not_found"; n fills {n}.
net::Response error_page(const View& view, int status, std::string_view id, bool staff,
                         std::string_view n = "60");
/// {"error":{"code":…,"message":…}} for clients that ask for JSON.
net::Response error_json(const View& view, int status, std::string_view code, std::string_view id,
                         std::string_view n = "60");
/// The catalogue's error for a status and a machine reason.
std::string_view error_id(int status, std::string_view reason);
/// The answer for an error of the desk, as HTML or JSON as the request wants; seconds to wait of a Limit are
/// read from its detail.
net::Response error_answer(const View& view, const net::Request& request, const Error& error, bool staff);
/// Seconds to wait, where the detail of a Limit is a number; else 60.
std::string seconds_of(const Error& error);

}  // namespace counterfoil::pages
