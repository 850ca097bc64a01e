// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Rules as TOML: the packs that came with the program (src/app/rules/), and what the operator's configuration
// adds or loosens. Thread rule: read once at start, then shared as const.
#pragma once

#include "app/config_reader.h"
#include "app/rule_decision.h"
#include "counterfoil/decide/rules.h"

namespace counterfoil::app {

/// The packs alone. Fails with Internal where one is malformed, and says which line.
Result<decide::Rules> built_in_rules();

/// [[rule]], [[holiday]] and [[rule_decision]] of the configuration, on top of `to`. Law and platform can
/// only be made stricter, etiquette can be loosened by a decision that names who took it; whatever a yes was
/// promised caps it in any case.
void read_rules(ConfigReader& in, decide::Rules& to, std::vector<RuleDecision>& decisions);

}  // namespace counterfoil::app
