// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The texts of src/app/rules/, compiled in. Thread rule: constant.
#pragma once

#include <span>
#include <string_view>

namespace counterfoil::app {

/// Changes with every change of a pack; each decision carries it.
inline constexpr std::string_view kRulePackVersion = "2026-11-28";

struct RulePack {
  std::string_view name;
  std::string_view text;
};
std::span<const RulePack> rule_packs();

}  // namespace counterfoil::app
