// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "decide/demands.h"

#include "decide/openings.h"

#include <algorithm>
#include <map>
#include <set>

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
  std::optional<consent::Seq> evidence;
};

constexpr unsigned kDaysOfWeek = 7;

/// Days of one place on which no further message may go.
struct FullDays {
  FullDays(const Zone& zone, const FrequencyDemand& demand, const SentMessages& sent) {
    std::map<LocalDay, int> messages;
    for (const consent::SentMessage* message : sent) ++messages[zone.day_at(message->what.at)];
    std::map<LocalDay, int> days;  // with a message, by the Monday of their week
    for (const auto& [day, count] : messages) {
      if (count >= demand.per_day) by_day.insert(day);
      ++days[day - weekday_of(day)];
    }
    all = by_day;
    for (const auto& [monday, count] : days)
      for (LocalDay day = monday; count >= demand.days_per_week && day < monday + kDaysOfWeek; ++day)
        if (!messages.contains(day)) all.insert(day);
  }
  std::set<LocalDay> by_day;
  std::set<LocalDay> all;
};

class Judge {
 public:
  Judge(const Question& question, const Rules& rules, const Contacts& contacts, Instant t)
      : question_(question),
        where_(question.where),
        rules_(rules),
        sent_(contacts.sent),
        inbound_(contacts.inbound),
        t_(t) {}

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
  std::optional<Failing> operator()(const FrequencyDemand& demand) const {
    std::optional<Failing> out;
    if (sent_.empty()) return out;
    const WeekHours any_hour = every_day({});
    for (const auto& zone : where_.zones) {
      const FullDays full(*zone, demand, sent_);
      // Whether the week is full, too, matters once this day is over.
      const bool today = full.by_day.contains(zone->day_at(t_));
      add_place(out, today ? ReasonCode::CapDay : ReasonCode::CapWeek,
                next_open(*zone, {any_hour, today ? &full.by_day : &full.all}, t_));
    }
    if (out) out->evidence = sent_.back()->seq;
    return out;
  }
  std::optional<Failing> operator()(const WindowDemand& demand) const {
    if (demand.templates_pass && !question_.free_text) return std::nullopt;
    if (inbound_ && inbound_->at <= t_ && t_ - inbound_->at < demand.open_s) return std::nullopt;
    Failing out{ReasonCode::WindowClosedTemplateRequired, {}, {}};
    if (inbound_) out.evidence = inbound_->seq;
    return out;
  }
  std::optional<Failing> operator()(const QualityDemand& demand) const {
    if (question_.quality < demand.from) return std::nullopt;
    auto out = demand.cap ? (*this)(*demand.cap) : std::make_optional<Failing>();
    if (out) out->code = ReasonCode::QualityLow;
    return out;
  }
  std::optional<Failing> operator()(const BlockDemand& demand) const {
    return Failing{demand.reason, {}, {}};
  }

 private:
  /// Open means open wherever the person may be.
  [[nodiscard]] std::optional<Failing> closed(const Openings& openings) const {
    if (where_.zones.empty()) return Failing{};
    std::optional<Failing> out;
    for (const auto& zone : where_.zones) {
      const LocalDay today = zone->day_at(t_);
      add_place(out,
                openings.is_holiday(today) ? ReasonCode::Holiday
                : openings.on(today)       ? ReasonCode::QuietHours
                                           : ReasonCode::QuietDay,
                next_open(*zone, openings, t_));
    }
    return out;
  }

  void add_place(std::optional<Failing>& out, ReasonCode code, std::optional<Instant> opens) const {
    if (opens == t_) return;
    if (!out)
      out = Failing{code, opens, {}};
    else
      out->until = out->until && opens ? std::max(out->until, opens) : std::nullopt;
  }

  const Question& question_;
  const Whereabouts& where_;
  const Rules& rules_;
  const SentMessages& sent_;
  const std::optional<consent::LastInbound>& inbound_;
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
  if (any_day) return out;
  rule.demand = FrequencyDemand{promise.per_day, promise.days_per_week};
  out.push_back(rule);
  if (promise.holidays) return out;
  rule.demand = NoHolidaysDemand{};
  out.push_back(rule);
  return out;
}

}  // namespace

std::vector<Reason> failing_rules(const Question& question, const Rules& rules,
                                  const consent::PairState* live, const Contacts& contacts, Instant t) {
  std::vector<Reason> out;
  const Judge judge(question, rules, contacts, t);
  const auto ask = [&](const Rule& rule) {
    if (!applies(rule, question, t)) return;
    std::optional<Failing> failing = std::visit(judge, rule.demand);
    if (!failing) return;
    if (rule.valid_to < Zone::kNever)
      failing->until = std::min(failing->until.value_or(rule.valid_to), rule.valid_to);
    out.push_back({failing->code, rule.kind, rule.reference, failing->until, failing->evidence});
  };
  for (const Rule& rule : rules.rules) ask(rule);
  if (live != nullptr)
    for (const Rule& rule : promise_rules(live->promise, question.topic)) ask(rule);
  return out;
}

}  // namespace counterfoil::decide
