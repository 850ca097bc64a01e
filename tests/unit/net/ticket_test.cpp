// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What session tickets promise, with real handshakes of openssl's client and the library's own keys. Hours
// pass by moving the time that the library asks for.
#include "support.h"
#include "tests/support/temp_folder.h"

#include <mbedtls/platform_time.h>
#include <mbedtls/version.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <ctime>

namespace {
std::atomic<std::time_t> minutes_later{0};
}  // namespace

// In the place of libc's, for this program and the libraries it loads.
extern "C" std::time_t time(std::time_t* out) noexcept {
  timespec real{};
  ::clock_gettime(CLOCK_REALTIME, &real);
  const std::time_t now = real.tv_sec + minutes_later * 60;
  if (out != nullptr) *out = now;
  return now;
}

#if MBEDTLS_VERSION_NUMBER >= 0x03000000
// The same for the age of tickets, which newer libraries count in milliseconds since the boot.
extern "C" mbedtls_ms_time_t mbedtls_ms_time(void) {
  timespec since_boot{};
  ::clock_gettime(CLOCK_MONOTONIC, &since_boot);
  return mbedtls_ms_time_t{since_boot.tv_sec + minutes_later * 60} * 1000 + since_boot.tv_nsec / 1'000'000;
}
#endif

namespace counterfoil::net {
namespace {

constexpr int kLife_min = limits::kTicketLife_s / 60;

struct Tickets {
  support::TempFolder folder;
  test::RunningServer server{ListenerKind::Customer, Router()};
  Tickets() { minutes_later = 0; }
  ~Tickets() { minutes_later = 0; }
  Tickets(const Tickets&) = delete;
  Tickets& operator=(const Tickets&) = delete;

  [[nodiscard]] std::string handshake(const std::string& options) const {
    const std::string command =
        "openssl s_client -tls1_2 -connect 127.0.0.1:" + std::to_string(server.port()) + " " + options +
        " </dev/null 2>&1";
    std::string out;
    FILE* pipe = ::popen(command.c_str(), "r");
    REQUIRE(pipe != nullptr);
    std::array<char, 4096> buffer;
    while (std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe))
      out.append(buffer.data(), got);
    ::pclose(pipe);
    return out;
  }
  // A full handshake; keeps the ticket under the name, returns the name of the key that sealed it.
  [[nodiscard]] std::string take(const std::string& name) const {
    const std::string out = handshake("-sess_out " + folder.file(name));
    CHECK(out.find("New, TLSv1.2") != std::string::npos);
    const std::string_view mark = "TLS session ticket:\n    0000 - ";
    const auto at = out.find(mark);
    REQUIRE(at != std::string::npos);
    return out.substr(at + mark.size(), 11);
  }
  [[nodiscard]] bool resumes(const std::string& name) const {
    const std::string out = handshake("-sess_in " + folder.file(name));
    const bool is_reused = out.find("Reused, TLSv1.2") != std::string::npos;
    CHECK(is_reused != (out.find("New, TLSv1.2") != std::string::npos));
    return is_reused;
  }
};

}  // namespace

TEST_CASE("a ticket resumes for two hours, across the change of the key that sealed it, and no longer") {
  const Tickets tickets;
  CHECK(kLife_min == 120);
  const std::string first_key = tickets.take("early");
  minutes_later = kLife_min - 1;
  CHECK(tickets.resumes("early"));
  CHECK(tickets.take("late") == first_key);
  minutes_later = kLife_min + 1;
  const std::string second_key = tickets.take("next");
  CHECK(second_key != first_key);
  CHECK_FALSE(tickets.resumes("early"));
  CHECK(tickets.resumes("late"));
  minutes_later = 2 * kLife_min - 2;
  CHECK(tickets.resumes("late"));
  minutes_later = 2 * kLife_min + 2;  // the second change: the key of "late" is gone, its time over
  const std::string third_key = tickets.take("last");
  CHECK(third_key != second_key);
  CHECK(third_key != first_key);
  CHECK_FALSE(tickets.resumes("late"));
  CHECK_FALSE(tickets.resumes("next"));
  CHECK(tickets.resumes("last"));
}

TEST_CASE("a ticket of before another certificate resumes nothing") {
  const Tickets tickets;
  const std::string key = tickets.take("before");
  CHECK(tickets.resumes("before"));
  REQUIRE(tickets.server.tls->reload(test::other_server_identity()));
  CHECK_FALSE(tickets.resumes("before"));
  CHECK(tickets.take("after") != key);
  CHECK(tickets.resumes("after"));
  // A pair that is refused changes nothing.
  CHECK_FALSE(tickets.server.tls->reload({}));
  CHECK(tickets.resumes("after"));
}

}  // namespace counterfoil::net
