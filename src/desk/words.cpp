// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "desk/words.h"

namespace counterfoil::desk {

using i18n::tr;

std::string period_words(i18n::Language language, const consent::RetentionClass& kept) {
  const auto count = [&](std::string_view unit, int n) {
    return i18n::tr_count(language, unit, static_cast<std::uint64_t>(n));
  };
  if (kept.keep_months > 0 && kept.keep_months % 12 == 0) return count("count.years", kept.keep_months / 12);
  if (kept.keep_months > 0) return count("count.months", kept.keep_months);
  if (kept.keep_days > 0) return count("count.days", kept.keep_days);
  return kept.keep;
}

std::string channel_words(i18n::Language language, consent::Channel channel) {
  const std::string id = "channel." + std::string(consent::channel_name(channel));
  return i18n::has(id) ? tr(language, id) : std::string(consent::channel_name(channel));
}

std::string stop_way_words(i18n::Language language, const consent::Business& business,
                           const consent::StopWay& way) {
  if (way.kind == consent::StopWay::Kind::CloudPage)
    return tr(language, "notice.way.page", {{"address", way.where}});
  if (way.kind == consent::StopWay::Kind::StaffedNumber)
    return tr(language, "notice.way.phone", {{"address", way.where}});
  for (const auto& sender : business.senders)
    if (sender.id.text() == way.where && sender.channel == consent::Channel::Sms)
      return tr(language, "notice.way.sms", {{"address", sender.address}});
  return tr(language, "notice.way.whatsapp");
}

}  // namespace counterfoil::desk
