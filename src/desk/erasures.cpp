// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Erasure at a person's wish and the certificate of it (GDPR Art. 17, 12(3)). What is kept under the
// certificate's address is when it was asked and the number of the ledger's job: nothing about whom.
#include "crypto/crypto.h"
#include "desk/desk_impl.h"

namespace counterfoil::desk {
namespace {

constexpr std::string_view kKind = "erasure";
constexpr std::string_view kStatementType = "counterfoil-erasure";
constexpr std::size_t kTokenBytes = 16;

}  // namespace

Result<Erasure> DeskImpl::erase(std::string_view token) {
  CF_TRY(const auto subject, ledger_.subject_by_token(token));
  CF_TRY(const auto subjects, ledger_.joined(subject.id));
  consent::EraseBody body;
  body.by = consent::Actor::Person;
  body.scope = subjects.size() > 1 ? "joined" : "subject";
  body.via = "link";
  const Instant now = clock_.now();
  CF_TRY(const std::int64_t job, ledger_.erase(subjects, body, retention_of_proof(now), {}));
  std::string own = base64url(crypto::random_bytes(kTokenBytes));
  CF_CHECK(ledger_.put_item(kKind, own, json::Object{{"asked", now}, {"job", job}, {"scope", body.scope}}));
  return erasure(own);
}

Result<Erasure> DeskImpl::erasure(std::string_view token) const {
  CF_TRY(const auto item, ledger_.item(kKind, token));
  Erasure out;
  out.token = std::string(token);
  CF_TRY(out.asked, item.integer_at("asked"));
  CF_TRY(const auto job, item.integer_at("job"));
  CF_TRY(const auto scope, item.string_at("scope"));
  CF_TRY(out.report, ledger_.erasure(job));
  if (out.report.state != ledger::EndingReport::State::Ended) return out;
  const auto health = ledger_.health();
  json::Object statement{
      {"anchor", health.anchor_promise},
      {"asked", rfc3339(out.asked)},
      {"controller", business_.legal_name},
      {"epoch", out.report.epoch},
      {"gone", json::Array{"consent records", "identity", "keys", "links"}},
      {"keys_destroyed", rfc3339(out.report.gone_at)},
      {"lines", out.report.lines},
      {"log", health.origin},
      {"scope", scope},
      {"stays", json::Array{"copies that recipients got before", "leaf hashes", "suppression tag"}}};
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
