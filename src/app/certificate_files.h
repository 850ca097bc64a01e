// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The operator's certificate and key on disk: asked for, judged, and put in place. Two files cannot be
// renamed at once, so the next key lies beside the old one until the chain has been renamed, and whoever
// reads takes the key that belongs to the chain: after a power cut at any moment one pair or the other serves
// (DECISIONS.md 45). Used by the command line; the daemon only reads. Thread rule: one process at a time.
#pragma once

#include "app/certificate.h"

namespace counterfoil::app {

/// Where the key of an installation lies until its chain is in place.
std::string next_key_path(const Config& config);
/// Where the key of a request waits for its certificate.
std::string pending_key_path(const Config& config);

/// A certificate request for the pending key, PEM; the key is made (0600) when there is none yet or new_key
/// says so, and else stays, so that the request is the same each time. Fails as write_file_durably(), or with
/// BadInput (names, or a pending key that cannot be read).
Result<std::string> request_certificate(const Config& config, bool host_only, bool new_key);

/// The chain with the key that fits it: the given one, else the pending one, else the one in use. Fails with
/// BadInput in words that say what to do.
Result<Identity> match_key(const Config& config, std::string chain_pem, const std::string& key_path_given);
/// Everything that keeps phones away from it, today or ever. Fails with Refused, one reason a line. Dates are
/// judged only by a trusted clock.
Status judge_for_install(const Identity& identity, const Config& config, Instant now, ClockState clock);
/// Puts the pair in the place of the old one, readable by whoever could read that. Fails as
/// write_file_durably(), with Conflict where another program's link stands.
Status install_identity(const Config& config, const Identity& identity);
/// Once the pair is served: the request that led to it, if one did, is over.
void end_request(const Config& config, const Identity& identity);

}  // namespace counterfoil::app
