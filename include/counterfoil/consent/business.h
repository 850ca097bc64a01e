// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What the operator says about the business: read from the configuration once, immutable afterwards.
// Thread rule: shared as const. Every text is UTF-8; LocalText maps a BCP 47 language to a text.
#pragma once

#include "counterfoil/consent/ids.h"
#include "counterfoil/consent/terms.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace counterfoil::consent {

using LocalText = std::map<std::string, std::string, std::less<>>;

/// The promise printed beside the button; stored with each yes and a cap on it for life.
struct Promise {
  int per_day = 1;
  int days_per_week = 3;
  int from_minute = 540;   // local minute of the day, inclusive
  int to_minute = 1200;    // exclusive
  unsigned weekdays = 31;  // bit 0 = Monday … bit 6 = Sunday
  bool holidays = false;
  std::vector<TopicId> exceptions;  // topics that may come on any day
  /// One that keeps nothing back.
  static Promise at_any_time();
  bool operator==(const Promise&) const = default;
};

struct Shop {
  ShopId id;
  LocalText place;
};

struct Sender {
  SenderId id;
  Channel channel = Channel::WhatsApp;
  std::string address;   // as shown to customers
  bool two_way = false;  // may "reply STOP" be promised on it?
  bool enabled = true;
};

struct Topic {
  TopicId id;
  Category category = Category::Marketing;
  LocalText title;
  LocalText line;
  std::string retention;  // name of a RetentionClass
  bool one_time = false;  // a yes is to one message: "Tell me when it is back"
};

/// How long a kind of record lives (GDPR Art. 5(1)(e)).
struct RetentionClass {
  std::string name;
  std::string starts;   // in words, shown on /privacy
  std::string keep;     // in words, shown on /privacy
  int keep_months = 0;  // 0: until a condition stated in "keep"
  int keep_days = 0;
  std::string then;  // "destroy" or the name of the next class
};

struct Recipient {
  RecipientId id;
  std::string name;
  std::string role;                   // "controller", "processor", "joint", "separate"
  std::vector<std::string> receives;  // "identity" (disclosure 0), "consent" (disclosure 1)
  LocalText outside_eu;               // where and under which safeguard; empty: inside the EU
  struct Agreement {
    std::string signed_on, purpose, scope, review_by;
  };
  std::optional<Agreement> agreement;
};

/// A place where customers can say yes.
struct OptInLink {
  LinkId id;
  LocalText place;
  ShopId shop;
  std::string poster;  // "A4", "A5", "table-tent", "sticker", "none"
  bool kiosk = false;
  std::vector<TopicId> topics;
};

/// A way to stop that works away from the shop's network; opt-in is closed without one (GDPR Art. 7(3)).
struct StopWay {
  enum class Kind { Keyword, CloudPage, StaffedNumber } kind = Kind::Keyword;
  std::string where;  // sender id for Keyword, https address, or telephone number as shown
};

struct Business {
  std::string id;
  std::string name;
  std::string legal_name;
  std::string tax_id;
  std::string address;
  std::string privacy_contact;
  std::string dpo;
  std::string authority_name;
  std::string authority_url;
  std::string jurisdiction;  // ISO 3166-1 alpha-2
  int minimum_age = 16;
  std::string time_zone;
  std::vector<std::string> languages;  // first is the default
  std::string colour;                  // "#rrggbb"
  NoticeId notice;                     // current version, "N1"
  Evidence minimum_evidence = Evidence::Present;
  std::vector<StopWay> stop_ways;
  std::vector<Shop> shops;
  Promise promise;
  std::vector<Sender> senders;
  std::vector<Topic> topics;
  std::vector<RetentionClass> retention;
  std::string look_ups;  // name of the RetentionClass of look-ups by staff
  std::string sent;      // name of the RetentionClass of messages that were sent
  std::string inbound;   // name of the RetentionClass of messages that people wrote
  std::vector<Recipient> recipients;
  std::vector<OptInLink> links;

  // Each returns nullptr when there is none.
  [[nodiscard]] const Topic* topic(const TopicId& id) const;
  [[nodiscard]] const OptInLink* link(const LinkId& id) const;
  [[nodiscard]] const Shop* shop(const ShopId& id) const;
  [[nodiscard]] const RetentionClass* retention_class(std::string_view name) const;
  /// The first enabled one of the channel.
  [[nodiscard]] const Sender* sender(Channel channel) const;
  /// Channels of enabled senders, in the order of kChannels.
  [[nodiscard]] std::vector<Channel> channels() const;
};

/// Text in the language, else in the first configured language, else any.
const std::string& local(const LocalText& text, std::string_view language, const Business& business);

/// Something that the configuration must still say.
struct Missing {
  std::string code;   // "stop_way", "controller", …: closed.reason.<code> of the catalogue says it on pages
  std::string key;    // of the configuration
  std::string words;  // English, for the operator's terminal
  [[nodiscard]] std::string sentence() const { return key + ": " + words; }
};
/// Everything that must be filled in before anybody may be asked for a yes (GDPR Art. 13); empty means opt-in
/// may open.
std::vector<Missing> missing_for_opt_in(const Business& business);

}  // namespace counterfoil::consent
