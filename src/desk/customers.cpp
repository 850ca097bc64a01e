// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What a customer can do: say yes, see, change, take back, stop.
#include "base/limits.h"
#include "desk/desk_impl.h"
#include "desk/periods.h"
#include "phone/phone.h"

#include <algorithm>

namespace counterfoil::desk {
namespace {

using consent::State;

// The names the form may carry, sorted and unique, or nothing when one of them is not offered.
template <class T>
std::optional<std::vector<T>> among(std::vector<T> chosen, const std::vector<T>& offered) {
  std::sort(chosen.begin(), chosen.end());
  chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
  for (const T& one : chosen)
    if (std::find(offered.begin(), offered.end(), one) == offered.end()) return std::nullopt;
  return chosen;
}

consent::Evidence strongest(const consent::SubjectState& state) {
  auto out = consent::Evidence::Claimed;
  for (const auto& address : state.addresses) out = std::max(out, address.proof);
  return out;
}

const std::optional<consent::StopState>& visible_stop(const consent::SubjectState& state) {
  return link_knows_all(state) ? state.stop : state.link_stop;
}

// Neither stopped nor taken back, as far as the link may know.
bool is_live(const consent::SubjectState& state, const consent::PairState& fact) {
  if (visible_stop(state)) return false;
  if (!link_knows_all(state)) return !fact.taken_back_here;
  return !fact.taken_back && (state.stop.has_value() || fact.state != State::ConsentWithdrawn);
}

}  // namespace

bool link_knows_all(const consent::SubjectState& state) {
  return strongest(state) > consent::Evidence::Claimed;
}

Result<std::string> DeskImpl::canonical_number(std::string_view number, std::string_view region) const {
  return phone::canonical(number, region.empty() ? std::string_view(business_.jurisdiction) : region);
}

Result<Submission> DeskImpl::opt_in(const OptInRequest& request) {
  CF_TRY(const OptInForm form, opt_in_form(request.link, request.language));
  auto channels = among(form.channels.size() == 1 ? form.channels : request.channels, form.channels);
  auto topics = among(request.topics, form.topics);
  auto number = canonical_number(request.number, request.region);
  std::string wrong;
  if (!channels || channels->empty()) wrong += " no_channel";
  if (!topics || topics->empty()) wrong += " no_topic";
  if (!number) wrong += " number";
  if (!request.age_affirmed) wrong += " age";
  if (!wrong.empty()) return fail(Code::BadInput, wrong.substr(1));
  if (!equal_constant_time(request.notice, form.notice.ref.sha256)) return fail(Code::Conflict, "notice");

  consent::Identity identity;
  identity.addresses = {{consent::AddressKind::Phone, *number, consent::Evidence::Claimed}};
  identity.language = form.notice.ref.language;
  consent::GrantBody grant;
  grant.channels = *std::move(channels);
  grant.topics = *std::move(topics);
  grant.notice = form.notice.ref;
  grant.method = form.link.kiosk && request.corrects.empty() ? "kiosk" : "form";
  grant.link = form.link.id;
  grant.place = form.link.shop;
  grant.age_affirmed = true;
  grant.minimum_age = business_.minimum_age;
  grant.promise = business_.promise;
  const Instant now = clock_.now();
  const auto* kept = class_of_yes(business_, form.topics, now);
  if (kept == nullptr) return fail(Code::Internal, "a topic has no retention class");
  grant.ends = end_of(*kept, now);
  const bool with_code = business_.minimum_evidence > consent::Evidence::Claimed;
  const auto retention = retention_of_yes(business_, form.topics, now);
  // First the no, then the yes: a power cut between them must not leave both numbers allowed.
  if (!request.corrects.empty()) CF_CHECK(end_corrected(request.corrects, *number));
  CF_TRY(const auto opened, ledger_.open_subject(identity, grant, retention, with_code));
  return submission(opened.token);
}

Status DeskImpl::end_corrected(const std::string& token, const std::string& number) {
  CF_TRY(const auto subject, ledger_.subject_by_token(token));
  const auto& addresses = subject.state.addresses;
  const bool is_same = std::any_of(addresses.begin(), addresses.end(),
                                   [&](const consent::Address& known) { return known.value == number; });
  // Whoever mistyped a number must not stop its owner; and it ends in any case, or an address with a masked
  // number on it would tell who guesses that number.
  const auto ended = link_knows_all(subject.state) && !is_same ? stop_all(token) : undo(token);
  return ended ? Status() : Status(ended.error());
}

Submission DeskImpl::view_of(std::string_view token, const ledger::Subject& subject) const {
  Submission out;
  const auto& state = subject.state;
  out.token = std::string(token);
  out.language = state.language;
  if (!state.addresses.empty()) out.masked_number = phone::show(state.addresses.front().value).masked;
  out.evidence = strongest(state);
  const bool proven = out.evidence >= business_.minimum_evidence;
  const Instant now = clock_.now();
  const auto& stop = visible_stop(state);
  for (const auto& [pair, fact] : state.pairs) {
    if (out.given == 0 || fact.given < out.given) {
      out.given = fact.given;
      out.seq = fact.grant;
      out.link = fact.link;
      out.place = fact.place;
    }
    out.ends = std::max(out.ends, fact.ends);
    State shown = State::ConsentWithdrawn;
    if (is_live(state, fact)) {
      shown = proven ? State::ConsentGiven : State::ConsentRequested;
      if (now >= fact.ends) shown = State::ConsentExpired;
    }
    out.choices.push_back({pair.first, pair.second, shown});
  }
  out.stopped = stop.has_value();
  if (stop) out.stopped_at = stop->at;
  // A manager's restriction of an unproved number is as little told as a stop by number.
  out.restricted = state.restricted && (out.evidence > consent::Evidence::Claimed ||
                                        state.restricted->by == consent::Actor::Person);
  if (link_knows_all(state)) {
    out.look_ups = state.look_ups;
    out.looked_up = state.looked_up;
    out.messages = state.sent.size();
    for (const auto& message : state.sent) out.written = std::max(out.written, message.what.at);
  }
  if (!proven && !out.stopped && subject.code_ends > now) {
    out.code = subject.code;
    out.code_ends = subject.code_ends;
  }
  // The submission as a whole is what is best among its choices.
  out.state = State::ConsentWithdrawn;
  for (auto wanted : {State::ConsentExpired, State::ConsentRequested, State::ConsentGiven})
    for (const auto& choice : out.choices)
      if (choice.state == wanted) out.state = wanted;
  return out;
}

Result<Submission> DeskImpl::submission(std::string_view token) const {
  CF_TRY(const auto subject, ledger_.subject_by_token(token));
  return view_of(token, subject);
}

Result<Submission> DeskImpl::withdraw(std::string_view token, const std::vector<consent::TopicId>& kept,
                                      std::string_view via) {
  CF_TRY(const auto subject, ledger_.subject_by_token(token));
  consent::WithdrawBody body;
  body.by = consent::Actor::Person;
  body.via = std::string(via);
  for (const auto& [pair, fact] : subject.state.pairs) {
    const bool keeps = std::find(kept.begin(), kept.end(), pair.second) != kept.end();
    if (!keeps && is_live(subject.state, fact)) body.topics.push_back(pair.second);
  }
  std::sort(body.topics.begin(), body.topics.end());
  body.topics.erase(std::unique(body.topics.begin(), body.topics.end()), body.topics.end());
  if (!body.topics.empty())
    CF_CHECK(ledger_.withdraw(subject.id, body, retention_of_proof(business_, clock_.now())));
  return submission(token);
}

Result<Submission> DeskImpl::keep(std::string_view token, const std::vector<consent::TopicId>& topics) {
  return withdraw(token, topics, "link");
}

Result<Submission> DeskImpl::undo(std::string_view token) {
  return withdraw(token, {}, "receipt");
}

Result<Submission> DeskImpl::stop_all(std::string_view token) {
  CF_TRY(const auto subject, ledger_.subject_by_token(token));
  consent::StopBody body;
  body.by = consent::Actor::Person;
  body.via = "link";
  CF_CHECK(ledger_.stop_subject(subject.id, body, retention_of_proof(business_, clock_.now())));
  return submission(token);
}

Result<Instant> DeskImpl::stop_by_number(std::string_view number, std::string_view region,
                                         const consent::StopBody& by) {
  CF_TRY(const auto address, this->address(number, region));
  CF_TRY(const auto committed, ledger_.stop({address}, by, retention_of_proof(business_, clock_.now())));
  return committed.t;
}

}  // namespace counterfoil::desk
