// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "board/generic/system_clock.h"

#include "base/fd.h"

#include <sys/random.h>
#include <sys/timex.h>
#include <unistd.h>

#include <array>
#include <ctime>

namespace counterfoil::board {
namespace {

constexpr std::size_t kBootIdDigits = 32;

std::timespec time_of(clockid_t id) {
  std::timespec t{};
  if (::clock_gettime(id, &t) != 0) t = {};  // cannot fail for the two clocks asked here
  return t;
}

bool kernel_says_synchronised() {
  timex question{};
  if (::adjtimex(&question) >= 0) return (question.status & STA_UNSYNC) == 0;
  // A hardened unit may forbid the call although it only reads; timesyncd leaves this file instead.
  return ::access("/run/systemd/timesync/synchronized", F_OK) == 0;
}

bool has_battery_clock() {
  return ::access("/sys/class/rtc/rtc0", F_OK) == 0 || ::access("/dev/rtc0", F_OK) == 0;
}

std::string read_boot_id() {
  std::string digits;
  if (auto text = read_file("/proc/sys/kernel/random/boot_id", 64))
    for (const char c : as_text(*text))
      if (c != '-' && c != '\n') digits += c;
  if (digits.size() == kBootIdDigits) return digits;
  std::array<std::uint8_t, kBootIdDigits / 2> fresh{};
  if (::getrandom(fresh.data(), fresh.size(), 0) != static_cast<ssize_t>(fresh.size())) fresh = {};
  return hex(fresh);
}

class SystemClock final : public Clock {
 public:
  explicit SystemClock(bool operator_vouches) : operator_vouches_(operator_vouches) {}
  [[nodiscard]] Instant now() const override {
    const Instant t = time_of(CLOCK_REALTIME).tv_sec;
    return t < 0 ? 0 : t;
  }
  [[nodiscard]] std::int64_t boot_ms() const override { return system_boot_ms(); }
  [[nodiscard]] ClockState state() const override {
    return judge_clock({now(), kernel_says_synchronised(), has_battery_clock(), operator_vouches_});
  }
  [[nodiscard]] std::string boot_id() const override { return system_boot_id(); }

 private:
  bool operator_vouches_;
};

}  // namespace

ClockState judge_clock(const ClockEvidence& evidence) {
  if (evidence.now < kEarliestPlausible) return ClockState::Untrusted;
  if (evidence.kernel_synchronised) return ClockState::Synced;
  if (evidence.battery_clock || evidence.operator_vouches) return ClockState::Rtc;
  return ClockState::Untrusted;
}

std::unique_ptr<Clock> make_system_clock(bool operator_vouches) {
  return std::make_unique<SystemClock>(operator_vouches);
}

std::int64_t system_boot_ms() {
  const std::timespec t = time_of(CLOCK_BOOTTIME);
  return std::int64_t{t.tv_sec} * 1000 + t.tv_nsec / 1'000'000;
}

const std::string& system_boot_id() {
  static const std::string id = read_boot_id();
  return id;
}

}  // namespace counterfoil::board
