// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "counterfoil/decide/decide.h"

#include "decide/demands.h"
#include "decide/openings.h"
#include "decide/standing.h"

#include <algorithm>
#include <array>

namespace counterfoil::decide {
namespace {

struct ReasonRow {
  ReasonCode code;
  RuleKind kind;
  std::string_view reference;
};
constexpr std::array kReasonRows = {
    ReasonRow{ReasonCode::ClockUntrusted, RuleKind::Law,
              "GDPR Art. 5(2), Art. 7(1); shop rule: trusted clock"},
    ReasonRow{ReasonCode::LedgerDamaged, RuleKind::Law, "GDPR Art. 7(1), Art. 32(1)(b)"},
    // One text for every cause: staff must not learn who asked to be forgotten.
    ReasonRow{ReasonCode::Suppressed, RuleKind::Person, "GDPR Art. 7(3), Art. 17(1), Art. 21(2)"},
    ReasonRow{ReasonCode::Restricted, RuleKind::Person, "GDPR Art. 18(1), Art. 18(2)"},
    ReasonRow{ReasonCode::Withdrawn, RuleKind::Person, "GDPR Art. 7(3)"},
    ReasonRow{ReasonCode::NativeStop, RuleKind::Platform,
              "GDPR Art. 21(2); the platform's own switch for marketing messages"},
    ReasonRow{ReasonCode::NeverConsented, RuleKind::Law,
              "GDPR Art. 6(1)(a); Directive 2002/58/EC Art. 13(1)"},
    ReasonRow{ReasonCode::Unconfirmed, RuleKind::Law, "GDPR Art. 7(1); shop rule: minimum evidence"},
    ReasonRow{ReasonCode::TopicNotGranted, RuleKind::Law, "GDPR Art. 6(1)(a), Art. 5(1)(b)"},
    ReasonRow{ReasonCode::ChannelNotGranted, RuleKind::Law,
              "GDPR Art. 6(1)(a); Directive 2002/58/EC Art. 13(1)"},
    ReasonRow{ReasonCode::Expired, RuleKind::Law, "GDPR Art. 5(1)(e); shop rule: retention"},
    ReasonRow{ReasonCode::OneTimeSpent, RuleKind::Law,
              "GDPR Art. 5(1)(b), Art. 6(1)(a): the yes was to one message"},
    ReasonRow{ReasonCode::OneTimeExpired, RuleKind::Law,
              "GDPR Art. 5(1)(e), Art. 6(1)(a): the yes was to one message, until its end"},
    ReasonRow{ReasonCode::HistoryGone, RuleKind::Law,
              "GDPR Art. 5(1)(e): records of that time are deleted by their schedule"},
    ReasonRow{ReasonCode::TooLate, RuleKind::Etiquette, "shop rule: an expired offer is worse than none"},
};

void add_reason(Decision& decision, ReasonCode code, std::optional<consent::Seq> evidence = std::nullopt) {
  const auto row = std::find_if(kReasonRows.begin(), kReasonRows.end(),
                                [&](const ReasonRow& r) { return r.code == code; });
  decision.reasons.push_back(Reason{.code = code,
                                    .kind = row->kind,
                                    .reference = std::string(row->reference),
                                    .until = std::nullopt,
                                    .evidence = evidence});
  if (evidence) decision.evidence.push_back(*evidence);
}

bool is_suppressed(const consent::PersonState& person, const View& view) {
  return person.suppressed || std::any_of(view.voices.begin(), view.voices.end(),
                                          [](const Voice& v) { return v.subject->stop.has_value(); });
}

// Any subject handed in counts, also one whose addresses could not be read.
bool is_damaged(const consent::PersonState& person) {
  return person.damaged ||
         std::any_of(person.subjects.begin(), person.subjects.end(), [](const auto& s) { return s.damaged; });
}

// Like a withdrawal it acts beyond its own submission once somebody proved the address: whoever typed another
// person's number restricts only what they wrote themselves, which allows nothing as it is.
void add_restriction(Decision& decision, const View& view) {
  for (const Voice& voice : view.voices) {
    const auto& restricted = voice.subject->restricted;
    if (!restricted) continue;
    const bool own = restricted->by == consent::Actor::Person;
    if (own && voice.proof < std::min(view.minimum, kWithdrawalProofMin)) continue;
    return add_reason(decision, ReasonCode::Restricted, restricted->seq);
  }
}

// Where no sender is asked about, any of the channel's is meant.
bool is_asked_about(const std::pair<consent::Channel, consent::SenderId>& key, const Question& question) {
  return key.first == question.channel && (question.sender.empty() || key.second == question.sender);
}

// Adverts only: news of an order may go. Whoever reported it knows the number and not the submission, so it
// stands in each that names the number, and one is enough.
void add_native_stop(Decision& decision, const View& view, const Question& question) {
  if (question.category != consent::Category::Marketing) return;
  std::optional<consent::Seq> latest;
  for (const Voice& voice : view.voices)
    for (const auto& [key, stop] : voice.subject->native_stops)
      if (is_asked_about(key, question) && (!latest || *latest < stop.seq)) latest = stop.seq;
  if (latest) add_reason(decision, ReasonCode::NativeStop, *latest);
}

// The pair was never said yes or no to, but something else was: which half is missing?
void add_not_granted(Decision& decision, const View& view, const consent::Pair& asked) {
  bool channel = false;
  bool topic = false;
  for (const consent::Pair& pair : pairs_of(view)) {
    const bool same_channel = pair.first == asked.first;
    const bool same_topic = pair.second == asked.second;
    if (!same_channel && !same_topic) continue;
    const Found live = standing_of(view, pair).live;
    if (!live) continue;
    channel |= same_channel;
    topic |= same_topic;
    decision.evidence.push_back(live.pair->grant);
  }
  if (!topic || channel) add_reason(decision, ReasonCode::TopicNotGranted);
  if (!channel) add_reason(decision, ReasonCode::ChannelNotGranted);
}

// One that began with the business, on whatever channel: the news is the news.
std::optional<consent::Seq> message_since(const View& view, const consent::TopicId& topic, Instant given) {
  std::optional<consent::Seq> out;
  for (const Voice& voice : view.voices)
    for (const consent::SentMessage& message : voice.subject->sent) {
      const consent::SentBody& what = message.what;
      const bool counts = what.topic == topic && what.at >= given && what.at <= view.as_of &&
                          what.category != consent::Category::ServiceReply;
      if (counts && (!out || *out < message.seq)) out = message.seq;
    }
  return out;
}

// Group A: at most one reason about consent, or the two halves of a pair that was never granted. Returns the
// yes that would allow.
const consent::PairState* add_consent_reason(Decision& decision, const View& view, const Question& question) {
  const consent::Pair asked{question.channel, question.topic};
  const Standing standing = standing_of(view, asked);
  if (standing.live) {
    const consent::PairState& pair = *standing.live.pair;
    decision.because = Because{.topic = question.topic,
                               .channel = question.channel,
                               .given = pair.given,
                               .ends = pair.ends,
                               .link = pair.link,
                               .place = pair.place,
                               .evidence = standing.live.proof,
                               .notice = pair.notice};
    decision.evidence.push_back(pair.grant);
    const auto spent = question.one_time ? message_since(view, question.topic, pair.given) : std::nullopt;
    if (spent) add_reason(decision, ReasonCode::OneTimeSpent, *spent);
    return standing.live.pair;
  }
  const bool superseded =
      standing.withdrawn && standing.ended && standing.withdrawn.pair->last < standing.ended.pair->grant;
  if (standing.withdrawn && !superseded) {
    add_reason(decision, ReasonCode::Withdrawn, standing.withdrawn.pair->last);
  } else if (standing.waiting) {
    add_reason(decision, ReasonCode::Unconfirmed, standing.waiting.pair->grant);
  } else if (standing.ended) {
    add_reason(decision, question.one_time ? ReasonCode::OneTimeExpired : ReasonCode::Expired,
               standing.ended.pair->grant);
  } else if (!ever_granted(view)) {
    add_reason(decision, ReasonCode::NeverConsented);
  } else {
    add_not_granted(decision, view, asked);
  }
  return nullptr;
}

// What the business began to say to the person, over all submissions, channels and senders; the last one
// last.
SentMessages sent_to(const View& view) {
  SentMessages out;
  for (const Voice& voice : view.voices)
    for (const consent::SentMessage& message : voice.subject->sent)
      if (message.what.category != consent::Category::ServiceReply) out.push_back(&message);
  std::sort(out.begin(), out.end(), [](const auto* a, const auto* b) {
    return std::pair(a->what.at, a->seq) < std::pair(b->what.at, b->seq);
  });
  return out;
}

// The latest, whichever submission it was noted in.
std::optional<consent::LastInbound> inbound_of(const View& view, const Question& question) {
  std::optional<consent::LastInbound> out;
  for (const Voice& voice : view.voices)
    for (const auto& [key, inbound] : voice.subject->inbound)
      if (is_asked_about(key, question) && (!out || out->at < inbound.at)) out = inbound;
  return out;
}

std::vector<Obligation> obligations_towards(const View& view) {
  std::vector<Obligation> out = {Obligation::SayWhy, Obligation::OfferStop, Obligation::NameBusiness};
  const bool has_written = std::any_of(view.voices.begin(), view.voices.end(),
                                       [](const Voice& voice) { return !voice.subject->inbound.empty(); });
  if (has_written) return out;
  for (const Obligation further : {Obligation::NoMoney, Obligation::NoDataRequest}) out.push_back(further);
  return out;
}

// Everything that speaks against the message at t. Whether it may go then, the reasons alone say.
Decision judge(const consent::PersonState& person, const Question& question, const Rules& rules, Instant t,
               ClockState clock) {
  Decision decision;
  if (clock == ClockState::Untrusted) add_reason(decision, ReasonCode::ClockUntrusted);
  const View view = view_of(person, question.address, rules, t);
  if (is_suppressed(person, view)) {
    add_reason(decision, ReasonCode::Suppressed);  // alone and without its event: the cause stays unknown
    return decision;
  }
  if (is_damaged(person)) add_reason(decision, ReasonCode::LedgerDamaged);
  add_restriction(decision, view);
  add_native_stop(decision, view, question);
  const consent::PairState* live = add_consent_reason(decision, view, question);
  for (Reason& reason :
       failing_rules(question, rules, live, {sent_to(view), inbound_of(view, question)}, t)) {
    if (reason.evidence) decision.evidence.push_back(*reason.evidence);
    decision.reasons.push_back(std::move(reason));
  }
  if (question.useful_until && t >= *question.useful_until) add_reason(decision, ReasonCode::TooLate);
  if (t < person.known_since) add_reason(decision, ReasonCode::HistoryGone);
  if (decision.reasons.empty()) decision.obligations = obligations_towards(view);
  return decision;
}

// When the last of them passes; nothing when one never does.
std::optional<Instant> all_passed(const std::vector<Reason>& reasons) {
  Instant passed = 0;
  for (const Reason& reason : reasons) {
    if (!reason.until) return std::nullopt;
    passed = std::max(passed, *reason.until);
  }
  return passed;
}

// From one end of waiting to the next: by then another rule may stand in the way, or the yes may have ended.
void find_next_allowed(Decision& decision, const consent::PersonState& person, const Question& question,
                       const Rules& rules, ClockState clock) {
  std::optional<Instant> t = all_passed(decision.reasons);
  while (t && *t < decision.as_of + kOpensWithin_s) {
    const Decision then = judge(person, question, rules, *t, clock);
    if (then.reasons.empty()) {
      decision.verdict = Verdict::AllowLater;
      decision.next_allowed = t;
      return;
    }
    t = all_passed(then.reasons);
    if (t) continue;
    // Whoever waits for it waits in vain, and should read why.
    std::copy_if(then.reasons.begin(), then.reasons.end(), std::back_inserter(decision.reasons),
                 [](const Reason& reason) { return !reason.until; });
  }
  // Rules that are never all met at once do not pass by waiting.
  if (t)
    for (Reason& reason : decision.reasons) reason.until.reset();
}

void sort_out(Decision& decision) {
  std::stable_sort(decision.reasons.begin(), decision.reasons.end(), [](const Reason& a, const Reason& b) {
    return std::pair(a.code, a.kind) < std::pair(b.code, b.kind);
  });
  std::sort(decision.evidence.begin(), decision.evidence.end());
  decision.evidence.erase(std::unique(decision.evidence.begin(), decision.evidence.end()),
                          decision.evidence.end());
}

}  // namespace

Decision decide(const consent::PersonState& person, const Question& question, const Rules& rules,
                Instant as_of, ClockState clock) {
  Decision decision = judge(person, question, rules, as_of, clock);
  decision.as_of = as_of;
  decision.rules_version = rules.version;
  if (decision.reasons.empty()) {
    decision.verdict = Verdict::Allow;
    decision.next_allowed = as_of;
  } else {
    decision.because.reset();
    find_next_allowed(decision, person, question, rules, clock);
  }
  sort_out(decision);
  return decision;
}

}  // namespace counterfoil::decide
