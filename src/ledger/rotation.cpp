// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// One epoch to the next. What is deleted from keys.db may stay on the disk for years; what makes it noise is
// that the old epoch's secret is overwritten afterwards.
#include "crypto/crypto.h"
#include "ledger/byte_order.h"
#include "ledger/files.h"
#include "ledger/key_tree.h"
#include "ledger/keyring.h"

#include <algorithm>

namespace counterfoil::ledger {
namespace {

using Buckets = std::map<std::uint64_t, Key>;

Error does_not_open(const Error& error) {
  if (error.code != Code::WrongKey) return error;
  return fail(Code::Corrupt, "keys.db is damaged: a wrapped key does not open");
}

Result<Bytes> wrapped_anew(const Key& from, const Key& to, ByteView place, ByteView wrapped) {
  const auto clear = crypto::unwrap(from, place, wrapped);
  if (!clear) return does_not_open(clear.error());
  return crypto::wrap(to, place, clear->view());
}

struct Row {
  std::int64_t id = 0;
  Bytes place;
  Bytes wrapped;
};

// The rows are read before the first one is written: a table must not change under the statement that walks
// it.
Status wrap_rows(store::Database& keys, const std::vector<Row>& rows, const std::string& update,
                 const Key& from, const Key& to) {
  CF_TRY(auto st, keys.prepare(update));
  for (const Row& row : rows) {
    CF_TRY(const Bytes wrapped, wrapped_anew(from, to, row.place, row.wrapped));
    CF_CHECK(st.reset().bind(1, ByteView(wrapped)).bind(2, row.id).run());
  }
  return {};
}

template <class Place>
Result<std::vector<Row>> rows_of(store::Database& keys, const std::string& select, Place place) {
  std::vector<Row> out;
  CF_TRY(auto st, keys.prepare(select));
  while (true) {
    CF_TRY(const bool row, st.step());
    if (!row) return out;
    const ByteView wrapped = st.blob(st.columns() - 1);
    out.push_back({st.integer(0), place(st), Bytes(wrapped.begin(), wrapped.end())});
  }
}

// A bucket that loses a subject gets a fresh key: the old one would still open the subject's row in old
// copies.
Status end_subjects(store::Database& keys, const Buckets& buckets, const Ending& ending, NextEpoch& next) {
  CF_TRY(auto remove, keys.prepare("DELETE FROM subj WHERE n = ?"));
  for (const std::uint64_t n : ending.subjects) CF_CHECK(remove.reset().bind(1, n).run());
  std::set<std::uint64_t> touched;
  for (const std::uint64_t n : ending.subjects) touched.insert(n / kSubjectsPerBucket);
  for (const std::uint64_t b : touched) {
    const std::string where = " FROM subj WHERE n BETWEEN " + std::to_string(b * kSubjectsPerBucket) +
                              " AND " + std::to_string((b + 1) * kSubjectsPerBucket - 1);
    CF_TRY(const auto survivors, rows_of(keys, "SELECT n, sid, w" + where,
                                         [](const auto& st) { return place("cf/subj", st.blob(1)); }));
    if (survivors.empty()) {
      next.empty_buckets.insert(b);
      CF_CHECK(keys.exec("DELETE FROM bucket WHERE b = " + std::to_string(b)));
      continue;
    }
    const auto old = buckets.find(b);
    if (old == buckets.end()) return fail(Code::Corrupt, "keys.db: a subject's bucket is missing");
    Key fresh = crypto::random_key();
    CF_CHECK(wrap_rows(keys, survivors, "UPDATE subj SET w = ? WHERE n = ?", old->second, fresh));
    next.buckets.emplace(b, std::move(fresh));
  }
  return {};
}

Status end_cohorts(store::Database& keys, const Ending& ending) {
  CF_TRY(auto remove, keys.prepare("DELETE FROM cohort WHERE id = ?"));
  for (const std::int64_t id : ending.cohorts) CF_CHECK(remove.reset().bind(1, id).run());
  return {};
}

// Everything that stands under the epoch key, but for the roots.
Status wrap_all(store::Database& keys, const Key& from, const Key& to) {
  CF_TRY(const auto buckets, rows_of(keys, "SELECT b, w FROM bucket", [](const auto& st) {
           return bucket_place(static_cast<std::uint64_t>(st.integer(0)));
         }));
  CF_CHECK(wrap_rows(keys, buckets, "UPDATE bucket SET w = ? WHERE b = ?", from, to));
  CF_TRY(const auto cohorts, rows_of(keys, "SELECT id, class, until, w FROM cohort", [](const auto& st) {
           return cohort_place({std::string(st.text(1)), std::string(st.text(2))});
         }));
  CF_CHECK(wrap_rows(keys, cohorts, "UPDATE cohort SET w = ? WHERE id = ?", from, to));
  CF_TRY(const auto jobs,
         rows_of(keys, "SELECT id, w FROM job", [](const auto& st) { return job_place(st.integer(0)); }));
  return wrap_rows(keys, jobs, "UPDATE job SET w = ? WHERE id = ?", from, to);
}

// One seek a bucket: reading every subject takes seconds where there are a million.
Status demand_buckets(store::Database& keys, const Keyring& keyring) {
  CF_TRY(auto first, keys.prepare("SELECT n FROM subj WHERE n >= ? ORDER BY n LIMIT 1"));
  for (std::uint64_t from = 0;;) {
    CF_TRY(const bool found, first.reset().bind(1, from).step());
    if (!found) return {};
    const std::uint64_t b = static_cast<std::uint64_t>(first.integer(0)) / kSubjectsPerBucket;
    if (!keyring.bucket(b)) return fail(Code::Corrupt, "keys.db: a subject's bucket is missing");
    from = (b + 1) * kSubjectsPerBucket;
  }
}

}  // namespace

Result<NextEpoch> write_epoch(store::Database& keys, const Keyring& keyring, const Key& secret,
                              std::uint64_t epoch, const Ending& ending) {
  NextEpoch next{epoch, epoch_key(secret, keyring.origin(), epoch), {}, {}, ending.cohorts, {}};
  const std::shared_lock lock(keyring.mutex_);
  const Key& from = keyring.kek_;
  CF_TRY(auto transaction, keys.transaction());
  CF_CHECK(end_subjects(keys, keyring.buckets_, ending, next));
  CF_CHECK(end_cohorts(keys, ending));

  CF_CHECK(wrap_all(keys, from, next.kek));
  CF_TRY(auto put_bucket, keys.prepare("UPDATE bucket SET w = ? WHERE b = ?"));
  for (const auto& [b, key] : next.buckets) {
    const Bytes wrapped = crypto::wrap(next.kek, bucket_place(b), key.view());
    CF_CHECK(put_bucket.reset().bind(1, ByteView(wrapped)).bind(2, b).run());
  }
  CF_CHECK(wrap_roots(keys, keyring.origin(), from, next.kek));
  for (std::size_t i = 0; i < next.log.size(); ++i)
    if (!keyring.is_spent(keyring.log_.at(i))) next.log.at(i) = keyring.log_.at(i);
  CF_CHECK(wrap_log_keys(keys, keyring.origin(), next.log, next.kek));
  CF_CHECK(put_epoch(keys, epoch));
  CF_CHECK(transaction.commit());
  return next;
}

Status begin_incarnation(store::Database& keys, const std::string& from, const std::string& to,
                         const Key& secret, std::uint64_t epoch) {
  const Key old_kek = epoch_key(secret, from, epoch);
  const Key new_kek = epoch_key(secret, to, epoch);
  CF_TRY(auto transaction, keys.transaction());
  CF_CHECK(keys.exec("DELETE FROM job"));
  CF_CHECK(wrap_all(keys, old_kek, new_kek));
  CF_CHECK(wrap_roots_for(keys, from, old_kek, to, new_kek));
  CF_CHECK(put_log(keys, to, new_kek, crypto::SigningKey::generate()));
  return transaction.commit();
}

Status check_epoch(const std::string& path, const Key& secret, std::uint64_t epoch, const Keyring* written) {
  store::OpenOptions options;
  options.read_only = true;
  options.main_file_only = true;
  CF_TRY(auto keys, store::Database::open(path, options));
  CF_TRY(const std::uint64_t stored, stored_epoch(keys));
  if (stored != epoch) return fail(Code::Corrupt, "the new keys have not reached the disk");
  CF_TRY(auto roots, load_roots(keys, secret, epoch));
  Keyring keyring(std::move(roots));
  CF_CHECK(keyring.load(keys));
  if (written == nullptr) return demand_buckets(keys, keyring);
  if (!keyring.has_keys_of(*written)) return fail(Code::Corrupt, "the new keys have not reached the disk");
  return {};
}

}  // namespace counterfoil::ledger
