// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What a manager decided about the rules of etiquette. Thread rule: value type.
#pragma once

#include <string>

namespace counterfoil::app {

/// A manager's decision not to keep to a rule of etiquette, or to keep to other hours.
struct RuleDecision {
  std::string rule;
  std::string by;      // who decided
  std::string on;      // "2026-11-20"
  std::string reason;  // in the manager's words
  bool operator==(const RuleDecision&) const = default;
};

}  // namespace counterfoil::app
