// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "desk/periods.h"

#include "base/limits.h"

#include <algorithm>
#include <chrono>

namespace counterfoil::desk {
namespace {

// Adds calendar months in UTC; the 31st becomes the last day of a shorter month.
Instant add_months(Instant t, int months) {
  using namespace std::chrono;
  const sys_seconds at{seconds{t}};
  const auto day_start = floor<days>(at);
  const year_month_day date{day_start};
  const year_month wanted = year_month{date.year(), date.month()} + std::chrono::months{months};
  const year_month_day_last last{wanted.year(), month_day_last{wanted.month()}};
  const auto day = std::min(date.day(), last.day());
  const sys_days result{year_month_day{wanted.year(), wanted.month(), day}};
  return duration_cast<seconds>(result.time_since_epoch() + (at - day_start)).count();
}

/// `otherwise` names the class when nobody configured one.
ledger::Retention retention_of_class(const consent::Business& business, std::string_view name,
                                     const char* otherwise, Instant t) {
  const auto* kept = business.retention_class(name);
  if (kept == nullptr) return {otherwise, cohort_of(t + 366 * kDay_s, t)};
  return {kept->name, cohort_of(end_of(*kept, t), t)};
}

}  // namespace

Instant end_of(const consent::RetentionClass& rc, Instant from) {
  return rc.keep_months > 0 ? add_months(from, rc.keep_months) : from + rc.keep_days * kDay_s;
}

Instant begin_of(const consent::RetentionClass& rc, Instant until) {
  return rc.keep_months > 0 ? add_months(until, -rc.keep_months) : until - rc.keep_days * kDay_s;
}

std::string cohort_of(Instant due, Instant now) {
  const std::string date = rfc3339(due).substr(0, 10);
  return due - now > 366 * kDay_s ? date.substr(0, 7) : date;
}

// A yes can be read for some days after its end.
std::string last_cohort(const consent::Business& business, const consent::RetentionClass& rc, Instant t) {
  const bool holds_yeses = std::any_of(business.topics.begin(), business.topics.end(),
                                       [&](const auto& topic) { return topic.retention == rc.name; });
  return cohort_of(end_of(rc, t) + (holds_yeses ? limits::kGrantReadableAfterEnd_days * kDay_s : 0), t);
}

const consent::RetentionClass* class_of_yes(const consent::Business& business,
                                            const std::vector<consent::TopicId>& topics, Instant from) {
  const consent::RetentionClass* out = nullptr;
  for (const auto& id : topics) {
    const auto* topic = business.topic(id);
    const auto* rc = topic == nullptr ? nullptr : business.retention_class(topic->retention);
    if (rc != nullptr && (out == nullptr || end_of(*rc, from) < end_of(*out, from))) out = rc;
  }
  return out;
}

ledger::Retention retention_of_proof(const consent::Business& business, Instant t) {
  for (const auto& topic : business.topics) {
    const auto* yes = business.retention_class(topic.retention);
    const auto* proof = yes == nullptr ? nullptr : business.retention_class(yes->then);
    if (proof != nullptr) return {proof->name, cohort_of(end_of(*proof, t), t)};
    if (yes != nullptr) return {yes->name, cohort_of(end_of(*yes, t), t)};
  }
  return {"proof", cohort_of(t + 366 * kDay_s, t)};
}

ledger::Retention retention_of_look_up(const consent::Business& business, Instant t) {
  return retention_of_class(business, business.look_ups, "lookups", t);
}

ledger::Retention retention_of_sent(const consent::Business& business, Instant t) {
  return retention_of_class(business, business.sent, "sent", t);
}

ledger::Retention retention_of_inbound(const consent::Business& business, Instant t, bool with_text) {
  auto out = retention_of_class(business, business.inbound, "inbound", t);
  const ledger::Retention soonest{out.retention_class, cohort_of(t + limits::kDoubtfulLife_s, t)};
  return with_text && soonest.last_day() < out.last_day() ? soonest : out;
}

ledger::Retention retention_of_yes(const consent::Business& business,
                                   const std::vector<consent::TopicId>& topics, Instant t) {
  const auto* kept = class_of_yes(business, topics, t);
  if (kept == nullptr) return retention_of_proof(business, t);
  return {kept->name, last_cohort(business, *kept, t)};
}

}  // namespace counterfoil::desk
