// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "pages/verdict.h"

#include <algorithm>

namespace counterfoil::pages {
namespace {

using decide::ReasonCode;
using decide::Verdict;

constexpr std::string_view kNothing = "–";

/// Everything a verdict text may name.
struct Facts {
  std::string topic, channel, topics, channels, date, ended, forgotten, until, next, place, number, country,
      scope, stop, sent, sent_topic;
};

std::vector<consent::TopicId> agreed_topics(const desk::Check& check, consent::Channel channel) {
  std::vector<consent::TopicId> same_channel;
  std::vector<consent::TopicId> any;
  for (const desk::CheckRow& row : check.rows) {
    if (row.decision.verdict == Verdict::Deny) continue;
    any.push_back(row.topic);
    if (row.channel == channel) same_channel.push_back(row.topic);
  }
  return each_once(same_channel.empty() ? any : same_channel);
}

std::vector<consent::Channel> agreed_channels(const desk::Check& check, const consent::TopicId& topic) {
  std::vector<consent::Channel> same_topic;
  std::vector<consent::Channel> any;
  for (const desk::CheckRow& row : check.rows) {
    if (row.decision.verdict == Verdict::Deny) continue;
    any.push_back(row.channel);
    if (row.topic == topic) same_topic.push_back(row.channel);
  }
  return each_once(same_topic.empty() ? any : same_topic);
}

std::string or_nothing(std::string text) {
  return text.empty() ? std::string(kNothing) : text;
}

std::string date_or_nothing(const View& view, Instant t) {
  return t > 0 ? date_words(view, t) : std::string(kNothing);
}

Facts facts_of(const View& view, const desk::Check& check, const desk::CheckRow& row) {
  Facts f;
  f.topic = topic_list(view, std::vector{row.topic});
  f.channel = channel_words(view, row.channel);
  f.topics = or_nothing(topic_list(view, agreed_topics(check, row.channel)));
  f.channels = or_nothing(channel_list(view, agreed_channels(check, row.topic)));
  f.number = check.international;
  f.country = i18n::country_name(view.language, check.region);
  f.stop = view.tr("wa.stop");
  f.scope = view.tr("scope.topic", {{"topic", f.topic}, {"channel", f.channel}});
  Instant given = row.given;
  Instant ends = row.ends;
  f.place = view.business().name;
  if (row.decision.because) {
    given = row.decision.because->given;
    ends = row.decision.because->ends;
    f.place = place_words(view, row.decision.because->place);
  }
  f.date = date_or_nothing(view, given);
  f.until = date_or_nothing(view, ends);
  f.ended = f.until;
  const auto& next = row.decision.next_allowed;
  f.next = next ? date_words(view, *next) + ", " + time_words(view, *next) : std::string(kNothing);
  const auto& sent = check.last_sent;
  f.sent = sent ? date_words(view, sent->at) + ", " + time_words(view, sent->at) : std::string(kNothing);
  f.sent_topic = sent ? topic_list(view, std::vector{sent->topic}) : std::string(kNothing);
  f.forgotten = date_or_nothing(view, given > 0 ? given + decide::kUnconfirmedLife_s : 0);
  return f;
}

Html fill(const View& view, const std::string& id, const Facts& f) {
  if (!i18n::has(id)) return {};
  return view.phrase(id, {{"topic", f.topic},
                          {"channel", f.channel},
                          {"topics", f.topics},
                          {"channels", f.channels},
                          {"date", f.date},
                          {"ended", f.ended},
                          {"forgotten", f.forgotten},
                          {"until", f.until},
                          {"next", f.next},
                          {"place", f.place},
                          {"number", f.number},
                          {"country", f.country},
                          {"scope", f.scope},
                          {"stop", f.stop},
                          {"sent", f.sent},
                          {"sent_topic", f.sent_topic}});
}

std::string headline_of(const View& view, std::string_view name, const Facts& f) {
  const std::string id = "verdict." + std::string(name) + ".headline";
  if (!i18n::has(id)) return view.tr("staff.check.no");
  return view.tr(id, {{"channel", f.channel}, {"topic", f.topic}});
}

/// An unproved number is a matter of minutes, so it does not look like a refusal.
bool waits(const decide::Decision& decision) {
  if (decision.verdict == Verdict::AllowLater) return true;
  return !decision.reasons.empty() && decision.reasons.front().code == ReasonCode::Unconfirmed;
}

}  // namespace

VerdictWords verdict_words(const View& view, const desk::Check& check, const desk::CheckRow& row) {
  const Facts facts = facts_of(view, check, row);
  const decide::Decision& decision = row.decision;
  const std::string name = decision.verdict == Verdict::Allow || decision.reasons.empty()
                               ? "allow"
                               : std::string(decide::reason_name(decision.reasons.front().code));
  VerdictWords out;
  if (decision.verdict == Verdict::Allow) {
    out.tone = "yes";
    out.sign = "✔";
  } else if (waits(decision)) {
    out.tone = "later";
    out.sign = "◷";
  } else {
    out.tone = "no";
    out.sign = "✖";
  }
  out.headline = headline_of(view, name, facts);
  out.why = fill(view, "verdict." + name + ".why", facts);
  out.act = fill(view, "verdict." + name + ".do", facts);
  out.say = fill(view, "verdict." + name + ".say", facts);
  return out;
}

std::string cell_words(const View& view, const decide::Decision& decision) {
  if (decision.verdict == Verdict::Allow) return "✔ " + view.tr("staff.check.yes");
  if (waits(decision)) return "◷ " + view.tr("staff.check.later");
  return "✖ " + view.tr("staff.check.no");
}

std::string reason_words(const View& view, const desk::Check& check, const desk::CheckRow& row,
                         const decide::Reason& reason) {
  const std::string kind = "reason_kind." + std::string(decide::rule_kind_name(reason.kind));
  return headline_of(view, decide::reason_name(reason.code), facts_of(view, check, row)) + " (" +
         (i18n::has(kind) ? view.tr(kind) : std::string(decide::rule_kind_name(reason.kind))) + ")";
}

}  // namespace counterfoil::pages
