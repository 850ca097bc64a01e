// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "tests/torture/faults.h"

#include <cerrno>

namespace counterfoil::torture {
namespace {

struct FaultKind {
  const char* name;
  int error;
  bool stays;
};
constexpr std::array kKinds = {
    FaultKind{"EIO once", EIO, false},
    FaultKind{"ENOSPC once", ENOSPC, false},
    FaultKind{"EIO from there on", EIO, true},
    FaultKind{"ENOSPC from there on", ENOSPC, true},
};

class Faults {
 public:
  Faults(const FaultCampaign& campaign, const std::string& folder) : campaign_(campaign), folder_(folder) {}

  Tally run() {
    // Until a workload ends before its fault comes.
    for (std::size_t at = campaign_.only.value_or(0), turn = 0;; at += campaign_.every, ++turn) {
      for (std::size_t kind = 0; kind < kKinds.size(); ++kind) {
        const bool has_turn = campaign_.every == 1 || kind == turn % kKinds.size();
        if (has_turn && !inject(kKinds.at(kind), at)) return std::move(tally_);
      }
      if (campaign_.only) return std::move(tally_);
    }
  }

 private:
  bool inject(const FaultKind& kind, std::size_t at) {
    CrashDisk disk{Image()};
    Journal journal;
    {
      const CrashVfs vfs(disk, folder_);
      disk.set_fault({.at = at, .error = kind.error, .stays = kind.stays});
      journal = Workload(disk, folder_, Days::Few, campaign_.seed).run();
    }
    if (!disk.has_failed()) return false;
    ++tally_.workloads;
    const Recording recording = disk.take_recording();
    const std::size_t end = recording.ops.size();
    tally_.points += end;
    const std::string where = std::string(kind.name) + " at op " + std::to_string(at);
    judge_one(disk.seen(), journal, end, where + ", the program started again");
    PowerCut cut(recording);
    cut.advance_to(end);
    Random random(at);
    judge_one(cut.image(Keep::Nothing, random), journal, end, where + ", then a power cut");
    if (campaign_.progress) campaign_.progress(tally_);
    return true;
  }

  void judge_one(Image image, const Journal& journal, std::size_t end, const std::string& where) {
    ++tally_.images;
    const Expected expected{.journal = journal, .point = end, .notes = journal.notes, .spilled = true};
    const Verdict verdict = judge(image, folder_, expected);
    if (verdict.wrongs.empty()) return;
    ++tally_.failed;
    if (tally_.failures.size() < kFailuresKept)
      tally_.failures.push_back({where, verdict.wrongs, std::move(image)});
  }

  const FaultCampaign& campaign_;
  const std::string folder_;
  Tally tally_;
};

}  // namespace

Tally run_faults(const FaultCampaign& campaign, const std::string& folder) {
  return Faults(campaign, folder).run();
}

}  // namespace counterfoil::torture
