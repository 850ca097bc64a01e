// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "counterfoil/decide/decide.h"

#include <algorithm>
#include <array>

namespace counterfoil::decide {
namespace {

// Each table is in the order of its enum.
constexpr std::array<std::string_view, 32> kReasonNames = {
    "clock_untrusted",
    "ledger_damaged",
    "suppressed",
    "objection",
    "restricted",
    "withdrawn",
    "native_stop",
    "never_consented",
    "unconfirmed",
    "topic_not_granted",
    "channel_not_granted",
    "sender_not_granted",
    "expired",
    "repermission_due",
    "notice_obsolete",
    "one_time_spent",
    "one_time_expired",
    "window_closed_template_required",
    "tag_not_allowed",
    "template_not_approved",
    "quality_low",
    "category_forbidden",
    "country_blocked",
    "cap_day",
    "cap_week",
    "quiet_hours",
    "quiet_day",
    "holiday",
    "portfolio_limit",
    "too_late",
    "no_prior_contact",
    "history_gone",
};
static_assert(kReasonNames.size() == static_cast<std::size_t>(ReasonCode::HistoryGone) + 1);
constexpr std::array<std::string_view, 4> kRuleKindNames = {"law", "platform", "etiquette", "person"};
constexpr std::array<std::string_view, 3> kVerdictNames = {"allow", "deny", "allow_later"};
constexpr std::array<std::string_view, 5> kObligationNames = {"say_why", "offer_stop", "name_business",
                                                              "no_money", "no_data_request"};

template <class T, std::size_t n>
std::optional<T> find_name(const std::array<std::string_view, n>& names, std::string_view name) {
  const auto at = std::find(names.begin(), names.end(), name);
  if (at == names.end()) return std::nullopt;
  return static_cast<T>(at - names.begin());
}

}  // namespace

std::string_view reason_name(ReasonCode code) {
  return kReasonNames.at(static_cast<std::size_t>(code));
}

std::optional<ReasonCode> reason_from_name(std::string_view name) {
  return find_name<ReasonCode>(kReasonNames, name);
}

std::optional<RuleKind> rule_kind_from_name(std::string_view name) {
  return find_name<RuleKind>(kRuleKindNames, name);
}

std::string_view rule_kind_name(RuleKind kind) {
  return kRuleKindNames.at(static_cast<std::size_t>(kind));
}

std::string_view verdict_name(Verdict v) {
  return kVerdictNames.at(static_cast<std::size_t>(v));
}

std::string_view obligation_name(Obligation o) {
  return kObligationNames.at(static_cast<std::size_t>(o));
}

}  // namespace counterfoil::decide
