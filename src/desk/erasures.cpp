// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Erasure at a person's wish and the certificate of it (GDPR Art. 17, 12(3)). What is kept under the
// certificate's address is when it was asked and the number of the ledger's job: nothing about whom.
#include "base/limits.h"
#include "crypto/crypto.h"
#include "desk/desk_impl.h"
#include "desk/periods.h"

#include <algorithm>

namespace counterfoil::desk {
namespace {

constexpr std::string_view kKind = "erasure";
constexpr std::string_view kStatementType = "counterfoil-erasure";
constexpr std::size_t kTokenBytes = 16;

// Another address of it is proven, and this one is not.
bool is_somebody_elses(const consent::SubjectState& state, const consent::Address& address) {
  return state.proof_of(address) == consent::Evidence::Claimed &&
         std::any_of(state.addresses.begin(), state.addresses.end(),
                     [](const consent::Address& a) { return a.proof > consent::Evidence::Claimed; });
}

// The names of recipients that have a notice of one of these jobs and have not acknowledged it.
Result<std::vector<std::string>> waited_for(const ledger::Ledger& ledger, const consent::Business& business,
                                            const std::vector<std::int64_t>& jobs) {
  CF_TRY(const auto notices, ledger.items(ledger::kNoticeKind));
  std::set<std::string> out;
  for (const auto& notice : notices) {
    CF_TRY(const auto job, notice.integer_at("job"));
    CF_TRY(const auto id, notice.string_at("recipient"));
    if (std::find(jobs.begin(), jobs.end(), job) == jobs.end()) continue;
    const auto known = std::find_if(business.recipients.begin(), business.recipients.end(),
                                    [&](const auto& recipient) { return recipient.id.text() == id; });
    out.insert(known == business.recipients.end() ? id : known->name);
  }
  return std::vector<std::string>(out.begin(), out.end());
}

// An erasure is as far as the last of its jobs.
ledger::EndingReport together(const std::vector<ledger::EndingReport>& reports) {
  ledger::EndingReport out = reports.front();
  for (std::size_t i = 1; i < reports.size(); ++i) {
    const auto& next = reports[i];
    out.state = std::min(out.state, next.state);
    out.held = out.held || next.held;
    out.epoch = std::max(out.epoch, next.epoch);
    out.lines += next.lines;
    out.gone_at = std::max(out.gone_at, next.gone_at);
    if (!next.tombstone || !out.tombstone) {
      out.tombstone.reset();
    } else {
      out.tombstone = std::max(*out.tombstone, *next.tombstone);
    }
  }
  return out;
}

}  // namespace

Result<Erasure> DeskImpl::erase(std::string_view token) {
  CF_TRY(const auto own, ledger_.subject_by_token(token));
  CF_TRY(const auto ids, ledger_.joined(own.id));
  std::vector<ledger::Subject> subjects;
  for (const auto& id : ids) {
    CF_TRY(auto subject, ledger_.subject(id));
    subjects.push_back(std::move(subject));
  }
  consent::EraseBody body;
  body.by = consent::Actor::Person;
  body.scope = subjects.size() > 1 ? "joined" : "subject";
  body.via = "link";
  return end(subjects, body);
}

Result<Erasure> DeskImpl::erase_number(std::string_view number, std::string_view region,
                                       std::string_view reason, const User& by) {
  if (by.role != Role::Manager) return fail(Code::Refused, "a manager erases at the till");
  if (!consent::is_name(reason)) return fail(Code::BadInput, "reason");
  CF_TRY(auto subjects, submissions_of(number, region));
  CF_TRY(const auto address, this->address(number, region));
  std::erase_if(subjects, [&](const auto& subject) { return is_somebody_elses(subject.state, address); });
  if (subjects.empty()) return fail(Code::NotFound, "nothing here names that number");
  consent::EraseBody body;
  body.by = consent::Actor::Manager;
  body.scope = subjects.size() > 1 ? "joined" : "subject";
  body.via = "till";
  // Before it is done: whoever can erase anybody by number is accounted for.
  json::Object facts{{"reason", reason}};
  if (!by.id.empty()) facts.emplace("user", by.id.text());
  CF_CHECK(note_change("person.erase", std::move(facts)));
  return end(subjects, body);
}

Result<std::vector<consent::RecipientId>> DeskImpl::recipients_with_handles() const {
  CF_TRY(const auto all, peers());
  std::set<consent::RecipientId> out;
  for (const auto& peer : all) {
    const LogView view(business_, peer.recipient, ledger_);
    if (view.shows_consent() || view.shows_identity()) out.insert(peer.recipient);
  }
  return std::vector<consent::RecipientId>(out.begin(), out.end());
}

Result<OpenNotices> DeskImpl::open_notices() const {
  CF_TRY(const auto notices, ledger_.items(ledger::kNoticeKind));
  OpenNotices out;
  out.open = notices.size();
  for (const auto& notice : notices) {
    CF_TRY(const Instant gone, notice.integer_at("gone"));
    if (gone < clock_.now() - limits::kNoticeOverdue_days * kDay_s) ++out.overdue;
  }
  return out;
}

// What is held waits; the rest need not wait for it. The held come first: should the second half fail, the
// link still leads to what is left.
Result<Erasure> DeskImpl::end(const std::vector<ledger::Subject>& subjects, const consent::EraseBody& body) {
  std::vector<consent::SubjectId> held;
  std::vector<consent::SubjectId> free;
  for (const auto& subject : subjects)
    (subject.state.held_until() > certain_now() ? held : free).push_back(subject.id);
  CF_TRY(const auto recipients, recipients_with_handles());
  const Instant now = clock_.now();
  json::Object item{{"asked", now}, {"by", consent::actor_name(body.by)}, {"scope", body.scope}};
  if (!held.empty()) {
    CF_TRY(const auto job, ledger_.erase(held, body, retention_of_proof(business_, now), recipients));
    item.emplace("held_job", job);
  }
  if (!free.empty()) {
    CF_TRY(const auto job, ledger_.erase(free, body, retention_of_proof(business_, now), recipients));
    item.emplace("job", job);
  }
  const std::string own = base64url(crypto::random_bytes(kTokenBytes));
  CF_CHECK(ledger_.put_item(kKind, own, std::move(item)));
  return erasure(own);
}

Result<Erasure> DeskImpl::erasure(std::string_view token) const {
  CF_TRY(const auto item, ledger_.item(kKind, token));
  Erasure out;
  out.token = std::string(token);
  CF_TRY(out.asked, item.integer_at("asked"));
  CF_TRY(const auto scope, item.string_at("scope"));
  std::vector<ledger::EndingReport> reports;
  std::vector<std::int64_t> jobs;
  for (const std::string_view job : {"job", "held_job"}) {
    if (item.find(job) == nullptr) continue;
    CF_TRY(const auto id, item.integer_at(job));
    CF_TRY(auto report, ledger_.erasure(id));
    reports.push_back(std::move(report));
    jobs.push_back(id);
  }
  if (reports.empty()) return fail(Code::Corrupt, "an erasure names no job");
  out.report = together(reports);
  if (out.report.state != ledger::EndingReport::State::Ended) return out;
  CF_TRY(out.unacknowledged, waited_for(ledger_, business_, jobs));
  json::Array waited;
  for (const auto& name : out.unacknowledged) waited.emplace_back(name);
  const auto health = ledger_.health();
  json::Object statement{
      {"anchor", health.anchor_promise},
      {"asked", rfc3339(out.asked)},
      {"asked_by", item.string_at("by").value_or("person")},
      {"controller", business_.legal_name},
      {"epoch", out.report.epoch},
      {"gone", json::Array{"consent records", "identity", "keys", "links"}},
      {"keys_destroyed", rfc3339(out.report.gone_at)},
      {"lines", out.report.lines},
      {"log", health.origin},
      {"scope", scope},
      {"stays", json::Array{"copies that recipients got before", "leaf hashes", "suppression tag"}},
      {"unacknowledged", std::move(waited)}};
  if (out.report.tombstone) statement.emplace("tombstone", *out.report.tombstone);
  out.statement = json::Value(std::move(statement));
  return out;
}

Result<std::string> DeskImpl::certificate(const Erasure& erasure) const {
  if (erasure.report.state != ledger::EndingReport::State::Ended)
    return fail(Code::NotReady, "the keys are still there");
  return ledger_.sign(kStatementType, erasure.statement);
}

}  // namespace counterfoil::desk
