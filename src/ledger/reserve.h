// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Disk put aside for stops: one file of zeros beside the databases. When
// the disk is full it is given up, so that a stop still finds room while everything else is refused; it is
// taken again once there is room for both. Thread rule: the writer's thread.
#pragma once

#include <chrono>
#include <string>

namespace counterfoil::ledger {

class Reserve {
 public:
  explicit Reserve(const std::string& folder);
  /// Takes the room if it is not held; says whether it is held now.
  bool hold();
  void release();
  [[nodiscard]] bool held() const { return held_; }

 private:
  [[nodiscard]] bool has_room() const;
  bool take() const;
  const std::string folder_;
  const std::string path_;
  bool held_ = false;
  std::chrono::steady_clock::time_point next_try_{};
};

}  // namespace counterfoil::ledger
