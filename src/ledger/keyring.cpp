// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "ledger/keyring.h"

#include "base/limits.h"
#include "crypto/crypto.h"
#include "ledger/byte_order.h"
#include "ledger/key_tree.h"

#include <algorithm>
#include <mutex>

namespace counterfoil::ledger {
namespace {

constexpr std::array<std::string_view, 2> kLogNames = {"log", "log2"};
constexpr std::string_view kFirstLog = "log/first";

Bytes number_bytes(std::uint64_t v) {
  Bytes out;
  append_be64(out, v);
  return out;
}

// Root keys are tied to their name and to the log they serve.
Bytes root_place(std::string_view name, std::string_view origin) {
  return place("cf/root/" + std::string(name), as_bytes(origin));
}

Status put_meta(store::Database& keys, std::string_view name, ByteView value) {
  CF_TRY(auto st, keys.prepare("INSERT INTO meta(name, value) VALUES(?, ?) "
                               "ON CONFLICT(name) DO UPDATE SET value = excluded.value"));
  return st.bind(1, name).bind(2, value).run();
}

Result<Bytes> get_meta(store::Database& keys, std::string_view name) {
  CF_TRY(auto st, keys.prepare("SELECT value FROM meta WHERE name = ?"));
  CF_TRY(const bool found, st.bind(1, name).step());
  if (!found) return fail(Code::NotFound, "keys.db has no " + std::string(name));
  return Bytes(st.blob(0).begin(), st.blob(0).end());
}

Status remove_meta(store::Database& keys, std::string_view name) {
  CF_TRY(auto st, keys.prepare("DELETE FROM meta WHERE name = ?"));
  return st.bind(1, name).run();
}

Result<Key> key_of(ByteView bytes) {
  if (bytes.size() != 32) return fail(Code::Corrupt, "keys.db: a key has another length");
  return Key(bytes);
}

Status put_root(store::Database& keys, const Key& kek, std::string_view origin, std::string_view name,
                const Key& key) {
  return put_meta(keys, name, crypto::wrap(kek, root_place(name, origin), key.view()));
}

Result<Key> get_root(store::Database& keys, const Key& kek, std::string_view origin, std::string_view name) {
  CF_TRY(const Bytes wrapped, get_meta(keys, name));
  CF_TRY(const SecretBytes clear, crypto::unwrap(kek, root_place(name, origin), wrapped));
  return key_of(clear.view());
}

// Once the first key opened, the anchor is the right one: a later failure is damage.
Error damaged(const Error& error) {
  if (error.code != Code::WrongKey) return error;
  return fail(Code::Corrupt, "keys.db is damaged: a wrapped key does not open");
}

Result<Key> get_further_root(store::Database& keys, const Key& kek, std::string_view origin,
                             std::string_view name) {
  auto key = get_root(keys, kek, origin, name);
  if (!key) return damaged(key.error());
  return key;
}

Result<LogPlaces> get_log_keys(store::Database& keys, const Key& kek, const std::string& origin) {
  LogPlaces out;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto scalar = get_further_root(keys, kek, origin, kLogNames.at(i));
    if (!scalar && scalar.error().code == Code::NotFound) continue;
    if (!scalar) return scalar.error();
    CF_TRY(auto key, crypto::SigningKey::from_scalar(scalar->view()));
    out.at(i) = std::make_shared<const crypto::SigningKey>(std::move(key));
  }
  if (!out.front() && !out.back()) return fail(Code::NotFound, "keys.db has no key that signs the log");
  return out;
}

}  // namespace

Bytes bucket_place(std::uint64_t b) {
  return place("cf/bucket", number_bytes(b));
}

// A cohort's key serves its class and end, whatever number the row has.
Bytes cohort_place(const Retention& retention) {
  return place("cf/cohort", place(retention.retention_class, as_bytes(retention.cohort)));
}

Bytes job_place(std::int64_t id) {
  return place("cf/job", number_bytes(static_cast<std::uint64_t>(id)));
}

Status wrap_roots(store::Database& keys, const std::string& origin, const Key& from, const Key& to) {
  return wrap_roots_for(keys, origin, from, origin, to);
}

Status wrap_roots_for(store::Database& keys, const std::string& from_origin, const Key& from,
                      const std::string& to_origin, const Key& to) {
  for (const std::string_view name : {"supp", "link", "desk", "spill"}) {
    CF_TRY(const Key key, get_further_root(keys, from, from_origin, name));
    CF_CHECK(put_root(keys, to, to_origin, name, key));
  }
  return {};
}

Status wrap_log_keys(store::Database& keys, const std::string& origin, const LogPlaces& log, const Key& to) {
  for (std::size_t i = 0; i < log.size(); ++i) {
    CF_CHECK(remove_meta(keys, kLogNames.at(i)));
    if (log.at(i)) CF_CHECK(put_root(keys, to, origin, kLogNames.at(i), log.at(i)->export_secret()));
  }
  return {};
}

Status put_log(store::Database& keys, const std::string& origin, const Key& kek, crypto::SigningKey log) {
  CF_CHECK(put_meta(keys, "origin", as_bytes(origin)));
  CF_CHECK(remove_meta(keys, kFirstLog));
  return wrap_log_keys(keys, origin, {std::make_shared<const crypto::SigningKey>(std::move(log)), nullptr},
                       kek);
}

Status put_epoch(store::Database& keys, std::uint64_t epoch) {
  return put_meta(keys, "epoch", number_bytes(epoch));
}

Result<Roots> make_roots(store::Database& keys, const std::string& origin, const Key& secret) {
  const Key kek = epoch_key(secret, origin, 0);
  CF_TRY(auto transaction, keys.transaction());
  CF_CHECK(put_meta(keys, "format", number_bytes(1)));
  CF_CHECK(put_meta(keys, "origin", as_bytes(origin)));
  CF_CHECK(put_meta(keys, "epoch", number_bytes(0)));
  CF_CHECK(put_meta(keys, "generation", number_bytes(0)));
  for (const std::string_view name : {"log", "spill"})
    CF_CHECK(put_root(keys, kek, origin, name, crypto::SigningKey::generate().export_secret()));
  for (const std::string_view name : {"supp", "link", "desk"})
    CF_CHECK(put_root(keys, kek, origin, name, crypto::random_key()));
  CF_CHECK(transaction.commit());
  return load_roots(keys, secret, 0);
}

Status make_spill_root(store::Database& keys, const Key& secret, std::uint64_t epoch, bool renew) {
  const auto there = get_meta(keys, "spill");
  if (there && !renew) return {};
  CF_TRY(const Bytes origin_bytes, get_meta(keys, "origin"));
  const std::string origin(as_text(origin_bytes));
  const Key kek = epoch_key(secret, origin, epoch);
  if (!get_root(keys, kek, origin, "supp")) return {};  // another anchor's: load_roots says so
  return put_root(keys, kek, origin, "spill", crypto::SigningKey::generate().export_secret());
}

Result<std::uint64_t> stored_epoch(store::Database& keys) {
  CF_TRY(const Bytes bytes, get_meta(keys, "epoch"));
  if (bytes.size() != 8) return fail(Code::Corrupt, "keys.db: the epoch is no number");
  return read_be64(bytes);
}

Result<Roots> load_roots(store::Database& keys, const Key& secret, std::uint64_t epoch) {
  CF_TRY(const Bytes origin_bytes, get_meta(keys, "origin"));
  const std::string origin(as_text(origin_bytes));
  Key kek = epoch_key(secret, origin, epoch);
  auto supp = get_root(keys, kek, origin, "supp");
  if (!supp && supp.error().code == Code::WrongKey)
    return fail(Code::WrongKey,
                "the key in the anchor does not open this folder; put back the anchor that belongs to it");
  if (!supp) return supp.error();
  CF_TRY(auto log, get_log_keys(keys, kek, origin));
  auto first_log = get_meta(keys, kFirstLog);
  if (!first_log) first_log = (log.front() ? log.front() : log.back())->spki();
  CF_TRY(Key link, get_further_root(keys, kek, origin, "link"));
  CF_TRY(const Key desk, get_further_root(keys, kek, origin, "desk"));
  CF_TRY(const Key spill_scalar, get_further_root(keys, kek, origin, "spill"));
  CF_TRY(auto spill, crypto::SigningKey::from_scalar(spill_scalar.view()));
  return Roots{.origin = origin,
               .kek = std::move(kek),
               .supp = *std::move(supp),
               .link = std::move(link),
               .desk_id = purpose_key(desk, "desk/id"),
               .desk_item = purpose_key(desk, "desk/item"),
               .log = std::move(log),
               .first_log = *std::move(first_log),
               .spill = std::move(spill)};
}

Keyring::Keyring(Roots roots)
    : kek_(std::move(roots.kek)),
      log_(std::move(roots.log)),
      log_keys_{proof::KeyChain({roots.origin, roots.first_log}), {}},
      roots_(std::move(roots)) {}

Status Keyring::load(store::Database& keys) {
  CF_TRY(auto buckets, keys.prepare("SELECT b, w FROM bucket"));
  while (true) {
    CF_TRY(const bool row, buckets.step());
    if (!row) break;
    const auto b = static_cast<std::uint64_t>(buckets.integer(0));
    const auto clear = crypto::unwrap(kek_, bucket_place(b), buckets.blob(1));
    if (!clear) return damaged(clear.error());
    CF_TRY(Key key, key_of(clear->view()));
    add_bucket(b, std::move(key));
  }
  CF_TRY(auto cohorts, keys.prepare("SELECT id, class, until, w FROM cohort"));
  while (true) {
    CF_TRY(const bool row, cohorts.step());
    if (!row) break;
    const Retention retention{std::string(cohorts.text(1)), std::string(cohorts.text(2))};
    const auto clear = crypto::unwrap(kek_, cohort_place(retention), cohorts.blob(3));
    if (!clear) return damaged(clear.error());
    CF_TRY(Key key, key_of(clear->view()));
    add_cohort(cohorts.integer(0), retention, std::move(key));
  }
  return {};
}

Status Keyring::put_log_key(store::Database& keys, const crypto::SigningKey& key) const {
  const std::shared_lock lock(mutex_);
  CF_CHECK(put_meta(keys, kFirstLog, roots_.first_log));
  return put_root(keys, kek_, origin(), kLogNames.at(free_log_place()), key.export_secret());
}

bool Keyring::has_keys_of(const Keyring& other) const {
  const std::shared_lock lock(mutex_);
  const std::shared_lock other_lock(other.mutex_);
  const auto same = [](const auto& a, const auto& b) {
    return a.first == b.first && equal_constant_time(a.second.view(), b.second.view());
  };
  return std::equal(buckets_.begin(), buckets_.end(), other.buckets_.begin(), other.buckets_.end(), same) &&
         std::equal(cohorts_.begin(), cohorts_.end(), other.cohorts_.begin(), other.cohorts_.end(), same);
}

std::optional<Key> Keyring::bucket(std::uint64_t b) const {
  const std::shared_lock lock(mutex_);
  const auto at = buckets_.find(b);
  if (at == buckets_.end()) return std::nullopt;
  return at->second.clone();
}

std::optional<Key> Keyring::cohort(std::int64_t id) const {
  const std::shared_lock lock(mutex_);
  const auto at = cohorts_.find(id);
  if (at == cohorts_.end()) return std::nullopt;
  return at->second.clone();
}

std::optional<std::int64_t> Keyring::cohort_id(const Retention& retention) const {
  const std::shared_lock lock(mutex_);
  const auto at = cohort_ids_.find({retention.retention_class, retention.cohort});
  if (at == cohort_ids_.end()) return std::nullopt;
  return at->second;
}

void Keyring::add_bucket(std::uint64_t b, Key key) {
  const std::unique_lock lock(mutex_);
  buckets_.insert_or_assign(b, std::move(key));
}

void Keyring::add_cohort(std::int64_t id, const Retention& retention, Key key) {
  const std::unique_lock lock(mutex_);
  cohorts_.insert_or_assign(id, std::move(key));
  cohort_ids_.insert_or_assign({retention.retention_class, retention.cohort}, id);
}

Result<Key> Keyring::subject_key(const SubjectRow& row) const {
  const auto bucket_key = bucket(row.n / kSubjectsPerBucket);
  if (!bucket_key) return fail(Code::Corrupt, "keys.db: a subject's bucket is missing");
  const auto clear = crypto::unwrap(*bucket_key, place("cf/subj", row.id.bytes), row.wrapped_key);
  if (!clear) return damaged(clear.error());
  return key_of(clear->view());
}

Bytes Keyring::wrap_bucket(std::uint64_t b, const Key& key) const {
  const std::shared_lock lock(mutex_);
  return crypto::wrap(kek_, bucket_place(b), key.view());
}

Bytes Keyring::wrap_cohort(const Retention& retention, const Key& key) const {
  const std::shared_lock lock(mutex_);
  return crypto::wrap(kek_, cohort_place(retention), key.view());
}

Bytes Keyring::wrap_job(std::int64_t id, const Key& key) const {
  const std::shared_lock lock(mutex_);
  return crypto::wrap(kek_, job_place(id), key.view());
}

Result<Key> Keyring::unwrap_job(std::int64_t id, ByteView wrapped) const {
  const std::shared_lock lock(mutex_);
  const auto clear = crypto::unwrap(kek_, job_place(id), wrapped);
  if (!clear) return damaged(clear.error());
  return key_of(clear->view());
}

std::vector<std::pair<std::int64_t, Retention>> Keyring::cohorts() const {
  const std::shared_lock lock(mutex_);
  std::vector<std::pair<std::int64_t, Retention>> out;
  for (const auto& [retention, id] : cohort_ids_) out.push_back({id, {retention.first, retention.second}});
  return out;
}

void Keyring::adopt(NextEpoch next) {
  const std::unique_lock lock(mutex_);
  kek_ = std::move(next.kek);
  for (auto& [b, key] : next.buckets) buckets_.insert_or_assign(b, std::move(key));
  for (const std::uint64_t b : next.empty_buckets) buckets_.erase(b);
  for (const std::int64_t id : next.ended_cohorts) cohorts_.erase(id);
  log_ = std::move(next.log);
  std::erase_if(cohort_ids_, [&](const auto& c) { return next.ended_cohorts.contains(c.second); });
}

Bytes Keyring::wrap_subject(const Key& bucket, const consent::SubjectId& id, const Key& key) {
  return crypto::wrap(bucket, place("cf/subj", id.bytes), key.view());
}

}  // namespace counterfoil::ledger
