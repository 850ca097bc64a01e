// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// How platforms rate the shop's senders: a line of the log for each change, and the last ones at hand, so
// that a decision about an earlier moment knows the rating of then.
#include "base/limits.h"
#include "desk/desk_impl.h"

namespace counterfoil::desk {
namespace {

constexpr std::string_view kRatingKind = "rating";

using Ratings = std::map<Instant, consent::Quality>;

json::Object item_of(const consent::SenderId& sender, const Ratings& ratings) {
  json::Array list;
  for (const auto& [at, rating] : ratings)
    list.push_back(json::Object{{"at", at}, {"rating", consent::quality_name(rating)}});
  return {{"ratings", std::move(list)}, {"sender", sender.text()}};
}

Result<Ratings> ratings_from_item(const json::Value& item) {
  Ratings out;
  const json::Value* list = item.find("ratings");
  if (list == nullptr || list->array() == nullptr) return fail(Code::Corrupt, "an item holds no ratings");
  for (const json::Value& one : *list->array()) {
    CF_TRY(const Instant at, one.integer_at("at"));
    CF_TRY(const auto name, one.string_at("rating"));
    const auto rating = consent::quality_from_name(name);
    if (!rating) return fail(Code::Corrupt, "an item holds an unknown rating");
    out.emplace(at, *rating);
  }
  return out;
}

consent::Quality latest(const Ratings& ratings, Instant t) {
  const auto after = ratings.upper_bound(t);
  return after == ratings.begin() ? consent::Quality::High : std::prev(after)->second;
}

}  // namespace

Status DeskImpl::load_ratings() {
  CF_TRY(const auto items, ledger_.items(kRatingKind));
  const std::lock_guard lock(mutex_);
  for (const json::Value& item : items) {
    CF_TRY(auto sender, item.string_at("sender"));
    CF_TRY(ratings_[consent::SenderId(std::move(sender))], ratings_from_item(item));
  }
  return {};
}

consent::Quality DeskImpl::quality_at(const consent::SenderId& sender, Instant t) const {
  const std::lock_guard lock(mutex_);
  const auto known = ratings_.find(sender);
  return known == ratings_.end() ? consent::Quality::High : latest(known->second, t);
}

Result<bool> DeskImpl::rate(const QualityReport& report) {
  CF_TRY(const consent::SenderId sender, sender_of(report.channel, report.sender));
  if (report.at > clock_.now()) return fail(Code::BadInput, "at");
  const std::lock_guard one_at_a_time(ratings_mutex_);
  Ratings ratings;
  {
    const std::lock_guard lock(mutex_);
    ratings = ratings_[sender];
  }
  if (latest(ratings, report.at) == report.rating) return false;
  if (!ratings.empty() && report.at <= ratings.rbegin()->first) return fail(Code::BadInput, "at");
  ratings.emplace(report.at, report.rating);
  if (ratings.size() > limits::kRatingsKeptMax) ratings.erase(ratings.begin());
  CF_CHECK(ledger_.record(consent::EventType::SysQuality,
                          json::Object{{"at", report.at},
                                       {"rating", consent::quality_name(report.rating)},
                                       {"sender", sender.text()},
                                       {"source", report.source}}));
  CF_CHECK(ledger_.put_item(kRatingKind, sender.text(), item_of(sender, ratings)));
  const std::lock_guard lock(mutex_);
  ratings_[sender] = std::move(ratings);
  return true;
}

}  // namespace counterfoil::desk
