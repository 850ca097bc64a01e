// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What staff can ask: may I message this number, and is this code a customer's?
#include "desk/desk_impl.h"
#include "desk/periods.h"
#include "phone/phone.h"

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
  const decide::Whereabouts where = atlas_.of(shown.region);
  for (auto channel : business_.channels()) {
    for (const auto& topic : business_.topics) {
      decide::Question question;
      question.address = address;
      question.channel = channel;
      question.topic = topic.id;
      question.category = topic.category;
      question.where = where;
      CheckRow row{channel, topic.id,
                   decide::decide(person, question, rules_, out.as_of, ledger_.clock_state())};
      put_latest_grant(row, person);
      out.rows.push_back(std::move(row));
    }
  }
  CF_TRY(auto subjects, ledger_.submissions(address));
  CF_CHECK(note_look_up(by, std::move(subjects), &out));
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
