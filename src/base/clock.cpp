// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "counterfoil/base/clock.h"

#include <array>
#include <ctime>

namespace counterfoil {

std::string_view clock_state_name(ClockState s) {
  constexpr std::array<std::string_view, 4> kNames = {"signed", "synced", "rtc", "untrusted"};
  return kNames.at(static_cast<std::size_t>(s));
}

std::optional<ClockState> clock_state_from_name(std::string_view name) {
  for (const ClockState s : {ClockState::Signed, ClockState::Synced, ClockState::Rtc, ClockState::Untrusted})
    if (clock_state_name(s) == name) return s;
  return std::nullopt;
}

std::string rfc3339(Instant t) {
  const std::time_t seconds = t;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

std::optional<Instant> instant_from_rfc3339(std::string_view text) {
  std::tm parts{};
  const std::string whole(text);
  const char* end = strptime(whole.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  if (end == nullptr) return std::nullopt;
  const Instant t = timegm(&parts);
  // Lenient spellings and days that do not exist are written otherwise.
  if (t < 0 || rfc3339(t) != text) return std::nullopt;
  return t;
}

}  // namespace counterfoil
