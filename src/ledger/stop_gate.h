// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Lets one stop of an address through at a time: of two at the same moment the second waits and then finds it
// stopped, instead of writing it twice. Thread rule: any thread.
#pragma once

#include "counterfoil/base/bytes.h"

#include <condition_variable>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

namespace counterfoil::ledger {

class StopGate {
 public:
  /// Opens the gate again when it goes.
  class Pass {
   public:
    Pass(StopGate& gate, std::vector<Handle> tags) : gate_(&gate), tags_(std::move(tags)) {}
    Pass(Pass&& o) noexcept : gate_(std::exchange(o.gate_, nullptr)), tags_(std::move(o.tags_)) {}
    Pass& operator=(Pass&&) = delete;
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    ~Pass() {
      if (gate_ != nullptr) gate_->leave(tags_);
    }

   private:
    StopGate* gate_;
    std::vector<Handle> tags_;
  };

  /// Waits until nobody else stops any of these; all are taken at once, so that nobody waits in a circle.
  /// Fails with Timeout.
  Result<Pass> enter(const std::vector<Handle>& tags, int timeout_ms);

 private:
  void leave(const std::vector<Handle>& tags);

  std::mutex mutex_;
  std::condition_variable left_;
  std::set<Handle> busy_;  // guarded by mutex_
};

}  // namespace counterfoil::ledger
