// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// counterfoild: opens the appliance, its three doors and the control socket, and serves until it is told to
// stop. Thread rule: run() in the main thread, once per process; it blocks SIGTERM, SIGINT and SIGHUP for the
// threads it makes.
#pragma once

#include "app/appliance.h"

namespace counterfoil::app {

/// Closes what a crash could leak: no core file (RLIMIT_CORE 0) and not dumpable. First thing in main().
Status harden_process();

/// Serves until SIGTERM or SIGINT; SIGHUP reads the certificate anew. Prints one line when ready, and the
/// set-up code while there is no manager. Fails with what open() fails with, Conflict (port taken), Refused
/// (no right to a port).
Status run(const Config& config, const Paths& paths);

}  // namespace counterfoil::app
