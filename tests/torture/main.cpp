// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The program behind tools/torture.
#include "base/log.h"
#include "tests/support/temp_folder.h"
#include "tests/torture/faults.h"
#include "tests/torture/torture.h"

#include <CLI/CLI.hpp>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>

namespace counterfoil::torture {
namespace {

void keep_image(const Failure& failure, const std::string& folder) {
  std::filesystem::create_directories(folder);
  const auto put = [&](const std::string& name, const Bytes& bytes) {
    std::ofstream(folder + "/" + name, std::ios::binary) << as_text(bytes);
  };
  for (const auto& [name, bytes] : failure.image.files) put(name, bytes);
  put("anchor", failure.image.anchor);
  std::ofstream words(folder + "/what-is-wrong");
  words << failure.where << "\n";
  for (const auto& wrong : failure.wrongs) words << wrong << "\n";
}

int torture(int argc, char** argv) {
  Campaign campaign{.images = 1'000'000};
  std::string keep;
  CLI::App app("Cuts the power of a ledger in memory, a great many times");
  app.add_option("--images", campaign.images, "How many images are judged");
  app.add_option("--seed", campaign.seed, "Of the first workload; each further one takes the next");
  app.add_option("--image", campaign.only, "Judge this one alone, of so many images of the first workload");
  std::optional<std::size_t> fault;
  app.add_option("--fault", fault, "Only let the op with this number fail, in each way");
  app.add_option("--keep", keep, "Folder for the first images that fail, as files");
  CLI11_PARSE(app, argc, argv);

  log::start(log::Level::Error);
  const auto start = std::chrono::steady_clock::now();
  const auto seconds = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  std::size_t told = 0;
  const auto tell = [&](const Tally& tally) {
    for (; told < tally.failures.size(); ++told) {
      const Failure& failure = tally.failures[told];
      std::cout << failure.where << "\n";
      for (const auto& wrong : failure.wrongs) std::cout << "  " << wrong << "\n";
      if (!keep.empty())
        keep_image(failure, keep + "/" + std::to_string(campaign.seed) + "-" + std::to_string(told));
    }
  };
  campaign.progress = [&](const Tally& tally) {
    tell(tally);
    const double rate = static_cast<double>(tally.images) / seconds();
    const double left_s = static_cast<double>(campaign.images - tally.images) / rate;
    std::cout << "seed " << campaign.seed << ": " << tally.images << " images, " << tally.distinct
              << " distinct, " << tally.failed << " failed, " << std::lround(rate) << "/s, "
              << std::lround(left_s / 60) << " min left" << std::endl;
  };
  const support::TempFolder folder(kMemoryFolder);
  const Tally tally = fault ? run_faults({.seed = campaign.seed, .only = fault}, folder.path())
                            : run(campaign, folder.path());
  if (campaign.only || fault) tell(tally);
  std::cout << tally.images << " images of " << tally.workloads << " workloads with " << tally.points
            << " points, " << tally.second_cuts << " of them cut again during recovery, " << tally.distinct
            << " distinct; failed: " << tally.failed << std::endl;
  return tally.failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace counterfoil::torture

int main(int argc, char** argv) {
  return counterfoil::torture::torture(argc, argv);
}
