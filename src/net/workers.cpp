// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "net/workers.h"

#include "base/limits.h"
#include "base/log.h"

#include <sys/resource.h>

#include <algorithm>
#include <exception>

namespace counterfoil::net {

Status Workers::start() {
  const std::lock_guard lock(mutex_);
  // Those for stops exist before anybody can make threads scarce, and some of the pool, or nothing would
  // move.
  bool started = true;
  for (unsigned i = 0; started && i < std::min(options_.threads_min, options_.threads_max); ++i)
    started = spawn(Lane::Pool);
  for (unsigned i = 0; started && i < options_.stop_threads; ++i) started = spawn(Lane::Stops);
  if (!started) return fail(Code::Limit, "No thread can be started.");
  return {};
}

void Workers::send(std::unique_ptr<Errand> errand) {
  const std::lock_guard lock(mutex_);
  const unsigned place = errand->place();
  line_.emplace(place, Waiting{std::move(errand), std::chrono::steady_clock::now()});
  if (line_.size() > options_.waiting_max) {
    std::unique_ptr<Errand> last = take(std::prev(line_.end()));
    last->turn_away();
    return loop_.bring(std::move(last));
  }
  pool_cv_.notify_one();
  if (line_.size() <= idle_) return;
  if (pool_threads_ < options_.threads_max && spawn(Lane::Pool)) return;
  stops_cv_.notify_one();
}

void Workers::stop() {
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    threads.swap(threads_);
  }
  pool_cv_.notify_all();
  stops_cv_.notify_all();
  for (std::thread& thread : threads) thread.join();
  const std::lock_guard lock(mutex_);
  line_.clear();
}

bool Workers::spawn(Lane lane) {
  try {
    threads_.emplace_back([this, lane] { work(lane); });
  } catch (const std::exception&) {
    // Neither a thread nor memory for one: those that there are go on.
    log::warning("net.thread_refused", {{"threads", threads_.size()}});
    return false;
  }
  if (lane == Lane::Pool) ++pool_threads_;
  return true;
}

void Workers::work(Lane lane) {
  // On Linux this is the thread's own; where it is forbidden the pool is merely less polite.
  if (lane == Lane::Pool && options_.niceness > 0) ::setpriority(PRIO_PROCESS, 0, options_.niceness);
  std::unique_lock lock(mutex_);
  for (;;) {
    std::unique_ptr<Errand> errand = lane == Lane::Pool ? next_for_pool(lock) : next_for_stops(lock);
    if (!errand) return;
    lock.unlock();
    if (lane == Lane::Pool || errand->place() == Errand::kFirst)
      errand->run();
    else
      errand->turn_away();
    loop_.bring(std::move(errand));
    lock.lock();
  }
}

std::unique_ptr<Errand> Workers::next_for_pool(std::unique_lock<std::mutex>& lock) {
  ++idle_;
  pool_cv_.wait(lock, [this] { return stopping_ || !line_.empty(); });
  --idle_;
  return stopping_ ? nullptr : take(line_.begin());
}

std::unique_ptr<Errand> Workers::next_for_stops(std::unique_lock<std::mutex>& lock) {
  while (!stopping_) {
    if (line_.empty()) {
      stops_cv_.wait(lock);
      continue;
    }
    if (line_.begin()->first == Errand::kFirst) return take(line_.begin());
    const auto oldest = std::min_element(line_.begin(), line_.end(), [](const auto& a, const auto& b) {
      return a.second.since < b.second.since;
    });
    // The pool's own threads may still come round to it.
    const SteadyTime ripe = oldest->second.since + std::chrono::milliseconds(options_.turn_away_after_ms);
    if (std::chrono::steady_clock::now() >= ripe) return take(oldest);
    stops_cv_.wait_until(lock, ripe);
  }
  return nullptr;
}

std::unique_ptr<Errand> Workers::take(Line::iterator waiting) {
  std::unique_ptr<Errand> errand = std::move(waiting->second.errand);
  line_.erase(waiting);
  return errand;
}

}  // namespace counterfoil::net
