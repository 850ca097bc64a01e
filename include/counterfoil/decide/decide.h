// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// "May I message this person now, and why (not)?" The one pure function that answers.
// No I/O, no clock of its own. The staff page, the API, list scrubs, the command line and the tests call it;
// whatever asks later (send gate) must too. Thread rule: safe from any thread.
#pragma once

#include "counterfoil/base/clock.h"
#include "counterfoil/consent/fold.h"
#include "counterfoil/decide/reason.h"
#include "counterfoil/decide/rules.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace counterfoil::decide {

enum class Verdict { Allow, Deny, AllowLater };
std::string_view verdict_name(Verdict v);

/// Where the person is, as far as the address tells: a number of the shop's own country is in the shop's
/// zone, any other may be in each zone of its country.
struct Whereabouts {
  std::string country;                             // ISO 3166-1 alpha-2
  std::vector<std::shared_ptr<const Zone>> zones;  // none: nobody knows, and nothing that has hours passes
};

struct Question {
  consent::Address address;
  consent::Channel channel = consent::Channel::WhatsApp;
  consent::SenderId sender;  // empty: any
  consent::TopicId topic;
  consent::Category category = consent::Category::Marketing;
  std::optional<Instant> useful_until;  // the message is of no use from then on
  Whereabouts where;
  consent::Quality quality = consent::Quality::High;  // the sender's
  bool one_time = false;                              // a yes to this topic is to one message
  bool free_text = false;  // words of the business's own; else a template that the platform has approved
};

/// A yes below the minimum evidence is forgotten this long after it was given.
inline constexpr Instant kUnconfirmedLife_s = 7 * kDay_s;

/// Why the person gets it: the facts of the grant that allows, to be put into words.
struct Because {
  consent::TopicId topic;
  consent::Channel channel = consent::Channel::WhatsApp;
  Instant given = 0;
  Instant ends = 0;
  consent::LinkId link;
  consent::ShopId place;
  consent::Evidence evidence = consent::Evidence::Claimed;
  consent::NoticeRef notice;
  bool operator==(const Because&) const = default;
};

/// The last two hold until the person has written to the business.
enum class Obligation { SayWhy, OfferStop, NameBusiness, NoMoney, NoDataRequest };
std::string_view obligation_name(Obligation o);

struct Decision {
  Verdict verdict = Verdict::Deny;
  // All that speak against it at as_of, in the order of ReasonCode, and whatever will by the time that these
  // have passed; empty exactly on Allow.
  std::vector<Reason> reasons;
  std::optional<Instant> next_allowed;  // as_of on Allow; none: never by waiting
  std::vector<Obligation> obligations;
  std::optional<Because> because;      // present exactly on Allow
  std::vector<consent::Seq> evidence;  // events the answer rests on, ascending
  Instant as_of = 0;
  std::string rules_version;
  bool operator==(const Decision&) const = default;
};

/// person holds the events up to as_of; now_state says whether "now" can be believed. An untrusted clock is a
/// reason of its own (clock_untrusted) and never hides the others. A grant is valid at t when given <= t <
/// ends.
Decision decide(const consent::PersonState& person, const Question& question, const Rules& rules,
                Instant as_of, ClockState clock);

}  // namespace counterfoil::decide
