// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Grants and their twins for a log in memory.
#pragma once

#include "log_maker.h"

#include <string>
#include <vector>

namespace counterfoil::proof::testing {

/// Says yes to the topics on SMS and WhatsApp until 2028-09-20; returns the line's number.
std::uint64_t add_grant(LogMaker& log, const std::vector<std::string>& topics);
/// The record of that line for a shop with a name and an address, as of the log's size.
json::Object record_of(const LogMaker& log, std::uint64_t seq);
/// The same, signed.
std::string twin_of(const LogMaker& log, std::uint64_t seq);

}  // namespace counterfoil::proof::testing
