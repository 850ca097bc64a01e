// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// "May I message this person now, and why (not)?" The one pure function that answers.
// No I/O, no clock of its own. The staff page and the tests call it; whatever asks later (API, send gate)
// must too. Thread rule: safe from any thread.
#pragma once

#include "counterfoil/base/clock.h"
#include "counterfoil/consent/fold.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace counterfoil::decide {

/// Every reason, most absolute first; the order is the order in which a Decision lists them.
enum class ReasonCode {
  ClockUntrusted,
  LedgerDamaged,
  Suppressed,
  Objection,
  Restricted,
  Withdrawn,
  NativeStop,
  NeverConsented,
  Unconfirmed,
  TopicNotGranted,
  ChannelNotGranted,
  SenderNotGranted,
  Expired,
  RepermissionDue,
  NoticeObsolete,
  OneTimeSpent,
  OneTimeExpired,
  WindowClosedTemplateRequired,
  TagNotAllowed,
  TemplateNotApproved,
  QualityLow,
  CategoryForbidden,
  CountryBlocked,
  CapDay,
  CapWeek,
  QuietHours,
  QuietDay,
  Holiday,
  PortfolioLimit,
  TooLate,
  NoPriorContact,
  HistoryGone,
};
/// "clock_untrusted", …
std::string_view reason_name(ReasonCode code);

enum class RuleKind { Law, Platform, Etiquette, Person };
std::string_view rule_kind_name(RuleKind kind);

struct Reason {
  ReasonCode code = ReasonCode::NeverConsented;
  RuleKind kind = RuleKind::Person;
  std::string reference;                 // article, policy page or shop rule
  std::optional<Instant> until;          // none: it does not pass by waiting
  std::optional<consent::Seq> evidence;  // event behind it
  bool operator==(const Reason&) const = default;
};

enum class Verdict { Allow, Deny, AllowLater };
std::string_view verdict_name(Verdict v);

struct Question {
  consent::Address address;
  consent::Channel channel = consent::Channel::WhatsApp;
  consent::SenderId sender;  // empty: any
  consent::TopicId topic;
  consent::Category category = consent::Category::Marketing;
  std::optional<Instant> useful_until;
};

/// A yes below the minimum evidence is forgotten this long after it was given.
inline constexpr Instant kUnconfirmedLife_s = 7 * kDay_s;

/// What the shop and the platform demand at the moment asked about.
struct Rules {
  consent::Evidence minimum_evidence = consent::Evidence::Present;
  std::string version = "1";
};

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

enum class Obligation { SayWhy, OfferStop, NameBusiness };
std::string_view obligation_name(Obligation o);

struct Decision {
  Verdict verdict = Verdict::Deny;
  std::vector<Reason> reasons;          // all of them, in the order of ReasonCode; empty exactly on Allow
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
