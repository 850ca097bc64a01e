// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "net/workers.h"

#include "base/limits.h"
#include "base/log.h"

#include <exception>

namespace counterfoil::net {

Status Workers::start() {
  const std::lock_guard lock(mutex_);
  // Those for stops exist before anybody can make threads scarce, and one of the pool, or nothing would move.
  bool started = spawn(Lane::Pool);
  for (unsigned i = 0; started && i < options_.stop_threads; ++i) started = spawn(Lane::Stops);
  if (!started) return fail(Code::Limit, "No thread can be started.");
  return {};
}

void Workers::send(std::unique_ptr<Errand> errand) {
  const std::lock_guard lock(mutex_);
  std::deque<Waiting>& queue = errand->goes_first() ? first_ : others_;
  queue.push_back({std::move(errand), std::chrono::steady_clock::now()});
  pool_cv_.notify_one();
  if (waiting() <= idle_) return;
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
  first_.clear();
  others_.clear();
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
  std::unique_lock lock(mutex_);
  for (;;) {
    std::unique_ptr<Errand> errand = lane == Lane::Pool ? next_for_pool(lock) : next_for_stops(lock);
    if (!errand) return;
    lock.unlock();
    if (lane == Lane::Pool || errand->goes_first())
      errand->run();
    else
      errand->turn_away();
    loop_.bring(std::move(errand));
    lock.lock();
  }
}

std::unique_ptr<Errand> Workers::next_for_pool(std::unique_lock<std::mutex>& lock) {
  ++idle_;
  pool_cv_.wait(lock, [this] { return stopping_ || waiting() > 0; });
  --idle_;
  if (stopping_) return nullptr;
  return take_first(first_.empty() ? others_ : first_);
}

std::unique_ptr<Errand> Workers::next_for_stops(std::unique_lock<std::mutex>& lock) {
  while (!stopping_) {
    if (!first_.empty()) return take_first(first_);
    if (others_.empty()) {
      stops_cv_.wait(lock);
      continue;
    }
    // The pool's own threads may still come round to it.
    const SteadyTime ripe = others_.front().since + std::chrono::milliseconds(limits::kStopThreadAfter_ms);
    if (std::chrono::steady_clock::now() >= ripe) return take_first(others_);
    stops_cv_.wait_until(lock, ripe);
  }
  return nullptr;
}

std::unique_ptr<Errand> Workers::take_first(std::deque<Waiting>& queue) {
  std::unique_ptr<Errand> errand = std::move(queue.front().errand);
  queue.pop_front();
  return errand;
}

}  // namespace counterfoil::net
