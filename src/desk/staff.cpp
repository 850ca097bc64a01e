// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What staff can ask: may I message this number, and is this code a customer's?
#include "base/limits.h"
#include "desk/desk_impl.h"
#include "desk/periods.h"
#include "phone/phone.h"

#include <algorithm>
#include <array>
#include <iterator>

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

// A stop right behind the first yes may be the echo of one from before it, of which nobody knows when.
bool dates_its_stop(const consent::SubjectState& state) {
  return state.stop && state.stop->at - state.first_t > limits::kLedgerIdle_ms / 1000;
}

}  // namespace

Result<std::vector<decide::Decision>> DeskImpl::answer(const std::vector<decide::Question>& questions,
                                                       const consent::Address& address,
                                                       const consent::PersonState& person, Instant as_of,
                                                       const consent::UserId& by) {
  std::vector<decide::Decision> out;
  for (const auto& question : questions)
    out.push_back(decide::decide(person, question, rules_, as_of, ledger_.clock_state()));
  CF_TRY(auto subjects, ledger_.submissions(address));
  CF_CHECK(note_look_up(by, std::move(subjects), out));
  return out;
}

Result<Check> DeskImpl::check(std::string_view number, std::string_view region, const User& by) {
  decide::Question about_them;
  CF_CHECK(put_number(about_them, number, region));
  const consent::Address& address = about_them.address;
  std::vector<decide::Question> questions;
  for (auto channel : business_.channels())
    for (const auto& topic : business_.topics) {
      CF_TRY(auto question, about({{}, {}, channel, topic.id}));
      question.address = address;
      question.where = about_them.where;
      questions.push_back(std::move(question));
    }
  Check out;
  const auto shown = phone::show(address.value);
  out.international = shown.international;
  out.region = shown.region;
  CF_TRY(const auto person, ledger_.person(address));
  CF_TRY(auto decisions, answer(questions, address, person, clock_.now(), by.id));
  for (std::size_t i = 0; i < questions.size(); ++i) {
    CheckRow row{questions[i].channel, questions[i].topic, std::move(decisions[i])};
    put_latest_grant(row, person);
    out.rows.push_back(std::move(row));
  }
  out.as_of = out.rows.empty() ? clock_.now() : out.rows.front().decision.as_of;
  out.last_sent = last_sent_to(person);
  return out;
}

Result<consent::SenderId> DeskImpl::sender_of(consent::Channel channel,
                                              const consent::SenderId& named) const {
  const consent::Sender* sender = business_.sender(channel);
  if (sender == nullptr) return fail(Code::BadInput, "channel");
  if (!named.empty() && named != sender->id) return fail(Code::BadInput, "sender");
  return sender->id;
}

Result<decide::Question> DeskImpl::about(const Asked& asked) const {
  const consent::Topic* topic = business_.topic(asked.topic);
  if (topic == nullptr) return fail(Code::BadInput, "topic");
  CF_TRY(const consent::SenderId sender, sender_of(asked.channel, asked.sender));
  decide::Question out;
  out.channel = asked.channel;
  out.sender = asked.sender;
  out.topic = asked.topic;
  out.category = topic->category;
  out.one_time = topic->one_time;
  out.quality = quality_at(sender, clock_.now());
  out.useful_until = asked.useful_until;
  out.free_text = asked.free_text;
  return out;
}

Result<consent::Address> DeskImpl::address(std::string_view number, std::string_view region) const {
  auto canonical = canonical_number(number, region);
  if (!canonical) return fail(Code::BadInput, "number");
  return consent::Address{consent::AddressKind::Phone, *std::move(canonical), consent::Evidence::Claimed};
}

Status DeskImpl::put_number(decide::Question& question, std::string_view typed,
                            std::string_view region) const {
  CF_TRY(question.address, address(typed, region));
  question.where = atlas_.of(phone::region_of(question.address.value));
  return {};
}

Result<decide::Question> DeskImpl::question(const Asked& asked) const {
  CF_TRY(auto out, about(asked));
  CF_CHECK(put_number(out, asked.number, asked.region));
  return out;
}

Result<Scrubs::Needs::Answer> DeskImpl::decide_line(decide::Question question, std::string_view typed,
                                                    std::string_view region, Instant as_of) const {
  CF_CHECK(put_number(question, typed, region));
  CF_TRY(const auto person, ledger_.person(question.address));
  auto decision = decide::decide(person, question, rules_, as_of, ledger_.clock_state());
  return Scrubs::Needs::Answer{std::move(question.address.value), std::move(decision)};
}

Status DeskImpl::note_scrub(const consent::UserId& client, std::uint64_t lines) {
  CF_CHECK(ledger_.record(consent::EventType::SysAudit,
                          json::Object{{"count", lines}, {"kind", "scrub"}, {"user", client.text()}}));
  return {};
}

// From the chains that are still there; whoever is erased has none, and stays suppressed at any moment.
Result<consent::PersonState> DeskImpl::person_at(const consent::Address& address,
                                                 const Moment& moment) const {
  CF_TRY(auto person, ledger_.person(address));
  const Instant now = clock_.now();
  if (moment.as_of.value_or(now) >= now || (person.suppressed && !moment.before_stops)) return person;
  CF_TRY(const auto subjects, ledger_.submissions(address));
  std::vector<std::vector<consent::Event>> histories;
  bool is_dated = false;
  for (const ledger::Subject& subject : subjects) {
    CF_TRY(histories.emplace_back(), ledger_.events(subject.id));
    is_dated |= dates_its_stop(subject.state);
  }
  consent::PersonState out = consent::fold_until(histories, *moment.as_of);
  out.damaged = person.damaged;
  out.suppressed = person.suppressed && !is_dated;
  const consent::RetentionClass* sent = business_.retention_class(business_.sent);
  if (sent != nullptr) out.known_since = begin_of(*sent, now);
  return out;
}

Result<std::vector<decide::Decision>> DeskImpl::decide(const std::vector<decide::Question>& questions,
                                                       const Moment& moment, const consent::UserId& by) {
  const Instant now = clock_.now();
  const Instant as_of = moment.as_of.value_or(now);
  if (as_of < 0 || as_of > now + limits::kAsOfAhead_s) return fail(Code::BadInput, "as_of");
  std::map<std::string, std::vector<std::size_t>> by_number;  // positions in questions
  for (std::size_t i = 0; i < questions.size(); ++i) by_number[questions[i].address.value].push_back(i);
  std::vector<decide::Decision> out(questions.size());
  for (const auto& [number, places] : by_number) {
    std::vector<decide::Question> mine;
    for (const std::size_t i : places) {
      mine.push_back(questions[i]);
      CF_TRY(const consent::SenderId sender, sender_of(questions[i].channel, questions[i].sender));
      mine.back().quality = quality_at(sender, as_of);
    }
    CF_TRY(const auto person, person_at(mine.front().address, moment));
    CF_TRY(auto decisions, answer(mine, mine.front().address, person, as_of, by));
    for (std::size_t i = 0; i < places.size(); ++i) out[places[i]] = std::move(decisions[i]);
  }
  return out;
}

Result<std::vector<consent::Event>> DeskImpl::timeline(const consent::Address& address,
                                                       const consent::UserId& by) {
  CF_TRY(auto subjects, ledger_.submissions(address));
  std::vector<consent::Event> out;
  if (!ledger_.suppressed(address)) {
    for (const auto& subject : subjects) {
      CF_TRY(auto events, ledger_.events(subject.id));
      std::move(events.begin(), events.end(), std::back_inserter(out));
    }
    // Legal claims, deadlines and colleagues are the shop's own matter.
    std::erase_if(out, [](const consent::Event& event) {
      using Type = consent::EventType;
      constexpr std::array kOther = {Type::Lookup, Type::HoldSet, Type::HoldClear, Type::RetentionChange};
      return std::find(kOther.begin(), kOther.end(), event.type) != kOther.end();
    });
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.seq < b.seq; });
  }
  CF_CHECK(note_look_up(by, std::move(subjects), {}));
  return out;
}

Result<Written> DeskImpl::write(const Asked& message, const User& by) {
  if (by.role == Role::Auditor) return fail(Code::Refused, "an auditor looks, but writes to nobody");
  CF_TRY(const auto asked, question(message));
  // One after the other, or two tills would both be the first of a day.
  const std::lock_guard one_at_a_time(write_mutex_);
  CF_TRY(const auto person, ledger_.person(asked.address));
  Written out;
  out.at = clock_.now();
  out.decision = decide::decide(person, asked, rules_, out.at, ledger_.clock_state());
  if (out.decision.verdict != decide::Verdict::Allow) return out;
  CF_TRY(const auto subjects, ledger_.submissions(asked.address));
  const ledger::Subject* chain = chain_of(subjects, {asked.channel, asked.topic}, out.decision);
  if (chain == nullptr) return fail(Code::Conflict, "the submission that said yes is gone");
  out.language = chain->state.language;
  const consent::SenderId& sender = business_.sender(asked.channel)->id;
  const consent::SentBody body{out.at, asked.category, asked.channel, true, sender, asked.topic};
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
  CF_CHECK(note_look_up(by.id, {subject}, {}));
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
