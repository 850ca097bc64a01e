// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Words that a published notice and the pages share, so that both say the same. Thread rule: pure functions.
#pragma once

#include "counterfoil/consent/business.h"
#include "i18n/i18n.h"

#include <string>

namespace counterfoil::desk {

/// "24 months", "3 years", "7 days"; the operator's own words where the class has no length.
std::string period_words(i18n::Language language, const consent::RetentionClass& kept);
/// The channel's own name, also of one that the catalogue does not know.
std::string channel_words(i18n::Language language, consent::Channel channel);
/// A way to stop that works from home, as in "STOP on WhatsApp".
std::string stop_way_words(i18n::Language language, const consent::Business& business,
                           const consent::StopWay& way);

}  // namespace counterfoil::desk
