// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The keys under the epoch key, as they stand in keys.db and in memory. Subject keys are not kept: they are
// unwrapped when needed. Thread rule: Keyring from any thread; the functions that take a Database belong to
// its thread.
#pragma once

#include "counterfoil/consent/ids.h"
#include "counterfoil/proof/key_chain.h"
#include "crypto/signing.h"
#include "ledger/ledger.h"
#include "store/database.h"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <utility>
#include <vector>

namespace counterfoil::ledger {

/// A key that signs the log. It has one of two places in keys.db, the next one takes the other; which of them
/// are valid only the lines of the log say.
using LogKeyPtr = std::shared_ptr<const crypto::SigningKey>;
using LogPlaces = std::array<LogKeyPtr, 2>;

/// Keys that live as long as the folder or the business; each wrapped under the epoch key.
struct Roots {
  std::string origin;
  Key kek;  // of the epoch they were read in; Keyring takes it over
  Key supp;
  Key link;
  Key desk_id;
  Key desk_item;
  LogPlaces log;
  Bytes first_log;           // SubjectPublicKeyInfo of the first: the one that verifiers pin
  crypto::SigningKey spill;  // opens the spill file
};

/// The epoch that keys.db is in. Fails with NotFound when there are no keys yet.
Result<std::uint64_t> stored_epoch(store::Database& keys);
/// Fresh keys of epoch 0, written into meta.
Result<Roots> make_roots(store::Database& keys, const std::string& origin, const Key& secret);
/// A fresh key for the spill file where there is none, in folders older than it, or when renew asks for one.
Status make_spill_root(store::Database& keys, const Key& secret, std::uint64_t epoch, bool renew);
/// Fails with WrongKey when the secret does not open them, Corrupt when only some open.
Result<Roots> load_roots(store::Database& keys, const Key& secret, std::uint64_t epoch);

/// A row of subj.
struct SubjectRow {
  std::uint64_t n = 0;
  consent::SubjectId id;
  Bytes wrapped_key;
  Bytes card;
};

/// What goes with an epoch: subjects with all they said, and retention cohorts.
struct Ending {
  std::set<std::uint64_t> subjects;
  std::set<std::int64_t> cohorts;
};

/// The keys of the next epoch that are others than those of this one.
struct NextEpoch {
  std::uint64_t epoch = 0;
  Key kek;
  std::map<std::uint64_t, Key> buckets;   // those that lost a subject
  std::set<std::uint64_t> empty_buckets;  // those that lost all of theirs
  std::set<std::int64_t> ended_cohorts;
  LogPlaces log;
};

class Keyring {
 public:
  explicit Keyring(Roots roots);
  /// Buckets and cohorts from keys.db. Fails with Corrupt when one does not open.
  Status load(store::Database& keys);

  [[nodiscard]] const Roots& roots() const { return roots_; }
  [[nodiscard]] const std::string& origin() const { return roots_.origin; }

  [[nodiscard]] std::optional<Key> bucket(std::uint64_t b) const;
  [[nodiscard]] std::optional<Key> cohort(std::int64_t id) const;
  [[nodiscard]] std::optional<std::int64_t> cohort_id(const Retention& retention) const;
  void add_bucket(std::uint64_t b, Key key);
  void add_cohort(std::int64_t id, const Retention& retention, Key key);
  /// All cohorts that have a key.
  [[nodiscard]] std::vector<std::pair<std::int64_t, Retention>> cohorts() const;
  /// Buckets and cohorts are the same.
  [[nodiscard]] bool has_keys_of(const Keyring& other) const;
  /// From now on keys.db is in this epoch. Nobody may read subjects meanwhile.
  void adopt(NextEpoch next);

  // Keys that sign the log.
  /// Takes in a sys.key line that is durable, in the order of the log. Fails with Corrupt.
  Status follow(const std::string& line);
  [[nodiscard]] LogKeys log_keys() const;
  /// Those that sign checkpoints now, the newest last.
  [[nodiscard]] std::vector<LogKeyPtr> signers() const;
  /// A place has a key that the log does not know or has retired; the next epoch is without it.
  [[nodiscard]] bool has_spent_key() const;
  /// The older of two signers has signed long enough.
  [[nodiscard]] bool is_overlap_over(Instant now) const;
  /// Writes a new key into the free place, within the caller's transaction, and then into memory. The line
  /// that names it comes after.
  Status put_log_key(store::Database& keys, const crypto::SigningKey& key) const;
  void add_log_key(LogKeyPtr key);

  /// Fails with Corrupt when the bucket is missing or the row does not open.
  [[nodiscard]] Result<Key> subject_key(const SubjectRow& row) const;

  // Wrapped forms, as they go into keys.db.
  [[nodiscard]] Bytes wrap_bucket(std::uint64_t b, const Key& key) const;
  [[nodiscard]] Bytes wrap_cohort(const Retention& retention, const Key& key) const;
  [[nodiscard]] Bytes wrap_job(std::int64_t id, const Key& key) const;
  /// Fails with Corrupt.
  [[nodiscard]] Result<Key> unwrap_job(std::int64_t id, ByteView wrapped) const;
  static Bytes wrap_subject(const Key& bucket, const consent::SubjectId& id, const Key& key);

 private:
  friend Result<NextEpoch> write_epoch(store::Database& keys, const Keyring& keyring, const Key& secret,
                                       std::uint64_t epoch, const Ending& ending);
  [[nodiscard]] bool is_spent(const LogKeyPtr& key) const;
  [[nodiscard]] std::size_t free_log_place() const;

  mutable std::shared_mutex mutex_;
  Key kek_;                    // guarded by mutex_
  LogPlaces log_;              // guarded by mutex_
  LogKeys log_keys_;           // guarded by mutex_
  Instant log_key_added_ = 0;  // the newest; guarded by mutex_
  const Roots roots_;
  // Guarded by mutex_:
  std::map<std::uint64_t, Key> buckets_;
  std::map<std::int64_t, Key> cohorts_;
  std::map<std::pair<std::string, std::string>, std::int64_t> cohort_ids_;
};

// Additional data that ties each wrapped key to its place.
Bytes bucket_place(std::uint64_t b);
Bytes cohort_place(const Retention& retention);
Bytes job_place(std::int64_t id);
// Parts of write_epoch, within its transaction.
Status wrap_roots(store::Database& keys, const std::string& origin, const Key& from, const Key& to);
Status wrap_log_keys(store::Database& keys, const std::string& origin, const LogPlaces& log, const Key& to);
Status put_epoch(store::Database& keys, std::uint64_t epoch);
// Parts of begin_incarnation, within its transaction.
Status wrap_roots_for(store::Database& keys, const std::string& from_origin, const Key& from,
                      const std::string& to_origin, const Key& to);
Status put_log(store::Database& keys, const std::string& origin, const Key& kek, crypto::SigningKey log);

/// Moves keys.db into the next epoch in one transaction: what ends is deleted, buckets that lose a subject
/// get fresh keys, everything else is wrapped anew. Nothing of the old epoch can be opened once its secret is
/// overwritten. Fails with Corrupt when something does not open: then nothing has changed.
Result<NextEpoch> write_epoch(store::Database& keys, const Keyring& keyring, const Key& secret,
                              std::uint64_t epoch, const Ending& ending);
/// Gives the keys to a new log: another name, a fresh signing key, no jobs. In one transaction.
Status begin_incarnation(store::Database& keys, const std::string& from, const std::string& to,
                         const Key& secret, std::uint64_t epoch);
/// Reads the main file of keys.db alone and opens everything with the secret; the caller has copied the log
/// back and dropped the page cache. written: the keys as this process wrote them, which the file must then
/// have; without them each subject's bucket is looked for, one seek a bucket. Fails with WrongKey or Corrupt:
/// then the old secret must stay.
Status check_epoch(const std::string& path, const Key& secret, std::uint64_t epoch, const Keyring* written);

}  // namespace counterfoil::ledger
