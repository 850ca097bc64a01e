// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "decide/demands.h"

#include "decide/openings.h"

#include <algorithm>

namespace counterfoil::decide {
namespace {

constexpr std::string_view kPromiseReference = "promise printed beside the button";

template <class T>
bool covers(const std::vector<T>& list, const T& item) {
  return list.empty() || std::find(list.begin(), list.end(), item) != list.end();
}

bool applies(const Rule& rule, const Question& question, Instant t) {
  return rule.valid_from <= t && t < rule.valid_to && covers(rule.scope.channels, question.channel) &&
         covers(rule.scope.categories, question.category) &&
         covers(rule.scope.countries, question.where.country);
}

WeekHours every_day(const DayHours& hours) {
  WeekHours week;
  week.fill(hours);
  return week;
}

/// One demand, asked at one instant: Failing, or nothing when it is met.
struct Failing {
  ReasonCode code = ReasonCode::QuietHours;
  std::optional<Instant> until;
};

class Judge {
 public:
  Judge(const Whereabouts& where, const Rules& rules, Instant t) : where_(where), rules_(rules), t_(t) {}

  std::optional<Failing> operator()(const HoursDemand& demand) const { return closed({demand.week}); }
  std::optional<Failing> operator()(const WeekdaysDemand& /*none*/) const {
    WeekHours week = every_day({});
    const auto own = rules_.weekends.find(where_.country);
    if (own == rules_.weekends.end()) {
      week[5] = week[6] = std::nullopt;
    } else {
      for (const unsigned day : own->second) week.at(day) = std::nullopt;
    }
    return closed({week});
  }
  std::optional<Failing> operator()(const NoHolidaysDemand& /*none*/) const {
    const auto own = rules_.holidays.find(where_.country);
    if (own == rules_.holidays.end()) return std::nullopt;
    return closed({every_day({}), &own->second});
  }
  std::optional<Failing> operator()(const BlockDemand& demand) const { return Failing{demand.reason, {}}; }

 private:
  /// Open means open wherever the person may be.
  [[nodiscard]] std::optional<Failing> closed(const Openings& openings) const {
    if (where_.zones.empty()) return Failing{};
    std::optional<Failing> out;
    for (const auto& zone : where_.zones) {
      const std::optional<Instant> opens = next_open(*zone, openings, t_);
      if (opens == t_) continue;
      if (!out) {
        const LocalDay today = zone->day_at(t_);
        out = Failing{openings.is_holiday(today) ? ReasonCode::Holiday
                      : openings.on(today)       ? ReasonCode::QuietHours
                                                 : ReasonCode::QuietDay,
                      opens};
      } else {
        out->until = out->until && opens ? std::max(out->until, opens) : std::nullopt;
      }
    }
    return out;
  }

  const Whereabouts& where_;
  const Rules& rules_;
  const Instant t_;
};

/// The promise as rules: it caps the yes for life, whatever the rules of the day are.
std::vector<Rule> promise_rules(const consent::Promise& promise, const consent::TopicId& topic) {
  const DayHours hours{promise.from_minute, promise.to_minute};
  const bool any_day =
      std::find(promise.exceptions.begin(), promise.exceptions.end(), topic) != promise.exceptions.end();
  HoursDemand demand{every_day(hours)};
  for (unsigned day = 0; day < 7; ++day)
    if (!any_day && (promise.weekdays & (1U << day)) == 0) demand.week.at(day) = std::nullopt;
  Rule rule;
  rule.id = "promise";
  rule.kind = RuleKind::Etiquette;
  rule.reference = kPromiseReference;
  rule.demand = demand;
  std::vector<Rule> out = {rule};
  if (any_day || promise.holidays) return out;
  rule.demand = NoHolidaysDemand{};
  out.push_back(rule);
  return out;
}

}  // namespace

std::vector<Reason> failing_rules(const Question& question, const Rules& rules,
                                  const consent::PairState* live, Instant t) {
  std::vector<Reason> out;
  const Judge judge(question.where, rules, t);
  const auto ask = [&](const Rule& rule) {
    if (!applies(rule, question, t)) return;
    std::optional<Failing> failing = std::visit(judge, rule.demand);
    if (!failing) return;
    if (rule.valid_to < Zone::kNever)
      failing->until = std::min(failing->until.value_or(rule.valid_to), rule.valid_to);
    out.push_back({failing->code, rule.kind, rule.reference, failing->until, std::nullopt});
  };
  for (const Rule& rule : rules.rules) ask(rule);
  if (live != nullptr)
    for (const Rule& rule : promise_rules(live->promise, question.topic)) ask(rule);
  return out;
}

}  // namespace counterfoil::decide
