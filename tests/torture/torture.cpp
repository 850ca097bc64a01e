// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "tests/torture/torture.h"

#include <algorithm>

namespace counterfoil::torture {
namespace {

constexpr std::uint64_t kSecondCutEvery = 8;
constexpr std::uint64_t kSignAnewEvery = 16;
constexpr std::uint64_t kSetUpParts = 4;

/// One workload and the images of it.
class Round {
 public:
  Round(const Campaign& campaign, std::uint64_t seed, const std::string& folder, Tally& tally)
      : campaign_(campaign), seed_(seed), folder_(folder), tally_(tally), random_(seed) {
    CrashDisk disk{Image()};
    {
      const CrashVfs vfs(disk, folder, campaign.syncs);
      if (campaign.spoil) campaign.spoil(disk);
      journal_ = Workload(disk, folder, campaign.days, seed).run();
    }
    recording_ = disk.recording();
    ++tally_.workloads;
    tally_.points += recording_.ops.size();
  }

  void cut(std::uint64_t images) {
    PowerCut cut(recording_);
    const std::vector<std::size_t> points = points_to_cut();
    for (std::uint64_t i = 0; i < images; ++i) {
      const std::size_t point = points[static_cast<std::size_t>(i * points.size() / images)];
      cut.advance_to(point);
      const Keep keep = any_keep();
      Verdict verdict = judge_one(cut.image(keep, random_), point, journal_.notes, where(i, point, keep));
      if (i % kSecondCutEvery == kSecondCutEvery - 1 && ++i < images) cut_again(verdict, i, point);
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

  Keep any_keep() { return campaign_.keeps.at(static_cast<std::size_t>(random_() % campaign_.keeps.size())); }

  [[nodiscard]] std::string where(std::uint64_t image, std::size_t point, Keep keep) const {
    return "seed " + std::to_string(seed_) + ", image " + std::to_string(image) + ", op " +
           std::to_string(point) + " of " + std::to_string(recording_.ops.size()) +
           ", kept: " + std::string(keep_name(keep));
  }

  void cut_again(const Verdict& first, std::uint64_t image, std::size_t point) {
    if (first.recovery.ops.empty()) return;
    const auto again = static_cast<std::size_t>(random_() % first.recovery.ops.size());
    const Keep keep = any_keep();
    PowerCut cut(first.recovery);
    cut.advance_to(again);
    std::vector<Note> notes = journal_.notes;
    if (!first.notes.empty() && first.notes.back().done <= again)
      notes.push_back({first.notes.back().text, 0});
    ++tally_.second_cuts;
    judge_one(cut.image(keep, random_), point, notes,
              where(image, point, keep) + " of op " + std::to_string(again) + " of the recovery");
  }

  Verdict judge_one(Image image, std::size_t point, std::vector<Note> notes, const std::string& place) {
    std::erase_if(notes, [&](const Note& note) { return note.done > point; });
    const Expected expected{.journal = journal_,
                            .point = point,
                            .notes = std::move(notes),
                            .sign_anew = ++tally_.images % kSignAnewEvery == 0};
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
  Tally& tally_;
  Random random_;
  Journal journal_;
  Recording recording_;
};

}  // namespace

Tally run(const Campaign& campaign, const std::string& folder) {
  Tally tally;
  for (std::uint64_t seed = campaign.seed; tally.images < campaign.images; ++seed) {
    Round round(campaign, seed, folder, tally);
    round.cut(std::min(campaign.images_per_workload, campaign.images - tally.images));
    if (campaign.progress) campaign.progress(tally);
  }
  return tally;
}

}  // namespace counterfoil::torture
