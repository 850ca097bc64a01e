// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "ledger/stop_gate.h"

#include <algorithm>
#include <chrono>

namespace counterfoil::ledger {

Result<StopGate::Pass> StopGate::enter(const std::vector<Handle>& tags, int timeout_ms) {
  std::unique_lock lock(mutex_);
  const auto free = [&] {
    return std::none_of(tags.begin(), tags.end(), [this](const Handle& tag) { return busy_.contains(tag); });
  };
  if (!left_.wait_for(lock, std::chrono::milliseconds(timeout_ms), free))
    return fail(Code::Timeout, "the ledger did not record it in time");
  busy_.insert(tags.begin(), tags.end());
  return Pass(*this, tags);
}

void StopGate::leave(const std::vector<Handle>& tags) {
  {
    const std::lock_guard lock(mutex_);
    for (const Handle& tag : tags) busy_.erase(tag);
  }
  left_.notify_all();
}

}  // namespace counterfoil::ledger
