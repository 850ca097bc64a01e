// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Time, and how far it can be trusted. Events and decisions take a Clock&; waits on sockets and queues do
// not. Thread rule: implementations are safe from any thread. Instants are UTC seconds, 0 to 2^53.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace counterfoil {

using Instant = std::int64_t;  // UTC seconds since 1970-01-01

constexpr Instant kMinute_s = 60;
constexpr Instant kHour_s = 3600;
constexpr Instant kDay_s = 86400;

/// What stands behind the wall clock.
enum class ClockState {
  Signed,     // agrees with a time signed by the backend
  Synced,     // disciplined by NTP or an equally good source
  Rtc,        // a battery clock, no newer source
  Untrusted,  // nobody vouches for it, or it is earlier than an event already recorded
};
std::string_view clock_state_name(ClockState s);
std::optional<ClockState> clock_state_from_name(std::string_view name);

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Instant now() const = 0;
  /// Milliseconds since boot; never goes back, also while suspended.
  [[nodiscard]] virtual std::int64_t boot_ms() const = 0;
  [[nodiscard]] virtual ClockState state() const = 0;
  /// 32 hexadecimal digits that change at each boot.
  [[nodiscard]] virtual std::string boot_id() const = 0;
};

/// "2026-11-22T09:30:00Z" (RFC 3339).
std::string rfc3339(Instant t);
/// Reads exactly what rfc3339() writes, of the years 1970 to 9999.
std::optional<Instant> instant_from_rfc3339(std::string_view text);

}  // namespace counterfoil
