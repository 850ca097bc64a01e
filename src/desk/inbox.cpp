// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What people write back. A keyword is the person's own stop, at once and for whoever names the number; what
// may be one waits for a person to read it. The text stands in the person's own chain, in a class of its own
// that ends after a week, so it goes with an erasure; what is kept beside it says only where it is.
#include "base/limits.h"
#include "desk/desk_impl.h"
#include "desk/periods.h"
#include "phone/phone.h"

#include <algorithm>

namespace counterfoil::desk {
namespace {

constexpr std::string_view kDoubtfulKind = "doubtful";

json::Object item_of(const Waiting& waiting) {
  return {{"seq", waiting.seq.value}, {"since", waiting.since}, {"subject", hex(waiting.subject.bytes)}};
}

Result<Waiting> waiting_from_item(const json::Value& item) {
  Waiting out;
  CF_TRY(const auto seq, item.integer_at("seq"));
  CF_TRY(out.since, item.integer_at("since"));
  CF_TRY(const auto subject, item.string_at("subject"));
  CF_TRY(const Bytes raw, from_hex(subject));
  CF_TRY(out.subject.bytes, exactly<16>(raw));
  if (seq < 0) return fail(Code::Corrupt, "an item says nothing of where a message is");
  out.seq = consent::Seq{static_cast<std::uint64_t>(seq)};
  return out;
}

bool is_over(const Waiting& waiting, Instant now) {
  return waiting.since + limits::kDoubtfulLife_s <= now;
}

/// The beginning, up to a whole character.
std::string beginning_of(std::string_view text) {
  std::size_t length = std::min(text.size(), limits::kDoubtfulTextBytesMax);
  while (length > 0 && !is_utf8(text.substr(0, length))) --length;
  return std::string(text.substr(0, length));
}

bool has_topic(const consent::SubjectState& state, const consent::TopicId& topic) {
  return std::any_of(state.pairs.begin(), state.pairs.end(),
                     [&](const auto& pair) { return pair.first.second == topic && !pair.second.taken_back; });
}

}  // namespace

std::string Waiting::id() const {
  return hex(subject.bytes) + "-" + std::to_string(seq.value);
}

std::vector<i18n::TopicWords> topic_words_of(const consent::Business& business) {
  std::vector<i18n::TopicWords> out;
  for (const consent::Topic& topic : business.topics) {
    i18n::TopicWords words{topic.id.text(), {topic.id.text()}};
    for (const auto& [language, title] : topic.title) words.words.push_back(title);
    out.push_back(std::move(words));
  }
  return out;
}

Result<Heard> DeskImpl::hear(const InboundMessage& message) {
  CF_TRY(const consent::SenderId sender, sender_of(message.channel, message.sender));
  const Instant now = clock_.now();
  if (message.at > now) return fail(Code::BadInput, "at");
  CF_TRY(const auto address, this->address(message.number, message.region));
  const i18n::Wish wish = i18n::classify(message.text, topic_words_);
  const Heard heard{wish.kind, consent::TopicId(wish.topic)};
  if (wish.kind == i18n::WishKind::StopAll) {
    const consent::StopBody body{consent::Actor::Person, std::string(consent::kViaKeyword), {}, message.at};
    CF_CHECK(ledger_.stop({address}, body, retention_of_proof(business_, now)));
    return heard;
  }
  CF_TRY(auto subjects, ledger_.submissions(address));
  if (wish.kind == i18n::WishKind::StopTopic) CF_CHECK(take_back(heard.topic, subjects));
  // Where nothing names the number there is no yes that a message could end or a window could serve, and who
  // stopped is written to no more.
  if (subjects.empty() || ledger_.suppressed(address)) return heard;
  consent::InboundBody body{message.at, message.channel, sender, message.source, {}};
  const bool is_doubtful = wish.kind == i18n::WishKind::Human;
  if (is_doubtful) body.text = beginning_of(message.text);
  CF_CHECK(note_inbound(proven_first(std::move(subjects)).front(), body));
  return heard;
}

// Everything that names the number: whoever wrote from it has it.
Status DeskImpl::take_back(const consent::TopicId& topic, const std::vector<ledger::Subject>& subjects) {
  const consent::WithdrawBody body{{}, {topic}, consent::Actor::Person, std::string(consent::kViaKeyword)};
  for (const ledger::Subject& subject : subjects)
    if (has_topic(subject.state, topic))
      CF_CHECK(ledger_.withdraw(subject.id, body, retention_of_proof(business_, clock_.now())));
  return {};
}

// A conversation is one fact in ten minutes: its window may close that much early, never late.
Status DeskImpl::note_inbound(const ledger::Subject& subject, const consent::InboundBody& body) {
  const auto latest = subject.state.inbound.find({body.channel, body.sender});
  const bool is_known =
      latest != subject.state.inbound.end() && body.at < latest->second.at + limits::kInboundEvery_s;
  if (is_known && body.text.empty()) return {};
  const Instant now = clock_.now();
  const std::lock_guard one_at_a_time(inbox_mutex_);
  if (!body.text.empty()) {
    CF_TRY(const auto all, waiting());
    const auto of_one =
        std::count_if(all.begin(), all.end(), [&](const Waiting& one) { return one.subject == subject.id; });
    // Nobody fills the page for all others; whoever reads the first ones knows whom to ask.
    if (static_cast<std::size_t>(of_one) >= limits::kDoubtfulOfOneMax) return {};
    if (all.size() >= limits::kDoubtfulMax)
      return fail(Code::Busy, "too many messages wait for somebody to read them");
  }
  CF_TRY(const auto noted,
         ledger_.inbound(subject.id, body, retention_of_inbound(business_, now, !body.text.empty())));
  if (body.text.empty()) return {};
  const Waiting one{subject.id, noted.seq, now};
  return ledger_.put_item(kDoubtfulKind, one.id(), item_of(one));
}

Result<std::vector<Waiting>> DeskImpl::waiting() const {
  CF_TRY(const auto items, ledger_.items(kDoubtfulKind));
  std::vector<Waiting> out;
  for (const json::Value& item : items) {
    CF_TRY(out.emplace_back(), waiting_from_item(item));
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.seq < b.seq; });
  return out;
}

Result<std::vector<DoubtfulMessage>> DeskImpl::doubtful() const {
  CF_TRY(const auto all, waiting());
  std::vector<DoubtfulMessage> out;
  for (const Waiting& one : all) {
    if (is_over(one, clock_.now())) continue;
    auto message = open_doubtful(one.subject, one.seq);
    if (!message && message.error().code == Code::NotFound) continue;  // erased, or ended by its schedule
    if (!message) return message.error();
    message->id = one.id();
    out.push_back(*std::move(message));
  }
  return out;
}

Result<DoubtfulMessage> DeskImpl::open_doubtful(const consent::SubjectId& id, consent::Seq seq) const {
  CF_TRY(const auto subject, ledger_.subject(id));
  CF_TRY(const auto events, ledger_.events(id));
  const auto at = std::find_if(events.begin(), events.end(), [&](const auto& e) { return e.seq == seq; });
  const auto* body =
      at == events.end() || !at->body ? nullptr : std::get_if<consent::InboundBody>(&*at->body);
  if (body == nullptr || subject.state.addresses.empty()) return fail(Code::NotFound, "the message is gone");
  return DoubtfulMessage{
      {}, phone::show(subject.state.addresses.front().value).masked, body->channel, body->at, body->text};
}

Status DeskImpl::settle(std::string_view id, bool is_stop, const User& by) {
  if (by.role == Role::Auditor) return fail(Code::Refused, "an auditor looks, but decides nothing");
  const std::lock_guard one_at_a_time(inbox_mutex_);
  CF_TRY(const json::Value item, ledger_.item(kDoubtfulKind, id));
  CF_TRY(const Waiting one, waiting_from_item(item));
  if (is_stop) {
    CF_TRY(const auto subject, ledger_.subject(one.subject));
    CF_TRY(const auto message, open_doubtful(one.subject, one.seq));
    const auto actor = by.role == Role::Manager ? consent::Actor::Manager : consent::Actor::Staff;
    const consent::StopBody body{actor, std::string(consent::kViaKeyword), by.id, message.at};
    CF_CHECK(ledger_.stop(subject.state.addresses, body, retention_of_proof(business_, clock_.now())));
  }
  return ledger_.remove_item(kDoubtfulKind, id);
}

// What nobody has read in a week may have been a stop, and then it is lost: the box takes it for one.
Status DeskImpl::forget_doubtful(Instant now) {
  const std::lock_guard one_at_a_time(inbox_mutex_);
  CF_TRY(const auto all, waiting());
  for (const Waiting& one : all) {
    if (!is_over(one, now)) continue;
    const auto subject = ledger_.subject(one.subject);
    if (!subject && subject.error().code != Code::NotFound) return subject.error();
    const consent::StopBody body{consent::Actor::Machine, std::string(consent::kViaKeyword), {}, one.since};
    if (subject) CF_CHECK(ledger_.stop(subject->state.addresses, body, retention_of_proof(business_, now)));
    CF_CHECK(ledger_.remove_item(kDoubtfulKind, one.id()));
  }
  return {};
}

}  // namespace counterfoil::desk
