// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Staff sessions, in memory only: a random 256-bit token in the cookie __Host-cf (Secure, HttpOnly,
// SameSite=Strict), bound to a user, a role and the browser's User-Agent. Ends after 15 minutes without use,
// after 10 hours in any case (boot time), by close or revoke. A restart ends all of them. The 5 minutes
// between the two factors are kept the same way, in a book and a cookie of their own.
// Thread rule: any thread. The cookie's value is kept as a SHA-256 only.
#pragma once

#include "counterfoil/base/clock.h"
#include "net/request.h"

#include <memory>

namespace counterfoil::net {

struct Session {
  std::string user;
  std::string role;
  std::string form_context;  // context of its form tokens, so that none works in another session
  std::int64_t opened_boot_ms = 0;
};

/// What the cookie of a book of sessions is called, and how long one lives.
struct SessionRules {
  std::string_view cookie;
  std::int64_t idle_ms;
  std::int64_t life_ms;
};
inline constexpr SessionRules kStaffSessions{"__Host-cf", limits::kSessionIdle_ms, limits::kSessionLife_ms};
/// Between the right password and the second factor: a book of its own, so that none of them opens a page.
inline constexpr SessionRules kLoginSteps{"__Host-cf-step", limits::kLoginStepLife_ms,
                                          limits::kLoginStepLife_ms};

class Sessions {
 public:
  struct Opened {
    std::string set_cookie;  // value for a Set-Cookie field
    Session session;
  };
  /// The clock must outlive the object.
  static std::unique_ptr<Sessions> open(Clock& clock, const SessionRules& rules = kStaffSessions);
  virtual ~Sessions() = default;

  /// Opens a session for this browser; a session the request already carries is ended first (rotation at
  /// login), and so is the oldest of a user who has too many. Fails with Limit when too many are open in all.
  virtual Result<Opened> log_in(const Request& request, std::string user, std::string role) = 0;
  /// The live session of the request, if any; counts as use.
  virtual std::optional<Session> find(const Request& request) = 0;
  /// Ends the request's session; returns the Set-Cookie value that clears the browser's copy.
  virtual std::string log_out(const Request& request) = 0;
  /// Ends every session of a user (removed, role changed, locked). Returns how many.
  virtual std::size_t revoke_user(std::string_view user) = 0;
};

}  // namespace counterfoil::net
