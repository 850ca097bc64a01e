// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Words that a published notice and the pages share, so that both say the same. Thread rule: pure functions.
#pragma once

#include "counterfoil/consent/business.h"
#include "i18n/i18n.h"

#include <span>
#include <string>
#include <vector>

namespace counterfoil::desk {

/// "24 months", "3 years", "7 days"; the operator's own words where the class has no length.
std::string period_words(i18n::Language language, const consent::RetentionClass& kept);
/// The channel's own name, also of one that the catalogue does not know.
std::string channel_words(i18n::Language language, consent::Channel channel);
/// A way to stop that works from home, as in "STOP on WhatsApp".
std::string stop_way_words(i18n::Language language, const consent::Business& business,
                           const consent::StopWay& way);

/// Every way to take a yes back: the receipt's link, the ways from home, the till.
std::vector<std::string> withdrawal_words(i18n::Language language, const consent::Business& business);
/// How long a yes of this class is kept, and what comes then.
std::string retention_words(i18n::Language language, const consent::Business& business,
                            const consent::RetentionClass& yes);
/// “Offers of the week” and “Important notices”, in the order given.
std::string topic_list(i18n::Language language, const consent::Business& business,
                       std::span<const consent::TopicId> topics);
std::string channel_list(i18n::Language language, std::span<const consent::Channel> channels);
std::string place_words(i18n::Language language, const consent::Business& business,
                        const consent::ShopId& shop);

}  // namespace counterfoil::desk
