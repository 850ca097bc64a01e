// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What is written about people (stops apart: stops.cpp) and about the log: prepared here in the caller's
// thread, made durable by the writer.
#include "base/limits.h"
#include "crypto/crypto.h"
#include "ledger/file_ledger.h"
#include "ledger/key_tree.h"

#include <algorithm>

namespace counterfoil::ledger {
namespace {

constexpr std::size_t kTokenBytes = 16;
constexpr std::uint32_t kCodes = 1'000'000;

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

// The writer gives the code back when the job fails.
Result<Opened> FileLedger::draft_subject(const Opening& opening, bool with_code, Job& job) {
  const consent::Identity& identity = opening.identity;
  if (identity.addresses.empty()) return fail(Code::BadInput, "a submission needs an address");
  const consent::SubjectId id = new_subject_id();
  Key key = crypto::random_key();
  CF_TRY(auto draft, draft_event(id, 0, key, identity, opening.grant, opening.retention));

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
  job.subjects.push_back({id, std::move(key), *std::move(sealed), link_hash(keyring_.roots().link, out.token),
                          identity.addresses, card.code});
  job.events.push_back(std::move(draft));
  return out;
}

Result<Opened> FileLedger::open_subject(const consent::Identity& identity, const consent::GrantBody& body,
                                        const Retention& retention, bool with_code) {
  Job job;
  CF_TRY(auto out, draft_subject({identity, body, retention}, with_code, job));
  CF_TRY(const auto committed, writer_->run(std::move(job)));
  out.event = committed.front();
  follow_earlier_stop(identity.addresses);
  return out;
}

Result<std::vector<Opened>> FileLedger::open_subjects(const std::vector<Opening>& openings) {
  if (openings.size() > limits::kOpenedTogetherMax) return fail(Code::Limit, "too many submissions at once");
  std::vector<Opened> out;
  if (openings.empty()) return out;
  Job job;
  for (const Opening& opening : openings) {
    CF_TRY(auto opened, draft_subject(opening, false, job));
    out.push_back(std::move(opened));
  }
  CF_TRY(const auto committed, writer_->run(std::move(job)));
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i].event = committed[i];
    follow_earlier_stop(openings[i].identity.addresses);
  }
  return out;
}

Result<Committed> FileLedger::append_to(const consent::SubjectId& subject, const consent::EventBody& body,
                                        const Retention& retention, const consent::Evidence* raised) {
  Job job;
  std::string code;
  std::uint64_t n = 0;
  {
    CF_TRY(auto reader, readers_.lease());
    CF_TRY(auto known, know(*reader, subject));
    for (auto& address : known.identity.addresses) {
      if (raised != nullptr) address.proof = std::max(address.proof, *raised);
    }
    CF_TRY(auto draft, next_event(known, body, retention));
    job.events.push_back(std::move(draft));
    code = known.found.card.code;
    n = known.found.row.n;
  }
  CF_TRY(const auto committed, writer_->run(std::move(job)));
  if (raised != nullptr && !code.empty()) memory_.index.remove_code(code, static_cast<Ordinal>(n));
  return committed.front();
}

Result<Committed> FileLedger::withdraw(const consent::SubjectId& subject, const consent::WithdrawBody& body,
                                       const Retention& retention) {
  return append_to(subject, body, retention, nullptr);
}

Result<Committed> FileLedger::sent(const consent::SubjectId& subject, const consent::SentBody& body,
                                   const Retention& retention) {
  return append_to(subject, body, retention, nullptr);
}

Result<Committed> FileLedger::inbound(const consent::SubjectId& subject, const consent::InboundBody& body,
                                      const Retention& retention) {
  return append_to(subject, body, retention, nullptr);
}

Result<Committed> FileLedger::native(const std::vector<consent::SubjectId>& subjects,
                                     const consent::NativeBody& body, const Retention& retention) {
  if (subjects.empty()) return fail(Code::NotFound, "no such submission");
  if (subjects.size() > limits::kErasureSubjectsMax) return fail(Code::Limit, "too many submissions at once");
  Job job;
  {
    CF_TRY(auto reader, readers_.lease());
    for (const auto& id : subjects) {
      CF_TRY(const auto known, know(*reader, id));
      CF_TRY(auto draft, next_event(known, body, retention));
      job.events.push_back(std::move(draft));
    }
  }
  CF_TRY(const auto committed, writer_->run(std::move(job)));
  return committed.front();
}

Result<Committed> FileLedger::confirm(const consent::SubjectId& subject, const consent::ConfirmBody& body,
                                      const Retention& retention) {
  return append_to(subject, body, retention, &body.evidence);
}

Result<Committed> FileLedger::record(consent::EventType type, const json::Value& body) {
  if (consent::is_person_event(type)) return fail(Code::BadInput, "an event about a person needs a subject");
  Job job;
  job.log_events.push_back({type, body});
  CF_TRY(const auto committed, writer_->run(std::move(job)));
  return committed.front();
}

}  // namespace counterfoil::ledger
