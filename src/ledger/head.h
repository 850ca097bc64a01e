// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What everybody may ask about the log without reading the files: the newest checkpoint, and what is wrong.
// Thread rule: any thread.
#pragma once

#include "counterfoil/base/clock.h"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>

namespace counterfoil::ledger {

class Head {
 public:
  struct Signed {
    std::uint64_t size = 0;
    std::string note;
  };
  [[nodiscard]] Signed newest() const {
    const std::lock_guard lock(mutex_);
    return signed_;
  }
  /// The last time that everything was read and found sound.
  struct Scrubbed {
    Instant at = 0;
    std::uint64_t lines = 0;
  };
  [[nodiscard]] Scrubbed scrubbed() const {
    const std::lock_guard lock(mutex_);
    return scrubbed_;
  }
  void set_scrubbed(const Scrubbed& scrubbed) {
    const std::lock_guard lock(mutex_);
    scrubbed_ = scrubbed;
  }
  void set_newest(std::uint64_t size, std::string note) {
    const std::lock_guard lock(mutex_);
    signed_ = {size, std::move(note)};
  }
  /// Leaves that are durable, signed or not.
  [[nodiscard]] std::uint64_t size() const { return size_.load(); }
  void set_size(std::uint64_t size) { size_.store(size); }
  [[nodiscard]] Instant trusted_t() const { return trusted_t_.load(); }
  void set_trusted_t(Instant t) { trusted_t_.store(t); }

  /// The time, or 0 while the clock is not trusted: what ends at a date has not ended then.
  [[nodiscard]] Instant certain_now(const Clock& clock) const {
    const Instant now = clock.now();
    return now < trusted_t() || clock.state() == ClockState::Untrusted ? 0 : now;
  }

  /// Nothing more is written from now on; the first trouble is kept.
  void turn_read_only(const std::string& why) {
    const std::lock_guard lock(mutex_);
    if (!read_only_.exchange(true)) trouble_ = why;
  }
  /// Something is amiss, but recording goes on.
  void note_trouble(const std::string& why) {
    const std::lock_guard lock(mutex_);
    if (trouble_.empty()) trouble_ = why;
  }
  /// Somebody must do something before work goes on; empty: nothing waits any more.
  void set_waiting(const std::string& why) {
    const std::lock_guard lock(mutex_);
    waiting_ = why;
  }
  [[nodiscard]] std::string waiting() const {
    const std::lock_guard lock(mutex_);
    return waiting_;
  }
  /// A chain or a key is missing, perhaps of somebody's no: nobody may be messaged, and only stops are
  /// recorded.
  void set_incomplete(const std::string& why) {
    note_trouble(why);
    incomplete_.store(true);
  }
  /// Every event was found from the keys at this start: only then may keys be destroyed.
  void set_checked() { checked_.store(true); }
  [[nodiscard]] bool checked() const { return checked_.load() && !incomplete_.load(); }
  [[nodiscard]] bool incomplete() const { return incomplete_.load() || unvouched_.load(); }
  /// The log was restored, and stops may be missing: the same, until somebody says that they are in.
  void set_unvouched(bool unvouched) { unvouched_.store(unvouched); }
  [[nodiscard]] bool unvouched() const { return unvouched_.load(); }
  [[nodiscard]] std::string why_incomplete() const {
    if (incomplete_.load()) return trouble();
    return "restored from a copy, and stops that came after it may be missing: record them again, then run "
           "'counterfoil restore --stops-are-in'";
  }
  /// While the disk is full only stops are recorded.
  void set_disk_full(bool full) { disk_full_.store(full); }
  [[nodiscard]] bool disk_full() const { return disk_full_.load(); }
  [[nodiscard]] bool read_only() const { return read_only_.load(); }
  [[nodiscard]] std::string trouble() const {
    const std::lock_guard lock(mutex_);
    return trouble_;
  }

 private:
  mutable std::mutex mutex_;
  Signed signed_;        // guarded by mutex_
  Scrubbed scrubbed_;    // guarded by mutex_
  std::string trouble_;  // guarded by mutex_
  std::string waiting_;  // guarded by mutex_
  std::atomic<std::uint64_t> size_{0};
  std::atomic<Instant> trusted_t_{0};
  std::atomic<bool> read_only_{false};
  std::atomic<bool> incomplete_{false};
  std::atomic<bool> unvouched_{false};
  std::atomic<bool> checked_{false};
  std::atomic<bool> disk_full_{false};
};

}  // namespace counterfoil::ledger
