// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What is kept without being used: restrictions (GDPR Art. 18), and holds for a legal claim (Art. 17(3)(e)),
// by number, since a claim names a person and not a form. All submissions that name the number are held, also
// those that nobody proved: whose they are may be the very question. And what a platform says of a number.
#include "desk/desk_impl.h"
#include "desk/periods.h"
#include "phone/phone.h"

namespace counterfoil::desk {
namespace {

// Nobody lifts what a stronger hand restricted.
bool would_change(const consent::SubjectState& state, const consent::RestrictBody& body) {
  if (!state.restricted) return body.on;
  return body.on ? body.by > state.restricted->by : body.by >= state.restricted->by;
}

}  // namespace

Instant DeskImpl::certain_now() const {
  return clock_state() == ClockState::Untrusted ? 0 : clock_.now();
}

Result<std::vector<ledger::Subject>> DeskImpl::submissions_of(std::string_view number,
                                                              std::string_view region) const {
  CF_TRY(const auto address, this->address(number, region));
  CF_TRY(auto out, ledger_.submissions(address));
  if (out.empty()) return fail(Code::NotFound, "nothing here names that number");
  return out;
}

Result<std::size_t> DeskImpl::hold(std::string_view number, std::string_view region,
                                   const consent::HoldBody& body) {
  if (!consent::is_name(body.case_id.text())) return fail(Code::BadInput, "case");
  if (body.until && *body.until <= clock_.now()) return fail(Code::BadInput, "until");
  CF_TRY(const auto subjects, submissions_of(number, region));
  std::vector<consent::SubjectId> ids;
  for (const auto& subject : subjects) ids.push_back(subject.id);
  CF_CHECK(ledger_.hold(ids, body, retention_of_proof(business_, clock_.now())));
  return ids.size();
}

Result<std::size_t> DeskImpl::clear_hold(std::string_view number, std::string_view region,
                                         const consent::HoldClearBody& body) {
  CF_TRY(const auto subjects, submissions_of(number, region));
  std::vector<consent::SubjectId> ids;
  for (const auto& subject : subjects)
    if (subject.state.holds.contains(body.case_id)) ids.push_back(subject.id);
  if (ids.empty()) return fail(Code::NotFound, "that case holds nothing of that number");
  CF_CHECK(ledger_.clear_hold(ids, body, retention_of_proof(business_, clock_.now())));
  return ids.size();
}

Result<std::size_t> DeskImpl::restrict_number(std::string_view number, std::string_view region,
                                              const consent::RestrictBody& body) {
  if (!consent::encode_body(body)) return fail(Code::BadInput, "reason");
  CF_TRY(const auto subjects, submissions_of(number, region));
  std::vector<consent::SubjectId> ids;
  for (const auto& subject : subjects)
    if (would_change(subject.state, body)) ids.push_back(subject.id);
  if (ids.empty()) return fail(Code::NotFound, "that would change nothing");
  CF_CHECK(ledger_.restrict(ids, body, retention_of_proof(business_, clock_.now())));
  return ids.size();
}

Result<std::size_t> DeskImpl::native(std::string_view number, std::string_view region,
                                     consent::NativeBody body) {
  CF_TRY(body.sender, sender_of(body.channel, body.sender));
  const Instant now = clock_.now();
  if (body.at > now) return fail(Code::BadInput, "at");
  CF_TRY(const auto address, this->address(number, region));
  CF_TRY(const auto subjects, ledger_.submissions(address));
  std::vector<consent::SubjectId> ids;
  for (const auto& subject : subjects)
    if (subject.state.native_stops.contains({body.channel, body.sender}) != body.stop)
      ids.push_back(subject.id);
  if (!ids.empty()) CF_CHECK(ledger_.native(ids, body, retention_of_proof(business_, now)));
  return ids.size();
}

Result<Submission> DeskImpl::restrict(std::string_view token, bool on) {
  CF_TRY(const auto subject, ledger_.subject_by_token(token));
  consent::RestrictBody body;
  body.by = consent::Actor::Person;
  body.on = on;
  body.reason = "wish";
  if (would_change(subject.state, body))
    CF_CHECK(ledger_.restrict({subject.id}, body, retention_of_proof(business_, clock_.now())));
  return submission(token);
}

Result<std::vector<KeptSubmission>> DeskImpl::kept() const {
  CF_TRY(const auto subjects, ledger_.kept());
  std::vector<KeptSubmission> out;
  for (const auto& subject : subjects) {
    KeptSubmission kept;
    const auto& state = subject.state;
    if (!state.addresses.empty()) kept.masked_number = phone::show(state.addresses.front().value).masked;
    for (const auto& [case_id, until] : state.holds)
      if (until.value_or(consent::kForever) > certain_now()) kept.holds.emplace(case_id, until);
    kept.restricted = state.restricted;
    kept.erase_asked = state.erase_asked;
    if (!kept.holds.empty() || kept.restricted) out.push_back(std::move(kept));
  }
  return out;
}

}  // namespace counterfoil::desk
