// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What the ledger knows in memory only, rebuilt at each start: who has an address or a code, which addresses
// are suppressed, and whose leaf is whose. Nothing of it is ever written: on disk an address is found only by
// opening every card. Thread rule: any thread.
#pragma once

#include "counterfoil/base/bytes.h"
#include "counterfoil/consent/terms.h"
#include "ledger/endings.h"

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace counterfoil::ledger {

/// Number of a subject in keys.db, from 1.
using Ordinal = std::uint32_t;

/// Short keyed hash -> subjects. 16 bytes for each entry and 4 to 8 for its slot; the key lives as long as
/// the process. Two values may share a hash (about 2^-64): whoever asks checks what was found.
class SubjectIndex {
 public:
  SubjectIndex();
  void add_address(const consent::Address& address, Ordinal n);
  void add_code(std::string_view code, Ordinal n);
  void remove_code(std::string_view code, Ordinal n);
  /// Nothing leads to these subjects any more.
  void forget(const std::set<std::uint64_t>& subjects);
  [[nodiscard]] std::vector<Ordinal> by_address(const consent::Address& address) const;
  [[nodiscard]] std::vector<Ordinal> by_code(std::string_view code) const;
  /// Keeps a code for a subject that is about to be written; false when another one has or keeps it.
  bool reserve_code(const std::string& code);
  void release_code(const std::string& code);
  [[nodiscard]] std::size_t bytes() const;

 private:
  struct Entry {
    std::uint64_t tag = 0;
    Ordinal n = 0;  // 0: removed
    std::uint32_t next = 0;
  };
  [[nodiscard]] std::uint64_t tag_of(std::string_view kind, std::string_view value) const;
  void add(std::uint64_t tag, Ordinal n);
  [[nodiscard]] std::vector<Ordinal> find(std::uint64_t tag) const;
  [[nodiscard]] std::vector<Ordinal> find_locked(std::uint64_t tag) const;
  void grow();

  const Key key_;
  mutable std::shared_mutex mutex_;
  // Guarded by mutex_:
  std::vector<std::uint32_t> slots_;  // index of the first entry of a chain, plus 1
  std::deque<Entry> entries_;
  std::set<std::string> reserved_;
};

/// The suppression tags and the strongest hand behind each. 20 bytes each.
class Suppressions {
 public:
  void add(const Handle& tag, consent::Actor by);
  /// None: nobody stopped it.
  [[nodiscard]] std::optional<consent::Actor> by(const Handle& tag) const;
  /// Keyed digest of the whole set (FORMAT.md, "Keyed names"): a tag that was taken out by hand shows.
  [[nodiscard]] Hash digest(const Key& supp) const;
  /// Ascending.
  [[nodiscard]] std::vector<Handle> tags() const;

 private:
  struct HandleHash {
    std::size_t operator()(const Handle& h) const;
  };
  mutable std::shared_mutex mutex_;
  std::unordered_map<Handle, consent::Actor, HandleHash> tags_;  // guarded by mutex_
};

/// Lines whose text is gone or going, as tombstones and jobs say: that they are missing is no damage.
class GoneLines {
 public:
  void add(const Ranges& ranges);
  [[nodiscard]] bool covers(std::uint64_t seq) const;
  [[nodiscard]] Ranges ranges() const;
  /// How many of the lines before size.
  [[nodiscard]] std::uint64_t count(std::uint64_t size) const;

 private:
  mutable std::shared_mutex mutex_;
  proof::RangeSet lines_;  // guarded by mutex_
};

/// Subjects that asked to be erased: whoever asks for them gets no answer, although their keys are still
/// there for a moment.
class Leaving {
 public:
  void add(const std::set<std::uint64_t>& subjects);
  [[nodiscard]] bool contains(std::uint64_t n) const;

 private:
  mutable std::shared_mutex mutex_;
  std::set<std::uint64_t> subjects_;  // guarded by mutex_
};

/// What must not end: a legal hold keeps a subject from schedule and erasure, a restriction from the schedule
/// alone. Their chains say so; it stands here so that nobody's chain need be opened to know it.
class Kept {
 public:
  struct Terms {
    Instant held_until = 0;  // 0: not held
    bool restricted = false;
  };
  void set(std::uint64_t n, const Terms& terms);
  void forget(const std::set<std::uint64_t>& subjects);
  // now: 0 while the clock is not trusted, so that no hold ends by mistake.
  [[nodiscard]] bool is_held(std::uint64_t n, Instant now) const;
  [[nodiscard]] bool is_kept(std::uint64_t n, Instant now) const;
  /// Also those whose hold has ended by itself.
  [[nodiscard]] std::vector<Ordinal> all() const;

 private:
  mutable std::shared_mutex mutex_;
  std::map<std::uint64_t, Terms> terms_;  // guarded by mutex_
};

/// What became of each ending since the start.
class EndingReports {
 public:
  void set(std::int64_t id, const EndingReport& report);
  [[nodiscard]] std::optional<EndingReport> of(std::int64_t id) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::int64_t, EndingReport> reports_;  // guarded by mutex_
  std::deque<std::int64_t> order_;                // guarded by mutex_; the oldest first
};

/// Leaf -> subject, 4 bytes a leaf: ledger.db has no column that says it, and a pull needs it.
class Owners {
 public:
  void set(std::uint64_t seq, Ordinal n);
  /// 0: nobody's, or not known (yet).
  [[nodiscard]] Ordinal of(std::uint64_t seq) const;

 private:
  mutable std::shared_mutex mutex_;
  std::deque<Ordinal> owners_;  // guarded by mutex_
};

struct Memory {
  std::atomic<std::uint64_t> subjects{0};
  SubjectIndex index;
  Suppressions suppressions;
  Owners owners;
  GoneLines gone;
  Leaving leaving;
  Kept kept;
  EndingReports endings;
};

}  // namespace counterfoil::ledger
