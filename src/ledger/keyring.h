// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The keys under the epoch key, as they stand in keys.db and in memory. Subject keys are not kept: they are
// unwrapped when needed. Thread rule: Keyring from any thread; the functions that take a Database belong to
// its thread.
#pragma once

#include "counterfoil/consent/ids.h"
#include "crypto/signing.h"
#include "ledger/ledger.h"
#include "store/database.h"

#include <cstdint>
#include <map>
#include <optional>
#include <shared_mutex>
#include <string>
#include <utility>

namespace counterfoil::ledger {

/// Keys that live as long as the folder or the business; each wrapped under the epoch key.
struct Roots {
  std::string origin;
  Key kek;
  Key supp;
  Key link;
  Key desk_id;
  Key desk_item;
  crypto::SigningKey log;
};

/// Fresh keys of epoch 0, written into meta.
Result<Roots> make_roots(store::Database& keys, const std::string& origin, const Key& secret);
/// Fails with WrongKey when the secret does not open them, Corrupt when only some open.
Result<Roots> load_roots(store::Database& keys, const Key& secret, std::uint64_t epoch);

/// A row of subj.
struct SubjectRow {
  std::uint64_t n = 0;
  consent::SubjectId id;
  Bytes wrapped_key;
  Bytes card;
};

class Keyring {
 public:
  explicit Keyring(Roots roots) : roots_(std::move(roots)) {}
  /// Buckets and cohorts from keys.db. Fails with Corrupt when one does not open.
  Status load(store::Database& keys);

  [[nodiscard]] const Roots& roots() const { return roots_; }
  [[nodiscard]] const std::string& origin() const { return roots_.origin; }

  [[nodiscard]] std::optional<Key> bucket(std::uint64_t b) const;
  [[nodiscard]] std::optional<Key> cohort(std::int64_t id) const;
  [[nodiscard]] std::optional<std::int64_t> cohort_id(const Retention& retention) const;
  [[nodiscard]] std::int64_t next_cohort_id() const;
  void add_bucket(std::uint64_t b, Key key);
  void add_cohort(std::int64_t id, const Retention& retention, Key key);

  /// Fails with Corrupt when the bucket is missing or the row does not open.
  [[nodiscard]] Result<Key> subject_key(const SubjectRow& row) const;

  // Wrapped forms, as they go into keys.db.
  [[nodiscard]] Bytes wrap_bucket(std::uint64_t b, const Key& key) const;
  [[nodiscard]] Bytes wrap_cohort(const Retention& retention, const Key& key) const;
  static Bytes wrap_subject(const Key& bucket, const consent::SubjectId& id, const Key& key);

 private:
  const Roots roots_;
  mutable std::shared_mutex mutex_;
  // Guarded by mutex_:
  std::map<std::uint64_t, Key> buckets_;
  std::map<std::int64_t, Key> cohorts_;
  std::map<std::pair<std::string, std::string>, std::int64_t> cohort_ids_;
};

}  // namespace counterfoil::ledger
