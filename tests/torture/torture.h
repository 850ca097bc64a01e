// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// A campaign: workloads are recorded, the power is cut all over each recording, and each image is judged; of
// some the power is cut again while the ledger recovers. Thread rule: one thread, one campaign at a time.
#pragma once

#include "tests/torture/aftermath.h"
#include "tests/torture/power_cut.h"
#include "tests/torture/workload.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace counterfoil::torture {

/// Where the folder of empty files should be: in memory, since the product really syncs it.
inline constexpr const char* kMemoryFolder = "/dev/shm";
inline constexpr std::size_t kFailuresKept = 10;  // the first ones of a tally

/// An image after which something that was promised is wrong.
struct Failure {
  std::string where;  // seed, image, op, what was kept
  std::vector<std::string> wrongs;
  Image image;
};

struct Tally {
  std::uint64_t images = 0;
  std::uint64_t distinct = 0;     // of these: in their bytes or in what is demanded of them
  std::uint64_t second_cuts = 0;  // of these: during the recovery from another one
  std::uint64_t workloads = 0;
  std::uint64_t points = 0;  // ops of all workloads
  std::uint64_t failed = 0;
  std::vector<Failure> failures;  // the first few
};

struct Campaign {
  std::uint64_t seed = 1;
  std::uint64_t images = 10'000;
  std::uint64_t images_per_workload = 2'500;
  Days days = Days::Many;
  std::vector<Keep> keeps{kKeeps.begin(), kKeeps.end()};
  // Negative controls: a disk or a setting that must be caught.
  std::function<void(CrashDisk&)> spoil{};
  CrashVfs::Syncs syncs = CrashVfs::Syncs::AsAsked;
  std::optional<std::uint64_t> only{};  // of the first workload's images
  /// After each workload.
  std::function<void(const Tally&)> progress{};
};

Tally run(const Campaign& campaign, const std::string& folder);

}  // namespace counterfoil::torture
