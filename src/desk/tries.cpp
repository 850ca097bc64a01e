// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "desk/tries.h"

#include "base/limits.h"

#include <algorithm>

namespace counterfoil::desk {

Tries::Count& Tries::count_of(const std::string& who, std::int64_t now_boot_ms) {
  const auto is_over = [&](const Count& c) {
    return now_boot_ms - c.last_boot_ms > limits::kTriesForgottenAfter_ms;
  };
  std::string key = who;
  if (counts_.size() >= limits::kTriesRememberedMax && !counts_.contains(who)) {
    std::erase_if(counts_, [&](const auto& entry) { return is_over(entry.second); });
    // A flood of names shares one count, so that it frees nobody who is being counted.
    if (counts_.size() >= limits::kTriesRememberedMax) key = "others";
  }
  Count& count = counts_[key];
  if (is_over(count)) count = {};
  return count;
}

Status Tries::begin(const std::string& who, std::int64_t now_boot_ms) {
  const std::lock_guard lock(mutex_);
  Count& count = count_of(who, now_boot_ms);
  if (count.next_boot_ms > now_boot_ms)
    return fail(Code::Limit, std::to_string((count.next_boot_ms - now_boot_ms + 999) / 1000));
  count.last_boot_ms = now_boot_ms;
  ++count.wrong;
  if (count.wrong < limits::kTriesFree) return {};
  const unsigned doublings = std::min(count.wrong - limits::kTriesFree, doublings_max_);
  count.next_boot_ms = now_boot_ms + (std::int64_t{1000} << doublings);
  return {};
}

void Tries::take_back(const std::string& who) {
  const std::lock_guard lock(mutex_);
  const auto it = counts_.find(who);
  if (it == counts_.end()) return;
  if (it->second.wrong > 0) --it->second.wrong;
  it->second.next_boot_ms = 0;
}

void Tries::forgive(const std::string& who) {
  const std::lock_guard lock(mutex_);
  counts_.erase(who);
}

namespace {

std::string till_and_user(const LoginTry& who) {
  return who.till + " " + who.user;
}
std::string any_stranger_as(const LoginTry& who) {
  return "user " + who.user;
}
std::string stranger_at(const LoginTry& who) {
  return "address " + who.address;
}

}  // namespace

Status LoginTries::begin(const LoginTry& who, std::int64_t now_boot_ms) {
  if (!who.till.empty()) return known_.begin(till_and_user(who), now_boot_ms);
  CF_CHECK(strangers_.begin(stranger_at(who), now_boot_ms));
  auto begun = strangers_.begin(any_stranger_as(who), now_boot_ms);
  if (!begun) strangers_.take_back(stranger_at(who));
  return begun;
}

void LoginTries::right(const LoginTry& who) {
  if (!who.till.empty()) return known_.forgive(till_and_user(who));
  not_made(who);
}

void LoginTries::not_made(const LoginTry& who) {
  if (!who.till.empty()) return known_.take_back(till_and_user(who));
  strangers_.take_back(stranger_at(who));
  strangers_.take_back(any_stranger_as(who));
}

}  // namespace counterfoil::desk
