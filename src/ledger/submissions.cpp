// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What is written about people and about the log: prepared here in the caller's thread, made durable by the
// writer.
#include "base/limits.h"
#include "base/log.h"
#include "crypto/crypto.h"
#include "ledger/file_ledger.h"
#include "ledger/key_tree.h"

#include <algorithm>
#include <set>

namespace counterfoil::ledger {
namespace {

constexpr std::size_t kTokenBytes = 16;
constexpr std::uint32_t kCodes = 1'000'000;

consent::SubjectId random_subject() {
  consent::SubjectId out;
  crypto::random(out.bytes);
  return out;
}

// Six digits, each as likely as the other: the few values beyond the last whole million are drawn again.
std::string random_code() {
  constexpr std::uint32_t kFair = 0xffffffffU / kCodes * kCodes;
  std::uint32_t value = 0;
  do {
    std::array<std::uint8_t, 4> raw{};
    crypto::random(raw);
    value = static_cast<std::uint32_t>(raw[0]) << 24 | static_cast<std::uint32_t>(raw[1]) << 16 |
            static_cast<std::uint32_t>(raw[2]) << 8 | raw[3];
  } while (value >= kFair);
  std::string digits = std::to_string(value % kCodes);
  return std::string(6 - digits.size(), '0') + digits;
}

}  // namespace

Result<bool> FileLedger::code_is_dead(std::string_view code) {
  for (const Ordinal n : memory_.index.by_code(code)) {
    CF_TRY(auto reader, readers_.lease());
    auto row = reader->subject(n);
    if (!row) return row.error();
    CF_TRY(const auto found, open_row(*std::move(row)));
    if (options_.clock->now() < found.card.code_ends) return false;
    memory_.index.remove_code(code, n);
  }
  return true;
}

Result<std::string> FileLedger::reserve_code() {
  CF_CHECK(wait_ready(limits::kIndexWait_ms));
  for (unsigned i = 0; i < limits::kCodeTriesMax; ++i) {
    std::string code = random_code();
    CF_TRY(const bool free, code_is_dead(code));
    if (free && memory_.index.reserve_code(code)) return code;
  }
  return fail(Code::Limit, "too many codes are open");
}

Result<Opened> FileLedger::open_subject(const consent::Identity& identity, const consent::EventBody& body,
                                        const Retention& retention, bool with_code) {
  if (identity.addresses.empty()) return fail(Code::BadInput, "a submission needs an address");
  CF_TRY(const std::string identity_text, consent::encode_identity(identity));
  const consent::SubjectId id = random_subject();
  Key key = crypto::random_key();
  CF_TRY(auto draft, draft_event(id, 0, key, identity_text, body, retention));

  Opened out;
  out.subject = id;
  out.token = base64url(crypto::random_bytes(kTokenBytes));
  Card card{.identity = identity, .code = {}, .code_ends = 0};
  if (with_code) {
    CF_TRY(card.code, reserve_code());
    card.code_ends = options_.clock->now() + limits::kCodeLife_s;
  }
  out.code = card.code;
  auto sealed = seal_card(key, id, card);
  if (!sealed) {
    memory_.index.release_code(card.code);
    return sealed.error();
  }
  Job job;
  job.subjects.push_back({id, std::move(key), *std::move(sealed), link_hash(keyring_.roots().link, out.token),
                          identity.addresses, card.code});
  job.events.push_back(std::move(draft));
  if (std::holds_alternative<consent::StopBody>(body)) {
    for (const auto& address : identity.addresses)
      job.tags.push_back(suppression_tag(keyring_.roots().supp, address));
  }
  // The writer gives the code back when the job fails.
  CF_TRY(const auto committed, writer_->run(std::move(job)));
  out.event = committed.front();
  return out;
}

Result<Committed> FileLedger::append_to(const consent::SubjectId& subject, const consent::EventBody& body,
                                        const Retention& retention, const consent::Evidence* raised) {
  Job job;
  std::string code;
  std::uint64_t n = 0;
  {
    CF_TRY(auto reader, readers_.lease());
    CF_TRY(auto row, reader->subject(subject));
    CF_TRY(const auto found, open_row(std::move(row)));
    CF_TRY(const auto state, fold(*reader, found.key));
    consent::Identity identity{state.addresses, state.language};
    if (identity.addresses.empty()) identity = found.card.identity;
    for (auto& address : identity.addresses) {
      if (raised != nullptr) address.proof = std::max(address.proof, *raised);
    }
    CF_TRY(const std::string text, consent::encode_identity(identity));
    CF_TRY(auto draft, draft_event(subject, found.row.n, found.key, text, body, retention));
    job.events.push_back(std::move(draft));
    if (std::holds_alternative<consent::StopBody>(body)) {
      for (const auto& address : identity.addresses)
        job.tags.push_back(suppression_tag(keyring_.roots().supp, address));
    }
    code = found.card.code;
    n = found.row.n;
  }
  CF_TRY(const auto committed, writer_->run(std::move(job)));
  if (raised != nullptr && !code.empty()) memory_.index.remove_code(code, static_cast<Ordinal>(n));
  return committed.front();
}

Result<Committed> FileLedger::append(const consent::SubjectId& subject, const consent::EventBody& body,
                                     const Retention& retention) {
  return append_to(subject, body, retention, nullptr);
}

Result<Committed> FileLedger::confirm(const consent::SubjectId& subject, const consent::ConfirmBody& body,
                                      const Retention& retention) {
  return append_to(subject, body, retention, &body.evidence);
}

Result<std::vector<PersonDraft>> FileLedger::drafts_of_stop(const std::vector<consent::Address>& addresses,
                                                            const consent::StopBody& body,
                                                            const Retention& retention) {
  std::set<Ordinal> candidates;
  for (const auto& address : addresses) {
    for (const Ordinal n : memory_.index.by_address(address)) candidates.insert(n);
  }
  std::vector<PersonDraft> out;
  CF_TRY(auto reader, readers_.lease());
  for (const Ordinal n : candidates) {
    auto row = reader->subject(n);
    if (!row && row.error().code == Code::NotFound) continue;
    if (!row) return row.error();
    const auto found = open_row(*std::move(row));
    if (!found) continue;  // damaged: it never allows anything, and the tag stops it as well
    CF_TRY(const auto state, fold(*reader, found->key));
    consent::Identity named{{}, state.language};
    for (const auto& address : state.addresses) {
      const bool meant = std::any_of(addresses.begin(), addresses.end(),
                                     [&](const consent::Address& a) { return a.same_place(address); });
      if (meant) named.addresses.push_back(address);
    }
    const bool already = state.stop && state.stop->by >= body.by;
    if (named.addresses.empty() || already) continue;
    CF_TRY(const auto text, consent::encode_identity(named));
    CF_TRY(auto draft, draft_event(found->row.id, n, found->key, text, body, retention));
    out.push_back(std::move(draft));
  }
  return out;
}

Status FileLedger::add_nameless(Job& job, const consent::StopBody& body, const Retention& retention) {
  const consent::SubjectId id = random_subject();
  Key key = crypto::random_key();
  CF_TRY(const std::string nobody, consent::encode_identity({}));
  CF_TRY(auto draft, draft_event(id, 0, key, nobody, body, retention));
  CF_TRY(auto card, seal_card(key, id, {}));
  job.subjects.push_back({id, std::move(key), std::move(card), std::nullopt, {}, {}});
  job.events.push_back(std::move(draft));
  return {};
}

Result<Committed> FileLedger::stop_now(const std::vector<consent::Address>& addresses,
                                       const consent::StopBody& body, const Retention& retention) {
  if (addresses.empty() || addresses.size() > limits::kAddressesPerSubjectMax)
    return fail(Code::BadInput, "a stop names one address or a few");
  std::vector<Handle> tags;
  for (const auto& address : addresses) tags.push_back(suppression_tag(keyring_.roots().supp, address));
  CF_TRY(const auto pass, stop_gate_.enter(tags, limits::kCommitDeadline_ms));
  Job job;
  CF_TRY(job.events, drafts_of_stop(addresses, body, retention));
  const bool known = std::all_of(tags.begin(), tags.end(),
                                 [this](const Handle& tag) { return memory_.suppressions.has(tag); });
  if (!known || !job.events.empty()) job.tags = tags;
  if (!known && job.events.empty()) CF_CHECK(add_nameless(job, body, retention));
  CF_TRY(const auto committed, writer_->run(std::move(job)));
  if (!committed.empty()) return committed.front();
  return Committed{consent::Seq{0}, options_.clock->now(), clock_state()};
}

Result<Committed> FileLedger::stop(const std::vector<consent::Address>& addresses,
                                   const consent::StopBody& body, const Retention& retention) {
  const bool early = !wait_built(Built::Addresses, 0);
  CF_TRY(const Committed committed, stop_now(addresses, body, retention));
  if (early) {
    remember_early_stop({addresses, body, retention});
    if (wait_built(Built::Addresses, 0)) write_early_stops();
  }
  return committed;
}

void FileLedger::remember_early_stop(EarlyStop stop) {
  const std::lock_guard lock(early_mutex_);
  if (early_stops_.size() < limits::kWriterQueueMax) early_stops_.push_back(std::move(stop));
}

// Recipients have no tags: for them a stop is the event in the chain of each submission that names the
// address.
void FileLedger::write_early_stops() {
  std::vector<EarlyStop> stops;
  {
    const std::lock_guard lock(early_mutex_);
    stops.swap(early_stops_);
  }
  for (const EarlyStop& early : stops) {
    const auto written = stop_now(early.addresses, early.body, early.retention);
    if (!written) log::error("ledger.early_stop", {{"error", written.error().message()}});
  }
}

Result<Committed> FileLedger::record(consent::EventType type, const json::Value& body) {
  if (consent::is_person_event(type)) return fail(Code::BadInput, "an event about a person needs a subject");
  Job job;
  job.log_events.push_back({type, body});
  CF_TRY(const auto committed, writer_->run(std::move(job)));
  return committed.front();
}

}  // namespace counterfoil::ledger
