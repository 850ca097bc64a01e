// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "consent/body_rules.h"

#include "base/limits.h"
#include "consent/members.h"

#include <algorithm>
#include <array>

namespace counterfoil::consent {
namespace {

constexpr int kMinutesPerDay = 24 * 60;
constexpr unsigned kAllWeekdays = 127;
// E.164: "+", then at most 15 digits of which the first is not 0.
constexpr std::size_t kPhoneDigitsMin = 6;
constexpr std::size_t kPhoneDigitsMax = 15;

Error broken(std::string_view what) {
  return fail(Code::BadInput, std::string(what));
}

template <class Tag>
bool is_name(const Name<Tag>& name) {
  return consent::is_name(name.text());
}

template <class Tag>
bool is_name_or_none(const Name<Tag>& name) {
  return name.empty() || is_name(name);
}

bool is_language(std::string_view s) {
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  };
  return s.size() >= 2 && s.size() <= limits::kLanguageTagBytesMax && std::all_of(s.begin(), s.end(), good);
}

template <class Item>
bool is_sorted_unique(const std::vector<Item>& items) {
  return std::adjacent_find(items.begin(), items.end(),
                            [](const Item& a, const Item& b) { return !(a < b); }) == items.end();
}

template <std::size_t N>
bool is_one_of(std::string_view s, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), s) != words.end();
}

bool is_instant(Instant t) {
  return t >= 0 && t <= kIntegerMax;
}

Status check_topics(const std::vector<TopicId>& topics, std::string_view what) {
  if (topics.empty()) return broken(std::string(what) + ": topics must name at least one");
  if (topics.size() > limits::kTopicsPerEventMax) return broken(std::string(what) + ": too many topics");
  if (!is_sorted_unique(topics)) return broken(std::string(what) + ": topics must be sorted and unique");
  for (const TopicId& id : topics) {
    if (!is_name(id)) return broken(std::string(what) + ": a topic is not a name");
  }
  return {};
}

bool is_phone(std::string_view s) {
  return s.size() > kPhoneDigitsMin && s.size() <= kPhoneDigitsMax + 1 && s[0] == '+' && s[1] != '0' &&
         std::all_of(s.begin() + 1, s.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_address_value(const Address& address) {
  const std::string& s = address.value;
  if (s.empty() || s.size() > limits::kAddressBytesMax || !is_utf8(s)) return false;
  if (std::any_of(s.begin(), s.end(), [](char c) { return (c >= 0 && c <= ' ') || c == 0x7F; })) return false;
  if (address.kind == AddressKind::Phone) return is_phone(s);
  if (address.kind == AddressKind::Email) {
    const std::size_t at = s.find('@');
    return at != std::string::npos && at > 0 && at + 1 < s.size() && s.find('@', at + 1) == std::string::npos;
  }
  return true;
}

}  // namespace

bool is_name(std::string_view s) {
  return !s.empty() && s.size() <= limits::kNameBytesMax &&
         s.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_/.") ==
             std::string_view::npos;
}

bool is_link_name(std::string_view s) {
  const bool typed = s.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ/") == std::string_view::npos;
  return is_name(s) && typed && s != "." && s != "..";
}

bool is_cohort(std::string_view until) {
  if (until.size() != 7 && until.size() != 10) return false;
  for (std::size_t i = 0; i < until.size(); ++i) {
    const bool dash = i == 4 || i == 7;
    if (dash ? until[i] != '-' : (until[i] < '0' || until[i] > '9')) return false;
  }
  return true;
}

Status check_promise(const Promise& promise) {
  if (promise.per_day < 1 || promise.per_day > kMinutesPerDay)
    return broken("promise: per_day is out of range");
  if (promise.days_per_week < 1 || promise.days_per_week > 7)
    return broken("promise: days_per_week is out of range");
  if (promise.from_minute < 0 || promise.to_minute > kMinutesPerDay ||
      promise.from_minute >= promise.to_minute)
    return broken("promise: the hours must begin before they end, within one day");
  if (promise.weekdays == 0 || promise.weekdays > kAllWeekdays)
    return broken("promise: weekdays are out of range");
  if (promise.exceptions.size() > limits::kTopicsPerEventMax) return broken("promise: too many exceptions");
  std::vector<TopicId> sorted = promise.exceptions;
  std::sort(sorted.begin(), sorted.end());
  if (!is_sorted_unique(sorted)) return broken("promise: exceptions must be unique");
  for (const TopicId& id : sorted) {
    if (!is_name(id)) return broken("promise: an exception is not a name");
  }
  return {};
}

Status check_body(const GrantBody& body) {
  constexpr std::array<std::string_view, 3> kMethods = {"form", "kiosk", "paper"};
  if (body.channels.empty()) return broken("consent.grant: channels must name at least one");
  if (!is_sorted_unique(body.channels)) return broken("consent.grant: channels must be sorted and unique");
  CF_CHECK(check_topics(body.topics, "consent.grant"));
  if (!is_name(body.notice.id)) return broken("consent.grant: notice.id is not a name");
  if (!is_language(body.notice.language))
    return broken("consent.grant: notice.language is not a language tag");
  if (!is_one_of(body.method, kMethods)) return broken("consent.grant: method is unknown");
  if (!is_name_or_none(body.link)) return broken("consent.grant: link is not a name");
  if (body.link.empty() && body.method != "paper") return broken("consent.grant: link is missing");
  if (!is_name_or_none(body.place)) return broken("consent.grant: place is not a name");
  if (body.minimum_age < 0 || body.minimum_age > limits::kMinimumAgeMax_years)
    return broken("consent.grant: minimum_age is out of range");
  // No affirmation, no grant.
  if (body.minimum_age > 0 && !body.age_affirmed)
    return broken("consent.grant: the minimum age was not affirmed");
  if (body.ends < 1 || !is_instant(body.ends)) return broken("consent.grant: ends is out of range");
  return check_promise(body.promise);
}

Status check_body(const ConfirmBody& body) {
  if (body.evidence == Evidence::Claimed)
    return broken("consent.confirm: evidence must be more than a claim");
  if (!is_name_or_none(body.user)) return broken("consent.confirm: user is not a name");
  return {};
}

Status check_body(const WithdrawBody& body) {
  constexpr std::array<std::string_view, 4> kVias = {"link", "receipt", "till", "keyword"};
  if (!is_sorted_unique(body.channels)) return broken("consent.withdraw: channels must be sorted and unique");
  CF_CHECK(check_topics(body.topics, "consent.withdraw"));
  if (!is_one_of(body.via, kVias)) return broken("consent.withdraw: via is unknown");
  return {};
}

Status check_body(const StopBody& body) {
  constexpr std::array<std::string_view, 4> kVias = {"link", "number", "till", "keyword"};
  if (!is_one_of(body.via, kVias)) return broken("consent.stop: via is unknown");
  if (!is_name_or_none(body.user)) return broken("consent.stop: user is not a name");
  if (body.told_at && !is_instant(*body.told_at)) return broken("consent.stop: told_at is out of range");
  return {};
}

Status check_body(const EraseBody& body) {
  constexpr std::array<std::string_view, 2> kScopes = {"joined", "subject"};
  constexpr std::array<std::string_view, 2> kVias = {"link", "till"};
  if (!is_one_of(body.scope, kScopes)) return broken("erase.request: scope is unknown");
  if (!is_one_of(body.via, kVias)) return broken("erase.request: via is unknown");
  return {};
}

Status check_body(const HoldBody& body) {
  if (!is_name(body.case_id)) return broken("hold.set: case is not a name");
  if (body.until && !is_instant(*body.until)) return broken("hold.set: until is out of range");
  if (!is_name_or_none(body.user)) return broken("hold.set: user is not a name");
  return {};
}

Status check_body(const HoldClearBody& body) {
  if (!is_name(body.case_id)) return broken("hold.clear: case is not a name");
  if (!is_name_or_none(body.user)) return broken("hold.clear: user is not a name");
  return {};
}

Status check_body(const RestrictBody& body) {
  constexpr std::array<std::string_view, 5> kReasons = {"accuracy", "claim", "objection", "unlawful", "wish"};
  if (!is_one_of(body.reason, kReasons)) return broken("consent.restrict: reason is unknown");
  if (!is_name_or_none(body.user)) return broken("consent.restrict: user is not a name");
  return {};
}

Status check_body(const RetentionChangeBody& body) {
  constexpr std::array<std::string_view, 3> kReasons = {"hold", "restriction", "shortened"};
  for (const Cohort* cohort : {&body.from, &body.to}) {
    if (!is_name(cohort->retention_class)) return broken("retention.change: class is not a name");
    if (!is_cohort(cohort->until)) return broken("retention.change: cohort is neither a month nor a day");
  }
  if (!is_one_of(body.reason, kReasons)) return broken("retention.change: reason is unknown");
  if (body.lines.empty() || !is_sorted_unique(body.lines))
    return broken("retention.change: lines must be sorted, unique and at least one");
  return {};
}

Status check_body(const LookupBody& body) {
  constexpr std::array<std::string_view, 3> kAnswers = {"allow", "deny", "unknown"};
  if (!is_one_of(body.answer, kAnswers)) return broken("staff.lookup: answer is unknown");
  const bool are_words = std::all_of(body.reasons.begin(), body.reasons.end(),
                                     [](const auto& r) { return consent::is_name(r); });
  if (!are_words || !is_sorted_unique(body.reasons))
    return broken("staff.lookup: reasons must be words, sorted and unique");
  if (!is_name(body.user)) return broken("staff.lookup: user is not a name");
  return {};
}

Status check_body(const SentBody& body) {
  if (!is_instant(body.at)) return broken("contact.sent: at is out of range");
  if (!is_name(body.sender)) return broken("contact.sent: sender is not a name");
  if (!is_name(body.topic)) return broken("contact.sent: topic is not a name");
  return {};
}

Status check_body(const NativeBody& body) {
  const std::string name(event_name(event_type(body)));
  if (!is_instant(body.at)) return broken(name + ": at is out of range");
  if (!is_name(body.sender)) return broken(name + ": sender is not a name");
  if (!is_name(body.source)) return broken(name + ": source is not a name");
  return {};
}

Status check_body(const InboundBody& body) {
  if (!is_instant(body.at)) return broken("contact.inbound: at is out of range");
  if (!is_name(body.sender)) return broken("contact.inbound: sender is not a name");
  if (!is_name(body.source)) return broken("contact.inbound: source is not a name");
  if (body.text.size() > limits::kDoubtfulTextBytesMax || !is_utf8(body.text))
    return broken("contact.inbound: text is too long or not UTF-8");
  return {};
}

Status check_identity(const Identity& identity) {
  if (identity.addresses.size() > limits::kAddressesPerSubjectMax)
    return broken("identity: too many addresses");
  if (!identity.language.empty() && !is_language(identity.language))
    return broken("identity: language is not a language tag");
  for (std::size_t i = 0; i < identity.addresses.size(); ++i) {
    if (!is_address_value(identity.addresses[i])) return broken("identity: an address is not canonical");
    for (std::size_t j = 0; j < i; ++j) {
      if (identity.addresses[i].same_place(identity.addresses[j]))
        return broken("identity: addresses must be unique");
    }
  }
  return {};
}

}  // namespace counterfoil::consent
