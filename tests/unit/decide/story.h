// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// A person's events told in a few words, for tests of the decision. Days count from an arbitrary first one.
#pragma once

#include "counterfoil/decide/decide.h"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace counterfoil::decide::testing {

inline constexpr Instant kFirstDay = 1'790'000'000;
constexpr Instant day(double n) {
  return kFirstDay + static_cast<Instant>(n * static_cast<double>(kDay_s));
}

inline const consent::Address kAna{consent::AddressKind::Phone, "+46701740605", consent::Evidence::Claimed};
inline const consent::Address kMail{consent::AddressKind::Email, "ana@ejemplo.example",
                                    consent::Evidence::Claimed};
inline const consent::Address kOther{consent::AddressKind::Phone, "+46701740699", consent::Evidence::Claimed};

using Channels = std::vector<consent::Channel>;
using Topics = std::vector<std::string>;
inline constexpr auto kWhatsApp = consent::Channel::WhatsApp;
inline const Channels kWa = {consent::Channel::WhatsApp};
inline const Channels kSms = {consent::Channel::Sms};
inline const Channels kBoth = {consent::Channel::WhatsApp, consent::Channel::Sms};

/// A place whose clocks never change.
inline std::shared_ptr<const Zone> place(int offset_s, std::string name = "Test/Place") {
  return std::make_shared<const Zone>(Zone{std::move(name), {{0, offset_s}}});
}

/// Submissions are numbered from 0; seq counts over all of them, in the order of the calls.
class Story {
 public:
  Story& form(std::size_t who, double at_day, Channels channels, const Topics& topics, double days_long = 730,
              std::vector<consent::Address> addresses = {kAna}) {
    consent::GrantBody b;
    b.channels = std::move(channels);
    b.topics = ids(topics);
    b.notice = {consent::NoticeId("N1"), "es", {}};
    b.method = "form";
    b.link = consent::LinkId("caja");
    b.place = consent::ShopId("torrevieja");
    b.ends = day(at_day + days_long);
    b.promise = promise_;
    return add(who, at_day, consent::EventType::Grant, b, std::move(addresses));
  }
  Story& code(std::size_t who, double at_day, consent::Evidence evidence = consent::Evidence::Present) {
    return add(who, at_day, consent::EventType::Confirm,
               consent::ConfirmBody{evidence, consent::Actor::Staff, consent::UserId("caja-1")});
  }
  /// A form whose code was confirmed at once.
  Story& yes(std::size_t who, double at_day, Channels channels, const Topics& topics,
             double days_long = 730) {
    return form(who, at_day, std::move(channels), topics, days_long).code(who, at_day);
  }
  Story& untick(std::size_t who, double at_day, Channels channels, const Topics& topics,
                consent::Actor by = consent::Actor::Person) {
    return add(who, at_day, consent::EventType::Withdraw,
               consent::WithdrawBody{std::move(channels), ids(topics), by, "link"});
  }
  Story& stop(std::size_t who, double at_day, consent::Actor by = consent::Actor::Person) {
    return add(who, at_day, consent::EventType::Stop,
               consent::StopBody{by, "link", consent::UserId(), std::nullopt});
  }
  Story& restrict(std::size_t who, double at_day, bool on = true,
                  consent::Actor by = consent::Actor::Person) {
    return add(who, at_day, consent::EventType::Restrict,
               consent::RestrictBody{by, on, "claim", consent::UserId()});
  }
  /// A message that the business sent, recorded at once.
  Story& sent(std::size_t who, Instant at, consent::Category category = consent::Category::Marketing,
              consent::Channel channel = consent::Channel::WhatsApp) {
    add(who, 0, consent::EventType::Sent,
        consent::SentBody{at, category, channel, true, consent::SenderId("wa"), consent::TopicId("offers")});
    subjects_[who].back().t = at;
    return *this;
  }
  /// What the platform says of adverts there.
  Story& native(std::size_t who, double at_day, bool stop = true, const std::string& sender = "wa",
                consent::Channel channel = consent::Channel::WhatsApp) {
    const consent::NativeBody body{stop, day(at_day), channel, consent::SenderId(sender), "client/hook"};
    return add(who, at_day, consent::event_type(body), body);
  }
  /// A message of the person's, reported at once.
  Story& inbound(std::size_t who, Instant at, consent::Channel channel = consent::Channel::WhatsApp,
                 const std::string& sender = "wa") {
    const consent::InboundBody body{at, channel, consent::SenderId(sender), "client/hook", {}};
    add(who, 0, consent::EventType::Inbound, body);
    subjects_[who].back().t = at;
    return *this;
  }
  Story& fact(std::size_t who, double at_day, consent::EventType type) {
    return add(who, at_day, type, std::nullopt);
  }
  /// What the forms that follow promise.
  Story& promising(consent::Promise promise) {
    promise_ = std::move(promise);
    return *this;
  }
  Story& tag() {
    suppressed_ = true;
    return *this;
  }
  Story& damage() {
    damaged_ = true;
    return *this;
  }

  [[nodiscard]] const std::vector<std::vector<consent::Event>>& subjects() const { return subjects_; }
  [[nodiscard]] consent::PersonState person() const {
    consent::PersonState person;
    for (const auto& events : subjects_) {
      consent::SubjectState& state = person.subjects.emplace_back();
      for (const consent::Event& event : events) consent::apply(state, event);
    }
    person.suppressed = suppressed_;
    person.damaged = damaged_;
    return person;
  }

 private:
  static std::vector<consent::TopicId> ids(const Topics& topics) {
    std::vector<consent::TopicId> out;
    for (const std::string& topic : topics) out.emplace_back(topic);
    return out;
  }
  Story& add(std::size_t who, double at_day, consent::EventType type, std::optional<consent::EventBody> body,
             std::vector<consent::Address> addresses = {}) {
    if (subjects_.size() <= who) subjects_.resize(who + 1);
    // Later events of a submission name the addresses it began with.
    if (addresses.empty())
      addresses = subjects_[who].empty() ? std::vector{kAna} : subjects_[who].front().identity.addresses;
    subjects_[who].push_back({.seq = consent::Seq{next_seq_++},
                              .t = day(at_day),
                              .clock = ClockState::Synced,
                              .type = type,
                              .body = std::move(body),
                              .identity = {.addresses = std::move(addresses), .language = "es"}});
    return *this;
  }

  std::vector<std::vector<consent::Event>> subjects_;
  consent::Promise promise_ = consent::Promise::at_any_time();
  std::uint64_t next_seq_ = 1;
  bool suppressed_ = false;
  bool damaged_ = false;
};

inline Question ask(consent::Channel channel, std::string topic, consent::Address address = kAna) {
  return {.address = std::move(address),
          .channel = channel,
          .sender = consent::SenderId(),
          .topic = consent::TopicId(std::move(topic)),
          .category = consent::Category::Marketing,
          .useful_until = std::nullopt,
          .where = {"SE", {place(0)}}};
}

/// No rules but how much evidence the shop asks for.
inline Rules asking_for(consent::Evidence minimum) {
  Rules out;
  out.minimum_evidence = minimum;
  return out;
}

inline std::string reasons_text(const Decision& decision) {
  std::string out;
  for (const Reason& reason : decision.reasons) {
    if (!out.empty()) out += ' ';
    out += reason_name(reason.code);
  }
  return out.empty() ? "allow" : out;
}

}  // namespace counterfoil::decide::testing
