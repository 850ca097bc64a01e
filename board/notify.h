// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Words to the service manager (sd_notify(3) protocol: one datagram to $NOTIFY_SOCKET). Without a manager the
// calls do nothing. Thread rule: any thread.
#pragma once

#include <string_view>

namespace counterfoil::board {

/// The daemon serves from now on.
void notify_ready();
/// The daemon is about to end.
void notify_stopping();
/// One line for "systemctl status"; never personal data.
void notify_status(std::string_view text);
/// Still alive: resets the watchdog timer.
void notify_alive();
/// Half of the interval the manager expects (WATCHDOG_USEC, for this process), in milliseconds; 0 if none.
int notify_interval_ms();

}  // namespace counterfoil::board
