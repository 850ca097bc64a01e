// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Why not: the closed list of reasons, and who made the rule behind one. Thread rule: value types.
#pragma once

#include "counterfoil/base/clock.h"
#include "counterfoil/consent/ids.h"

#include <optional>
#include <string>
#include <string_view>

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
std::optional<ReasonCode> reason_from_name(std::string_view name);

enum class RuleKind { Law, Platform, Etiquette, Person };
std::string_view rule_kind_name(RuleKind kind);
std::optional<RuleKind> rule_kind_from_name(std::string_view name);

struct Reason {
  ReasonCode code = ReasonCode::NeverConsented;
  RuleKind kind = RuleKind::Person;
  std::string reference;                 // article, policy page or shop rule
  std::optional<Instant> until;          // none: it does not pass by waiting
  std::optional<consent::Seq> evidence;  // event behind it
  bool operator==(const Reason&) const = default;
};

}  // namespace counterfoil::decide
