// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What the notice of GDPR Art. 13 still lacks, in the words of the configuration file.
#include "consent/body_rules.h"
#include "counterfoil/consent/business.h"

#include <algorithm>

namespace counterfoil::consent {
namespace {

constexpr int kAgeOfConsentMin_years = 13;  // GDPR Art. 8(1): no member state may go below

using Items = std::vector<Missing>;

void need(Items& items, bool present, std::string_view code, std::string key, std::string words) {
  if (!present) items.push_back({std::string(code), std::move(key), std::move(words)});
}

bool has_text(const LocalText& text, const std::string& language) {
  const auto at = text.find(language);
  return at != text.end() && !at->second.empty();
}

void missing_controller(Items& items, const Business& b) {
  need(items, !b.name.empty(), "controller", "business.name",
       "the name that stands in the sentence people agree to");
  need(items, !b.legal_name.empty(), "controller", "business.legal_name",
       "who is responsible (GDPR Art. 13(1)(a))");
  need(items, !b.address.empty(), "controller", "business.address",
       "where the business can be reached (GDPR Art. 13(1)(a))");
  need(items, !b.privacy_contact.empty(), "contact", "business.privacy_contact",
       "whom to ask about data (GDPR Art. 13(1)(a) and (b))");
  need(items, !b.authority_name.empty(), "authority", "business.authority.name",
       "where people can complain (GDPR Art. 13(2)(d))");
  need(items, !b.languages.empty(), "languages", "business.languages", "at least one language for the pages");
  need(items, b.minimum_age >= kAgeOfConsentMin_years, "age", "business.minimum_age",
       "the age a person must affirm, 13 or more (GDPR Art. 8(1))");
  need(items, !b.notice.empty(), "notice", "business.notice",
       "the version of the notice, for example \"N1\"");
  if (const Status promise = check_promise(b.promise); !promise)
    need(items, false, "promise", "promise",
         promise.error().detail.substr(std::string_view("promise: ").size()));
}

bool stop_works(const StopWay& way, const Business& b) {
  switch (way.kind) {
    case StopWay::Kind::Keyword:
      return std::any_of(b.senders.begin(), b.senders.end(),
                         [&](const Sender& s) { return s.id.text() == way.where && s.enabled && s.two_way; });
    case StopWay::Kind::CloudPage:
      return way.where.starts_with("https://") && way.where.size() > std::string_view("https://").size();
    case StopWay::Kind::StaffedNumber:
      return !way.where.empty();
  }
  return false;
}

// Recipients are tied to a channel by their id: "whatsapp", or "sms-provider" for SMS.
const Recipient* platform_of(Channel channel, const Business& b) {
  const std::string name(channel_name(channel));
  for (const Recipient& r : b.recipients) {
    const bool gets_identity =
        std::find(r.receives.begin(), r.receives.end(), "identity") != r.receives.end();
    if (gets_identity && (r.id.text() == name || r.id.text().starts_with(name + "-"))) return &r;
  }
  return nullptr;
}

void missing_transfer(Items& items, const Business& b, const Recipient& r) {
  for (const std::string& language : b.languages) {
    need(items, has_text(r.outside_eu, language), "recipients",
         "recipient." + r.id.text() + ".outside_eu." + language,
         "to which country the data goes, and on what ground (GDPR Art. 13(1)(f))");
  }
}

void missing_platforms(Items& items, const Business& b) {
  need(items, !b.channels().empty(), "senders", "sender", "at least one enabled sender to write from");
  for (const Channel channel : b.channels()) {
    const std::string name(channel_name(channel));
    const Recipient* platform = platform_of(channel, b);
    need(items, platform != nullptr, "recipients", "recipient",
         "who delivers on " + name + " and so receives \"identity\"; its id is \"" + name +
             "\" or begins with \"" + name + "-\" (GDPR Art. 13(1)(e))");
    const bool leaves_eu = channel == Channel::WhatsApp || channel == Channel::Messenger;
    if (platform != nullptr && leaves_eu) missing_transfer(items, b, *platform);
  }
  for (const Recipient& r : b.recipients) {
    need(items, !r.name.empty() && !r.role.empty(), "recipients", "recipient." + r.id.text(),
         "name and role (GDPR Art. 13(1)(e))");
  }
}

// Follows "then" to "destroy"; a chain longer than the table goes in a circle.
void missing_retention_chain(Items& items, const Business& b, const Topic& topic) {
  std::string name = topic.retention;
  for (std::size_t steps = 0; steps <= b.retention.size(); ++steps) {
    const RetentionClass* c = b.retention_class(name);
    if (c == nullptr) {
      need(items, false, "retention", "retention." + name,
           "topic." + topic.id.text() + " leads to it and it is not there (GDPR Art. 13(2)(a))");
      return;
    }
    need(items, c->keep_months > 0 || c->keep_days > 0, "retention", "retention." + c->name + ".keep",
         "a yes and the proof after it need a length in months or days (GDPR "
         "Art. 5(1)(e))");
    if (c->then == "destroy") return;
    name = c->then;
  }
  need(items, false, "retention", "retention." + topic.retention + ".then",
       "goes in a circle and never ends in \"destroy\"");
}

void missing_retention(Items& items, const Business& b) {
  for (const RetentionClass& c : b.retention) {
    need(items, !c.starts.empty() && !c.keep.empty(), "retention", "retention." + c.name,
         "starts and keep, in words (GDPR Art. 13(2)(a))");
  }
  need(items, b.retention_class("stop-mark") != nullptr, "retention", "retention.stop-mark",
       "how long the mark of a stopped or erased number stays");
}

void missing_topics(Items& items, const Business& b) {
  need(items, !b.topics.empty(), "topics", "topic", "at least one topic to agree to (GDPR Art. 13(1)(c))");
  for (const Topic& topic : b.topics) {
    for (const std::string& language : b.languages) {
      need(items, has_text(topic.title, language), "topics",
           "topic." + topic.id.text() + ".title." + language, "missing");
      need(items, has_text(topic.line, language), "topics", "topic." + topic.id.text() + ".line." + language,
           "missing");
    }
    missing_retention_chain(items, b, topic);
  }
}

void missing_links(Items& items, const Business& b) {
  for (const OptInLink& link : b.links) {
    need(items, !link.topics.empty(), "links", "link." + link.id.text() + ".topics", "at least one topic");
    need(items, link.shop.empty() || b.shop(link.shop) != nullptr, "links",
         "link." + link.id.text() + ".shop", "there is no shop by that name");
    for (const TopicId& id : link.topics) {
      need(items, b.topic(id) != nullptr, "links", "link." + link.id.text() + ".topics",
           "there is no topic \"" + id.text() + "\"");
    }
  }
}

}  // namespace

std::vector<Missing> missing_for_opt_in(const Business& business) {
  Items items;
  missing_controller(items, business);
  need(items,
       std::any_of(business.stop_ways.begin(), business.stop_ways.end(),
                   [&](const StopWay& way) { return stop_works(way, business); }),
       "stop_way", "stop_way",
       "at least one way to stop that works from home: a keyword on an enabled two-way sender, an "
       "https page, or a staffed number (GDPR Art. 7(3))");
  missing_platforms(items, business);
  missing_retention(items, business);
  missing_topics(items, business);
  missing_links(items, business);
  return items;
}

}  // namespace counterfoil::consent
