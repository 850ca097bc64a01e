// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What both command lines say to somebody who mistyped: the word that is wrong, the one that is near, where
// help is. Thread rule: one thread.
#pragma once

#include <CLI/CLI.hpp>

namespace counterfoil::tool {

/// Prints help, the version or the mistake; 0 for the first two, 2 for a mistake. To be called with what
/// app.parse() threw.
int answer_usage(const CLI::App& app, const CLI::ParseError& error);

}  // namespace counterfoil::tool
