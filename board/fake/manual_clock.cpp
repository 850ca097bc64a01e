// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "board/fake/manual_clock.h"

#include "base/fd.h"
#include "base/limits.h"
#include "board/generic/system_clock.h"

#include <charconv>

namespace counterfoil::board {
namespace {

constexpr Instant kInstantMax = Instant{1} << 53;

struct Reading {
  Instant now = 0;
  ClockState state = ClockState::Untrusted;
};

Result<Reading> parse_reading(std::string_view text) {
  const auto bad = [] {
    return fail(
        Code::BadInput,
        R"(the clock file must hold "SECONDS STATE" and a line end, for example "1790000000 synced")");
  };
  // The line end tells a whole file from one still being written.
  if (!text.ends_with('\n')) return bad();
  text.remove_suffix(1);
  const auto space = text.find(' ');
  if (space == std::string_view::npos) return bad();
  const std::string_view digits = text.substr(0, space);
  Reading reading;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), reading.now);
  if (error != std::errc{} || end != digits.data() + digits.size() || reading.now < 0 ||
      reading.now > kInstantMax)
    return bad();
  for (const ClockState state :
       {ClockState::Signed, ClockState::Synced, ClockState::Rtc, ClockState::Untrusted}) {
    if (text.substr(space + 1) != clock_state_name(state)) continue;
    reading.state = state;
    return reading;
  }
  return bad();
}

Result<Reading> read_reading(const std::string& path) {
  CF_TRY(const Bytes text, read_file(path, limits::kClockControlBytesMax));
  return parse_reading(as_text(text));
}

class FileClock final : public Clock {
 public:
  FileClock(std::string path, const Reading& first) : path_(std::move(path)), last_(first) {}
  [[nodiscard]] Instant now() const override { return reading().now; }
  [[nodiscard]] ClockState state() const override { return reading().state; }
  [[nodiscard]] std::int64_t boot_ms() const override { return system_boot_ms(); }
  [[nodiscard]] std::string boot_id() const override { return system_boot_id(); }

 private:
  Reading reading() const {
    const auto fresh = read_reading(path_);
    const std::lock_guard lock(mutex_);
    if (fresh) last_ = *fresh;
    return last_;
  }
  const std::string path_;
  mutable std::mutex mutex_;
  mutable Reading last_;
};

}  // namespace

ManualClock::ManualClock(Instant now, ClockState state) : now_(now), state_(state) {}

Instant ManualClock::now() const {
  const std::lock_guard lock(mutex_);
  return now_;
}
std::int64_t ManualClock::boot_ms() const {
  const std::lock_guard lock(mutex_);
  return boot_ms_;
}
ClockState ManualClock::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}
std::string ManualClock::boot_id() const {
  const std::lock_guard lock(mutex_);
  const auto low = static_cast<std::uint8_t>(boots_);
  const auto high = static_cast<std::uint8_t>(boots_ >> 8U);
  Bytes id(16);
  id[14] = high;
  id[15] = low;
  return hex(id);
}

void ManualClock::set(Instant now) {
  const std::lock_guard lock(mutex_);
  now_ = now;
}
void ManualClock::set_state(ClockState state) {
  const std::lock_guard lock(mutex_);
  state_ = state;
}
void ManualClock::advance(std::int64_t seconds) {
  const std::lock_guard lock(mutex_);
  now_ += seconds;
  boot_ms_ += seconds * 1000;
}
void ManualClock::reboot() {
  const std::lock_guard lock(mutex_);
  ++boots_;
  boot_ms_ = 0;
}

Result<std::unique_ptr<Clock>> make_file_clock(const std::string& path) {
  CF_TRY(const Reading first, read_reading(path));
  return std::unique_ptr<Clock>(std::make_unique<FileClock>(path, first));
}

}  // namespace counterfoil::board
