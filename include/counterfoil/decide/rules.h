// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Rules are data: each is dated and names who made it and where that is written, so that a question about a
// past day is answered by the rules of that day. Thread rule: value types.
#pragma once

#include "counterfoil/base/zone.h"
#include "counterfoil/consent/terms.h"
#include "counterfoil/decide/reason.h"

#include <array>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace counterfoil::decide {

/// Minutes of a day as the wall has them: from <= minute < to, within 0 to 1440.
struct DayHours {
  int from_minute = 0;
  int to_minute = 24 * 60;
  bool operator==(const DayHours&) const = default;
};
/// Monday first; none: closed on that day.
using WeekHours = std::array<std::optional<DayHours>, 7>;

/// Messages may go at these hours only: quiet_hours, or quiet_day where a day has none.
struct HoursDemand {
  WeekHours week;
  bool operator==(const HoursDemand&) const = default;
};
/// Not on the weekend of the recipient's country: quiet_day.
struct WeekdaysDemand {
  bool operator==(const WeekdaysDemand&) const = default;
};
/// Not on its public holidays, as far as the operator has listed them: holiday.
struct NoHolidaysDemand {
  bool operator==(const NoHolidaysDemand&) const = default;
};
/// Messages that the business began, over all channels and senders: cap_day, or cap_week. Days and weeks are
/// the recipient's, ISO Monday to Sunday.
struct FrequencyDemand {
  int per_day = 1;        // at least 1
  int days_per_week = 3;  // days with a message, 1 to 7
  bool operator==(const FrequencyDemand&) const = default;
};
/// Only while the window is open that the person's last message to this sender opened:
/// window_closed_template_required. No waiting opens it.
struct WindowDemand {
  Instant open_s = kDay_s;
  bool templates_pass = false;  // those that the platform has approved may go at any time
  bool operator==(const WindowDemand&) const = default;
};
/// Less, or nothing, while the sender's rating is that or worse: quality_low.
struct QualityDemand {
  consent::Quality from = consent::Quality::Low;
  std::optional<FrequencyDemand> cap;  // none: nothing, until the platform rates it better
  bool operator==(const QualityDemand&) const = default;
};
/// Not at all.
struct BlockDemand {
  ReasonCode reason = ReasonCode::CategoryForbidden;  // or CountryBlocked
  bool operator==(const BlockDemand&) const = default;
};

/// Which questions a rule is about; an empty list means all.
struct Scope {
  std::vector<consent::Channel> channels;
  std::vector<consent::Category> categories;
  std::vector<std::string> countries;  // of the number, ISO 3166-1 alpha-2
  bool operator==(const Scope&) const = default;
};

struct Rule {
  std::string id;  // "ae.telemarketing-hours"
  RuleKind kind = RuleKind::Etiquette;
  std::string reference;  // article, policy page or shop rule
  Instant valid_from = 0;
  Instant valid_to = std::numeric_limits<Instant>::max();  // exclusive
  Scope scope;
  std::variant<HoursDemand, WeekdaysDemand, NoHolidaysDemand, FrequencyDemand, WindowDemand, QualityDemand,
               BlockDemand>
      demand;
  bool operator==(const Rule&) const = default;
};

/// What law, platforms, the shop and good manners demand.
struct Rules {
  consent::Evidence minimum_evidence = consent::Evidence::Present;
  std::string version = "1";
  std::vector<Rule> rules;
  // By country. A country without an entry has Saturday and Sunday, and no holidays.
  std::map<std::string, std::set<unsigned>, std::less<>> weekends;  // Monday 0 to Sunday 6
  std::map<std::string, std::set<LocalDay>, std::less<>> holidays;
};

}  // namespace counterfoil::decide
