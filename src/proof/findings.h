// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Collects what is wrong with single lines and says it once, neighbours together. Thread rule: one thread at
// a time.
#pragma once

#include "counterfoil/proof/verify.h"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace counterfoil::proof {

/// One line's defect: "line 17 " + one, or "lines 17 to 19 " + many when neighbours share it.
struct Defect {
  std::string rule;
  std::uint64_t position = 0;  // where it stands
  std::uint64_t seq = 0;       // its number
  std::string one;
  std::string many;
};

class Defects {
 public:
  void add(Defect defect);
  void changed(std::uint64_t position, std::uint64_t seq, const std::string& why = {});
  /// As findings, without those at positions in skip; adds to out.
  void tell(const std::set<std::uint64_t>& skip, std::vector<Finding>& out) const;

 private:
  struct Group {
    Defect first;
    std::uint64_t count = 1;
  };
  static void tell_group(const Defect& first, std::uint64_t count, std::vector<Finding>& out);
  std::vector<Group> groups_;
};

/// Sorted by place, cut to limits::kFindingsMax with a last one that counts the rest.
void tidy(std::vector<Finding>& findings);

}  // namespace counterfoil::proof
