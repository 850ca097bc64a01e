// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "tests/torture/torture.h"

#include <algorithm>
#include <functional>
#include <set>

namespace counterfoil::torture {
namespace {

constexpr std::uint64_t kSecondCutEvery = 8;
constexpr std::uint64_t kSignAnewEvery = 16;
constexpr std::uint64_t kSetUpParts = 4;
constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15;  // spreads the seeds of one workload's images

/// The instants at which what is demanded of an image changes, in ascending order.
std::vector<std::size_t> turning_points(const Journal& journal) {
  std::vector<std::size_t> out;
  const auto add = [&](const Call& call) { out.insert(out.end(), {call.asked, call.done}); };
  add(journal.created);
  for (const Person& person : journal.people) {
    for (const Event& event : person.events) add(event.call);
    add(person.stopped);
    add(person.gone);
  }
  for (const auto& [number, call] : journal.stops) add(call);
  for (const Item& item : journal.items) {
    add(item.put);
    add(item.removed);
  }
  for (const Note& note : journal.notes) out.push_back(note.done);
  for (const auto& [from, now] : journal.clock) out.push_back(from + 1);
  std::sort(out.begin(), out.end());
  return out;
}

std::size_t mix(std::size_t a, std::size_t b) {
  return (a ^ (b + kGolden + (a << 6U) + (a >> 2U))) * kGolden;
}

std::size_t hash_of(const Image& image) {
  const std::hash<std::string_view> hash;
  std::size_t out = hash(as_text(image.anchor));
  for (const auto& [name, bytes] : image.files) out = mix(mix(out, hash(name)), hash(as_text(bytes)));
  return out;
}

/// One workload and the images of it.
class Round {
 public:
  Round(const Campaign& campaign, std::uint64_t seed, const std::string& folder, Tally& tally)
      : campaign_(campaign), seed_(seed), folder_(folder), tally_(tally) {
    CrashDisk disk{Image()};
    {
      const CrashVfs vfs(disk, folder, campaign.syncs);
      if (campaign.spoil) campaign.spoil(disk);
      journal_ = Workload(disk, folder, campaign.days, seed).run();
    }
    recording_ = disk.take_recording();
    turning_points_ = turning_points(journal_);
    ++tally_.workloads;
    tally_.points += recording_.ops.size();
  }

  void cut(std::uint64_t images) {
    images_ = images;
    PowerCut cut(recording_);
    const std::vector<std::size_t> points = points_to_cut();
    for (std::uint64_t i = 0; i < images; ++i) {
      const std::size_t point = points[static_cast<std::size_t>(i * points.size() / images)];
      const bool twice = i % kSecondCutEvery == kSecondCutEvery - 2 && i + 1 < images;
      cut.advance_to(point);
      if (is_wanted(i) || (twice && is_wanted(i + 1))) cut_one(cut, i, point, twice);
      if (twice) ++i;
    }
  }

 private:
  // A set-up costs the most to judge and is nearly the same each time: each seed takes another part of its
  // points.
  [[nodiscard]] std::vector<std::size_t> points_to_cut() const {
    std::vector<std::size_t> out;
    for (std::size_t point = 0; point <= recording_.ops.size(); ++point)
      if (point >= journal_.created.done || point % kSetUpParts == seed_ % kSetUpParts) out.push_back(point);
    return out;
  }

  [[nodiscard]] bool is_wanted(std::uint64_t image) const {
    return !campaign_.only || *campaign_.only == image;
  }

  // Random numbers begin anew with each image, so that it can be judged alone.
  void cut_one(const PowerCut& cut, std::uint64_t image, std::size_t point, bool twice) {
    random_.seed(seed_ + image * kGolden);
    const Keep keep = any_keep();
    const std::string place = where(image, point, keep);
    const Verdict verdict = judge_one(cut.image(keep, random_), point, journal_.notes, place, twice);
    if (twice) cut_again(verdict, point, place + "; image " + std::to_string(image + 1));
  }

  Keep any_keep() { return campaign_.keeps.at(static_cast<std::size_t>(random_() % campaign_.keeps.size())); }

  [[nodiscard]] std::string where(std::uint64_t image, std::size_t point, Keep keep) const {
    return "seed " + std::to_string(seed_) + ", image " + std::to_string(image) + " of " +
           std::to_string(images_) + ", op " + std::to_string(point) + " of " +
           std::to_string(recording_.ops.size()) + ", kept: " + std::string(keep_name(keep));
  }

  void cut_again(const Verdict& first, std::size_t point, const std::string& place) {
    if (first.recovery.ops.empty()) return;
    const auto again = static_cast<std::size_t>(random_() % first.recovery.ops.size());
    const Keep keep = any_keep();
    PowerCut cut(first.recovery);
    cut.advance_to(again);
    std::vector<Note> notes = journal_.notes;
    if (!first.notes.empty() && first.notes.back().done <= again)
      notes.push_back({first.notes.back().text, 0});
    ++tally_.second_cuts;
    judge_one(
        cut.image(keep, random_), point, notes,
        place + ": " + std::string(keep_name(keep)) + " at op " + std::to_string(again) + " of the recovery",
        true);
  }

  // The same bytes of which the same is demanded need no second judge, unless more is to be learnt from it.
  Verdict judge_one(Image image, std::size_t point, std::vector<Note> notes, const std::string& place,
                    bool always) {
    const auto moment = std::upper_bound(turning_points_.begin(), turning_points_.end(), point);
    const bool is_new = judged_.insert({moment - turning_points_.begin(), hash_of(image)}).second;
    const bool sign_anew = ++tally_.images % kSignAnewEvery == 0;
    tally_.distinct += is_new ? 1 : 0;
    if (!is_new && !sign_anew && !always) return {};
    std::erase_if(notes, [&](const Note& note) { return note.done > point; });
    const Expected expected{
        .journal = journal_, .point = point, .notes = std::move(notes), .sign_anew = sign_anew};
    Verdict out = judge(image, folder_, expected);
    if (out.wrongs.empty()) return out;
    ++tally_.failed;
    if (tally_.failures.size() < kFailuresKept)
      tally_.failures.push_back({place, out.wrongs, std::move(image)});
    return out;
  }

  const Campaign& campaign_;
  const std::uint64_t seed_;
  const std::string folder_;
  std::uint64_t images_ = 0;
  Tally& tally_;
  Random random_;
  Journal journal_;
  Recording recording_;
  std::vector<std::size_t> turning_points_;
  std::set<std::pair<std::ptrdiff_t, std::size_t>> judged_;
};

}  // namespace

Tally run(const Campaign& campaign, const std::string& folder) {
  Tally tally;
  if (campaign.only) {
    Round(campaign, campaign.seed, folder, tally).cut(campaign.images);
    return tally;
  }
  for (std::uint64_t seed = campaign.seed; tally.images < campaign.images; ++seed) {
    Round round(campaign, seed, folder, tally);
    round.cut(std::min(campaign.images_per_workload, campaign.images - tally.images));
    if (campaign.progress) campaign.progress(tally);
  }
  return tally;
}

}  // namespace counterfoil::torture
