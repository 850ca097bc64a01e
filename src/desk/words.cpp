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

std::vector<std::string> withdrawal_words(i18n::Language language, const consent::Business& business) {
  std::vector<std::string> ways = {tr(language, "notice.way.receipt")};
  for (const auto& way : business.stop_ways) ways.push_back(stop_way_words(language, business, way));
  ways.push_back(tr(language, "notice.way.till"));
  return ways;
}

std::string retention_words(i18n::Language language, const consent::Business& business,
                            const consent::RetentionClass& yes) {
  const std::string text = tr(language, "notice.period.text", {{"period", period_words(language, yes)}});
  const auto* then = business.retention_class(yes.then);
  return text + " " +
         (then == nullptr ? tr(language, "notice.period.destroy")
                          : tr(language, "notice.period.proof", {{"period", period_words(language, *then)}}));
}

std::string topic_list(i18n::Language language, const consent::Business& business,
                       std::span<const consent::TopicId> topics) {
  std::vector<std::string> names;
  for (const consent::TopicId& id : topics) {
    const consent::Topic* topic = business.topic(id);
    names.push_back(
        tr(language, "list.quoted",
           {{"item", topic == nullptr ? id.text() : local(topic->title, language.code(), business)}}));
  }
  return i18n::join_and(language, names);
}

std::string channel_list(i18n::Language language, std::span<const consent::Channel> channels) {
  std::vector<std::string> names;
  for (const consent::Channel channel : channels) names.push_back(channel_words(language, channel));
  return i18n::join_and(language, names);
}

std::string place_words(i18n::Language language, const consent::Business& business,
                        const consent::ShopId& id) {
  const consent::Shop* shop = business.shop(id);
  return shop == nullptr ? business.name : local(shop->place, language.code(), business);
}

}  // namespace counterfoil::desk
