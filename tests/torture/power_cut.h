// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What a disk may hold after the power was cut during one op of a recording. What was synced is there, whole;
// of all else a disk keeps what it likes. Thread rule: one thread.
#pragma once

#include "tests/torture/crash_disk.h"

#include <array>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace counterfoil::torture {

using Random = std::mt19937_64;

/// Of what was not synced, the op in flight included.
enum class Keep {
  Nothing,
  Everything,
  Beginning,  // of all ops in their order
  Torn,       // everything, but the last write ends in its midst
  Some,       // each sector of each write, each truncation, each entry of the folder, or not
  SomeNoise,  // the same, and what was never kept beyond the end of a file is noise
};
inline constexpr std::array kKeeps = {Keep::Nothing, Keep::Everything, Keep::Beginning,
                                      Keep::Torn,    Keep::Some,       Keep::SomeNoise};
std::string_view keep_name(Keep keep);

class PowerCut {
 public:
  explicit PowerCut(const Recording& recording);
  /// The cut comes when all ops below the point have returned. Only forward.
  void advance_to(std::size_t point);
  [[nodiscard]] Image image(Keep keep, Random& random) const;

 private:
  struct File {
    Bytes durable;
    std::vector<std::size_t> pending;  // ops
    bool lied = false;                 // these were synced, as it seemed
  };
  class Choice;
  void pass(std::size_t op);
  void forget_lies();
  void put_entry(std::map<std::string, std::size_t>& entries, const Op& op) const;
  [[nodiscard]] Bytes content(std::size_t file, const Choice& choice) const;

  const Recording& recording_;
  std::size_t point_ = 0;
  std::vector<File> files_;
  std::map<std::string, std::size_t> entries_;  // durable
  std::vector<std::size_t> pending_entries_;    // ops
  Bytes anchor_;
};

}  // namespace counterfoil::torture
