// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Who on the staff looked whom up. The chains of the submissions that were found say so (staff.lookup), so
// the person can see it; how often each user looked stands apart from all persons, in one item for each user
// and day, because a line of the log about the staff could never be deleted.
#include "base/limits.h"
#include "base/log.h"
#include "counterfoil/decide/decide.h"
#include "desk/desk_impl.h"
#include "desk/periods.h"

#include <algorithm>

namespace counterfoil::desk {
namespace {

constexpr std::string_view kCountKind = "look-ups";

Instant day_of(Instant t) {
  return t / kDay_s * kDay_s;
}

std::string count_name(const consent::UserId& user, Instant day) {
  return rfc3339(day).substr(0, 10) + " " + user.text();
}

json::Object item_of(const LookUpCount& count) {
  return {{"day", count.day}, {"found", count.found}, {"missed", count.missed}, {"user", count.user.text()}};
}

Result<LookUpCount> count_from_item(const json::Value& item) {
  LookUpCount out;
  CF_TRY(out.day, item.integer_at("day"));
  CF_TRY(out.found, item.integer_at("found"));
  CF_TRY(out.missed, item.integer_at("missed"));
  CF_TRY(auto user, item.string_at("user"));
  out.user = consent::UserId(std::move(user));
  return out;
}

std::vector<consent::SubjectId> looked_at(std::vector<ledger::Subject> subjects) {
  std::vector<consent::SubjectId> out;
  for (const auto& subject : proven_first(std::move(subjects)))
    if (out.size() < limits::kLookUpSubmissionsMax) out.push_back(subject.id);
  return out;
}

consent::LookupBody body_of(const consent::UserId& by, const std::vector<decide::Decision>& decisions) {
  consent::LookupBody out;
  out.user = by;
  out.answer = decisions.empty() ? "unknown" : "deny";
  for (const decide::Decision& decision : decisions) {
    if (decision.verdict == decide::Verdict::Allow) out.answer = "allow";
    for (const auto& reason : decision.reasons) out.reasons.emplace_back(decide::reason_name(reason.code));
  }
  std::sort(out.reasons.begin(), out.reasons.end());
  out.reasons.erase(std::unique(out.reasons.begin(), out.reasons.end()), out.reasons.end());
  return out;
}

}  // namespace

std::vector<ledger::Subject> proven_first(std::vector<ledger::Subject> subjects) {
  std::stable_partition(subjects.begin(), subjects.end(),
                        [](const auto& subject) { return link_knows_all(subject.state); });
  return subjects;
}

// Before the answer is given: what cannot be recorded is not looked up.
Status DeskImpl::note_look_up(const consent::UserId& by, std::vector<ledger::Subject> subjects,
                              const std::vector<decide::Decision>& decisions) {
  const bool found = !subjects.empty();
  if (found)
    CF_CHECK(ledger_.look_up(looked_at(std::move(subjects)), body_of(by, decisions),
                             retention_of_look_up(business_, clock_.now())));
  return count_look_up(by, found);
}

Status DeskImpl::count_look_up(const consent::UserId& user, bool found) {
  const std::lock_guard one_at_a_time(look_ups_mutex_);
  LookUpCount count{user, day_of(clock_.now()), 0, 0};
  const std::string name = count_name(user, count.day);
  const auto item = ledger_.item(kCountKind, name);
  if (item) {
    CF_TRY(count, count_from_item(*item));
  } else if (item.error().code != Code::NotFound) {
    return item.error();
  }
  ++(found ? count.found : count.missed);
  return ledger_.put_item(kCountKind, name, item_of(count));
}

Result<std::vector<LookUpCount>> DeskImpl::look_ups() const {
  CF_TRY(const auto items, ledger_.items(kCountKind));
  std::vector<LookUpCount> out;
  for (const auto& item : items) {
    CF_TRY(auto count, count_from_item(item));
    out.push_back(std::move(count));
  }
  std::sort(out.begin(), out.end(),
            [](const auto& a, const auto& b) { return a.day != b.day ? a.day > b.day : a.user < b.user; });
  return out;
}

void DeskImpl::keep_house() {
  scrubs_.forget_idle();
  const Instant now = certain_now();  // in 1970, when nothing is over, while the clock is not sure
  const auto read = forget_doubtful(now);
  if (!read) log::warning("desk.messages_stay", {{"error", read.error().message()}});
  if (day_of(now) == house_kept_on_.exchange(day_of(now))) return;
  const auto forgotten = forget_look_ups(now);
  if (!forgotten) log::warning("desk.look_ups_stay", {{"error", forgotten.error().message()}});
}

Status DeskImpl::forget_look_ups(Instant now) {
  CF_TRY(const auto all, look_ups());
  const std::lock_guard one_at_a_time(look_ups_mutex_);
  for (const LookUpCount& count : all)
    if (retention_of_look_up(business_, count.day).last_day() < rfc3339(now).substr(0, 10))
      CF_CHECK(ledger_.remove_item(kCountKind, count_name(count.user, count.day)));
  return {};
}

}  // namespace counterfoil::desk
