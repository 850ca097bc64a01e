// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The keys that sign the log, and how one follows another. keys.db has two places for them; which keys count,
// the lines of the log say.
#include "base/limits.h"
#include "base/log.h"
#include "ledger/file_ledger.h"

#include <algorithm>

namespace counterfoil::ledger {

Status Keyring::follow(const std::string& line) {
  CF_TRY(const auto leaf, proof::decode_leaf(line));
  const std::unique_lock lock(mutex_);
  if (const auto followed = log_keys_.chain.follow(*leaf.body, leaf.seq.value); !followed)
    return fail(Code::Corrupt, "line " + std::to_string(leaf.seq.value) + " is no valid change of keys");
  if (leaf.body->string_at("state") != "add") return {};
  log_keys_.lines.push_back(line);
  log_key_added_ = leaf.t;
  return {};
}

LogKeys Keyring::log_keys() const {
  const std::shared_lock lock(mutex_);
  return log_keys_;
}

std::vector<LogKeyPtr> Keyring::signers() const {
  const std::shared_lock lock(mutex_);
  std::vector<LogKeyPtr> out;
  for (const Hash& valid : log_keys_.chain.valid())
    for (const LogKeyPtr& key : log_)
      if (key && key->public_key().spki_sha256() == valid) out.push_back(key);
  return out;
}

bool Keyring::is_spent(const LogKeyPtr& key) const {
  const auto valid = log_keys_.chain.valid();
  return key && std::find(valid.begin(), valid.end(), key->public_key().spki_sha256()) == valid.end();
}

bool Keyring::has_spent_key() const {
  const std::shared_lock lock(mutex_);
  return is_spent(log_.front()) || is_spent(log_.back());
}

bool Keyring::is_overlap_over(Instant now) const {
  if (signers().size() < 2) return false;
  const std::shared_lock lock(mutex_);
  return now - log_key_added_ >= limits::kLogKeyOverlap_s;
}

std::size_t Keyring::free_log_place() const {
  return log_.front() && !is_spent(log_.front()) ? 1 : 0;
}

void Keyring::add_log_key(LogKeyPtr key) {
  const std::unique_lock lock(mutex_);
  log_.at(free_log_place()) = std::move(key);
}

// Both keys sign the line's place; what verifiers will follow is followed here before it goes out.
Result<json::Value> Plan::key_body(const LogDraft& draft, std::uint64_t seq) const {
  const auto signers = keyring_.signers();
  const bool adds = draft.log_key != nullptr;
  if (!key_line_.empty() || signers.size() != (adds ? 1U : 2U))
    return fail(Code::Conflict, "the key before the last change still signs; change it again later");
  LogKeys keys = keyring_.log_keys();
  if (adds && keys.lines.size() >= limits::kLogKeyChanges_max)
    return fail(Code::Limit, "the log's key was changed too often; start a new log");
  const auto& key = *(adds ? draft.log_key : signers.front());
  const auto& by = *signers.back();
  const std::string statement = proof::key_statement(keyring_.origin(), key.public_key().spki_sha256(), seq);
  json::Value out = json::Object{{"by", base64url(by.public_key().spki_sha256())},
                                 {"key", base64url(key.spki())},
                                 {"sig_by", base64url(by.sign(as_bytes(statement)))},
                                 {"sig_self", base64url(key.sign(as_bytes(statement)))},
                                 {"state", adds ? "add" : "retire"}};
  if (const auto sound = keys.chain.follow(out, seq); !sound)
    return fail(Code::Crypto, "the change of keys was not signed as written");
  return out;
}

Status FileLedger::load_log_keys(Files& files) {
  CF_TRY(auto st, files.ledger.prepare("SELECT bytes FROM leaf WHERE h IS NULL AND "
                                       "instr(bytes, '\"typ\":\"sys.key\"') > 0 ORDER BY seq"));
  while (true) {
    CF_TRY(const bool row, st.step());
    if (!row) return {};
    CF_CHECK(keyring_.follow(std::string(st.text(0))));
  }
}

Result<Instant> FileLedger::change_log_key() {
  Job job;
  auto key = std::make_shared<const crypto::SigningKey>(crypto::SigningKey::generate());
  job.log_events.push_back({consent::EventType::SysKey, {}, std::move(key)});
  job.sign = true;
  CF_TRY(const auto done, writer_->run(std::move(job)));
  log::info("ledger.log_key", {{"seq", done.front().seq.value}});
  return done.front().t + limits::kLogKeyOverlap_s;
}

// A wrong clock must not shorten the time in which both sign.
Status FileLedger::retire_log_key() {
  if (!keyring_.is_overlap_over(head_.certain_now(*options_.clock))) return {};
  Job job;
  job.log_events.push_back({consent::EventType::SysKey, {}, nullptr});
  CF_CHECK(writer_->run(std::move(job)));
  return {};
}

}  // namespace counterfoil::ledger
