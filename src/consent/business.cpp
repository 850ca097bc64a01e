// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "counterfoil/consent/business.h"

#include <algorithm>

namespace counterfoil::consent {
namespace {

template <class Items, class Key>
const typename Items::value_type* find_by_id(const Items& items, const Key& id) {
  const auto at = std::find_if(items.begin(), items.end(), [&](const auto& item) { return item.id == id; });
  return at == items.end() ? nullptr : &*at;
}

}  // namespace

Promise Promise::at_any_time() {
  Promise out;
  out.from_minute = 0;
  out.to_minute = 24 * 60;
  out.weekdays = 127;
  out.holidays = true;
  return out;
}

const Topic* Business::topic(const TopicId& wanted) const {
  return find_by_id(topics, wanted);
}

const OptInLink* Business::link(const LinkId& wanted) const {
  return find_by_id(links, wanted);
}

const Shop* Business::shop(const ShopId& wanted) const {
  return find_by_id(shops, wanted);
}

const RetentionClass* Business::retention_class(std::string_view wanted) const {
  const auto at = std::find_if(retention.begin(), retention.end(),
                               [&](const RetentionClass& c) { return c.name == wanted; });
  return at == retention.end() ? nullptr : &*at;
}

const Sender* Business::sender(Channel channel) const {
  const auto at = std::find_if(senders.begin(), senders.end(),
                               [&](const Sender& s) { return s.enabled && s.channel == channel; });
  return at == senders.end() ? nullptr : &*at;
}

std::vector<Channel> Business::channels() const {
  std::vector<Channel> out;
  for (const Channel c : kChannels)
    if (sender(c) != nullptr) out.push_back(c);
  return out;
}

const std::string& local(const LocalText& text, std::string_view language, const Business& business) {
  static const std::string kNone;
  if (const auto at = text.find(language); at != text.end()) return at->second;
  if (!business.languages.empty()) {
    if (const auto at = text.find(business.languages.front()); at != text.end()) return at->second;
  }
  return text.empty() ? kNone : text.begin()->second;
}

}  // namespace counterfoil::consent
