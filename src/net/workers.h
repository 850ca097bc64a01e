// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Threads that run errands for the loop: a bounded pool, grown on demand, and beside it a few threads that
// exist from the start and keep stops moving when the whole pool is busy. Thread rule: start() and stop()
// from one thread, send() from any.
#pragma once

#include "base/limits.h"
#include "net/loop.h"

#include <chrono>
#include <condition_variable>
#include <map>
#include <thread>

namespace counterfoil::net {

class Workers {
 public:
  struct Options {
    unsigned threads_max = 1;  // at least 1
    unsigned threads_min = 1;  // there from the start; the others come when they are needed
    // Take at once what stands first, and turn away what has waited too long.
    unsigned stop_threads = 0;
    int turn_away_after_ms = limits::kStopThreadAfter_ms;
    std::size_t waiting_max = SIZE_MAX;  // beyond it the last in line is turned away
    int niceness = 0;                    // how far the pool leaves the processor to others: 0 to 19, nice(2)
  };
  /// The loop gets every errand back and must outlive the workers.
  Workers(Loop& loop, Options options) : loop_(loop), options_(options) {}
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;
  ~Workers() { stop(); }

  /// Fails with Limit when no thread can be started.
  Status start();
  void send(std::unique_ptr<Errand> errand);
  /// Waits for the errands that run; those still waiting are dropped.
  void stop();

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  struct Waiting {
    std::unique_ptr<Errand> errand;
    SteadyTime since;
  };

  using Line = std::multimap<unsigned, Waiting>;  // by place

  enum class Lane { Pool, Stops };
  bool spawn(Lane lane);
  void work(Lane lane);
  std::unique_ptr<Errand> next_for_pool(std::unique_lock<std::mutex>& lock);
  std::unique_ptr<Errand> next_for_stops(std::unique_lock<std::mutex>& lock);
  std::unique_ptr<Errand> take(Line::iterator waiting);

  Loop& loop_;
  const Options options_;

  std::mutex mutex_;
  std::condition_variable pool_cv_;   // an errand, or stopping
  std::condition_variable stops_cv_;  // the pool is full, or stopping
  // State below is protected by mutex_.
  Line line_;
  std::vector<std::thread> threads_;
  unsigned pool_threads_ = 0;
  unsigned idle_ = 0;  // of the pool
  bool stopping_ = false;
};

}  // namespace counterfoil::net
