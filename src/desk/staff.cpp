// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What staff can ask: may I message this number, and is this code a customer's?
#include "desk/desk_impl.h"
#include "desk/periods.h"
#include "phone/phone.h"

#include <algorithm>

namespace counterfoil::desk {

std::string_view role_name(Role r) {
  switch (r) {
    case Role::Staff:
      return "staff";
    case Role::Manager:
      return "manager";
    case Role::Auditor:
      return "auditor";
  }
  return "staff";
}

std::optional<Role> role_from_name(std::string_view name) {
  for (Role r : {Role::Staff, Role::Manager, Role::Auditor})
    if (role_name(r) == name) return r;
  return std::nullopt;
}

namespace {

void put_latest_grant(CheckRow& row, const consent::PersonState& person) {
  for (const auto& subject : person.subjects) {
    const auto pair = subject.pairs.find({row.channel, row.topic});
    if (pair == subject.pairs.end() || pair->second.given < row.given) continue;
    row.given = pair->second.given;
    row.ends = pair->second.ends;
  }
}

std::optional<consent::SentBody> last_sent_to(const consent::PersonState& person) {
  std::optional<consent::SentBody> out;
  for (const auto& subject : person.subjects)
    for (const auto& message : subject.sent)
      if (message.what.category != consent::Category::ServiceReply && (!out || out->at <= message.what.at))
        out = message.what;
  return out;
}

/// Where a message belongs: to the submission whose yes allows it.
const ledger::Subject* chain_of(const std::vector<ledger::Subject>& subjects, const consent::Pair& pair,
                                const decide::Decision& decision) {
  for (const ledger::Subject& subject : subjects) {
    const auto found = subject.state.pairs.find(pair);
    if (found == subject.state.pairs.end()) continue;
    const auto& evidence = decision.evidence;
    if (std::find(evidence.begin(), evidence.end(), found->second.grant) != evidence.end()) return &subject;
  }
  return nullptr;
}

decide::Question question_about(const consent::Address& address, consent::Channel channel,
                                const consent::Topic& topic, const decide::Whereabouts& where) {
  decide::Question out;
  out.address = address;
  out.channel = channel;
  out.topic = topic.id;
  out.category = topic.category;
  out.where = where;
  return out;
}

}  // namespace

Result<Check> DeskImpl::check(std::string_view number, std::string_view region, const User& by) {
  auto canonical = canonical_number(number, region);
  if (!canonical) return fail(Code::BadInput, "number");
  const consent::Address address{consent::AddressKind::Phone, *canonical, consent::Evidence::Claimed};
  CF_TRY(const auto person, ledger_.person(address));
  Check out;
  const auto shown = phone::show(*canonical);
  out.international = shown.international;
  out.region = shown.region;
  out.as_of = clock_.now();
  out.last_sent = last_sent_to(person);
  const decide::Whereabouts where = atlas_.of(shown.region);
  for (auto channel : business_.channels()) {
    for (const auto& topic : business_.topics) {
      CheckRow row{channel, topic.id,
                   decide::decide(person, question_about(address, channel, topic, where), rules_, out.as_of,
                                  ledger_.clock_state())};
      put_latest_grant(row, person);
      out.rows.push_back(std::move(row));
    }
  }
  CF_TRY(auto subjects, ledger_.submissions(address));
  CF_CHECK(note_look_up(by, std::move(subjects), &out));
  return out;
}

Result<Written> DeskImpl::write(const Message& message, const User& by) {
  if (by.role == Role::Auditor) return fail(Code::Refused, "an auditor looks, but writes to nobody");
  auto canonical = canonical_number(message.number, message.region);
  if (!canonical) return fail(Code::BadInput, "number");
  const consent::Topic* topic = business_.topic(message.topic);
  if (topic == nullptr) return fail(Code::BadInput, "topic");
  const consent::Sender* sender = business_.sender(message.channel);
  if (sender == nullptr) return fail(Code::BadInput, "channel");
  const consent::Address address{consent::AddressKind::Phone, *canonical, consent::Evidence::Claimed};
  const auto where = atlas_.of(phone::show(*canonical).region);
  // One after the other, or two tills would both be the first of a day.
  const std::lock_guard one_at_a_time(write_mutex_);
  CF_TRY(const auto person, ledger_.person(address));
  Written out;
  out.at = clock_.now();
  out.decision = decide::decide(person, question_about(address, message.channel, *topic, where), rules_,
                                out.at, ledger_.clock_state());
  if (out.decision.verdict != decide::Verdict::Allow) return out;
  CF_TRY(const auto subjects, ledger_.submissions(address));
  const ledger::Subject* chain = chain_of(subjects, {message.channel, message.topic}, out.decision);
  if (chain == nullptr) return fail(Code::Conflict, "the submission that said yes is gone");
  out.language = chain->state.language;
  const consent::SentBody body{out.at, topic->category, message.channel, true, sender->id, message.topic};
  CF_CHECK(ledger_.sent(chain->id, body, retention_of_sent(business_, out.at)));
  return out;
}

// Six digits could be guessed, so wrong ones are counted for each member of the staff.
Result<ledger::Subject> DeskImpl::open_code(std::string_view code, const User& by) {
  const std::string& who = by.id.text();
  CF_CHECK(code_tries_.begin(who, clock_.boot_ms()));
  auto subject = ledger_.subject_by_code(code);
  if (subject || subject.error().code != Code::NotFound) code_tries_.take_back(who);
  return subject;
}

Result<Submission> DeskImpl::submission_by_code(std::string_view code, const User& by) {
  CF_TRY(const auto subject, open_code(code, by));
  CF_CHECK(note_look_up(by, {subject}, nullptr));
  return view_of({}, subject);
}

Result<Submission> DeskImpl::confirm(std::string_view code, const User& by) {
  if (by.role == Role::Auditor) return fail(Code::Refused, "an auditor looks, but confirms nothing");
  CF_TRY(const auto subject, open_code(code, by));
  for (const auto& address : subject.state.addresses)
    if (ledger_.suppressed(address)) return fail(Code::Conflict, "stopped");
  consent::ConfirmBody body;
  body.evidence = consent::Evidence::Present;
  body.by = by.role == Role::Manager ? consent::Actor::Manager : consent::Actor::Staff;
  body.user = by.id;
  std::vector<consent::TopicId> topics;
  for (const auto& [pair, fact] : subject.state.pairs) topics.push_back(pair.second);
  CF_CHECK(ledger_.confirm(subject.id, body, retention_of_yes(business_, topics, clock_.now())));
  CF_TRY(const auto confirmed, ledger_.subject(subject.id));
  return view_of({}, confirmed);
}

}  // namespace counterfoil::desk
