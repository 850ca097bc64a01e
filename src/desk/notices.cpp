// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The exact text a person sees before saying yes, sentence by sentence (GDPR Art. 13).
#include "crypto/crypto.h"
#include "desk/desk_impl.h"
#include "desk/periods.h"
#include "desk/words.h"
#include "i18n/i18n.h"

#include <algorithm>
#include <array>

namespace counterfoil::desk {
namespace {

using consent::Business;
using consent::local;
using i18n::tr;

std::vector<unsigned> weekdays_of(const consent::Promise& promise) {
  std::vector<unsigned> days;
  for (unsigned day = 1; day <= 7; ++day)
    if (((promise.weekdays >> (day - 1)) & 1U) != 0) days.push_back(day);
  return days;
}

// Composes one notice; each method adds the lines of one part of the page.
class NoticeWriter {
 public:
  NoticeWriter(const Business& business, const consent::OptInLink& link, i18n::Language language)
      : business_(business), link_(link), language_(language), code_(language.code()) {}

  std::vector<NoticeLine> lines() {
    add("title", tr(language_, "notice.title", {{"business", business_.name}}));
    add("lead", tr(language_, "notice.lead"));
    promise();
    channels();
    topics();
    number();
    sentence();
    add("yes", tr(language_, "notice.yes"));
    add("short-title", tr(language_, "notice.short.title"));
    controller();
    part("keep", tr(language_, "notice.keep.text"));
    part("basis", tr(language_, "notice.basis.text"));
    recipients();
    period();
    part("rights", tr(language_, "notice.rights.text") + " " +
                       tr(language_, "notice.rights.how", {{"authority", authority()}}));
    add("short:automated", tr(language_, "notice.automated"));
    return std::move(lines_);
  }

 private:
  void add(std::string role, std::string text) { lines_.push_back({std::move(role), std::move(text)}); }
  void part(const std::string& id, std::string text) {
    add("short-label:" + id, tr(language_, "notice." + id + ".label"));
    add("short:" + id, std::move(text));
  }

  [[nodiscard]] std::string authority() const {
    return business_.authority_url.empty() ? business_.authority_name : business_.authority_url;
  }

  void promise() {
    const auto& p = business_.promise;
    const std::string hours = i18n::format_hours(language_, static_cast<unsigned>(p.from_minute),
                                                 static_cast<unsigned>(p.to_minute));
    add("promise",
        tr(language_, "notice.promise",
           {{"per_day", i18n::tr_count(language_, "count.messages", static_cast<std::uint64_t>(p.per_day))},
            {"days_per_week",
             i18n::tr_count(language_, "count.days", static_cast<std::uint64_t>(p.days_per_week))},
            {"days", i18n::format_weekdays(language_, weekdays_of(p))},
            {"hours", hours}}));
    std::vector<std::string> exceptions;
    for (const auto& id : p.exceptions) {
      const auto* topic = business_.topic(id);
      const bool offered = std::find(link_.topics.begin(), link_.topics.end(), id) != link_.topics.end();
      if (topic == nullptr || !offered) continue;
      exceptions.push_back(
          tr(language_, "notice.exception.topic", {{"topic", local(topic->title, code_, business_)}}));
    }
    if (exceptions.empty()) return;
    add("exceptions",
        i18n::tr_count(language_, "notice.exceptions", exceptions.size(),
                       {{"exceptions", i18n::join_and(language_, exceptions)}, {"hours", hours}}));
  }

  void channels() {
    const auto offered = phone_channels(business_);
    if (offered.size() == 1) {
      add("one-channel",
          tr(language_, "notice.one_channel", {{"channel", channel_words(language_, offered.front())}}));
      return;
    }
    add("where", step("notice.where"));
    for (auto c : offered)
      add("channel:" + std::string(consent::channel_name(c)), channel_words(language_, c));
  }

  void topics() {
    add("about", step("notice.about"));
    for (const auto& id : link_.topics) {
      const auto* topic = business_.topic(id);
      if (topic == nullptr) continue;
      add("topic:" + id.text(), local(topic->title, code_, business_));
      add("topic-line:" + id.text(), local(topic->line, code_, business_));
    }
  }

  void number() {
    add("number", step("notice.number"));
    add("number-use", tr(language_, "notice.number_use"));
  }

  void sentence() {
    add("agree", tr(language_, "notice.agree", {{"business", business_.name}}));
    add("age", tr(language_, "notice.age", {{"age", std::to_string(business_.minimum_age)}}));
    const auto ways = withdrawal_words(language_, business_);
    add("stop-ways", tr(language_, "notice.stop_ways", {{"ways", i18n::join_or(language_, ways)}}));
    add("free", tr(language_, "notice.free"));
  }

  void controller() {
    std::string who = tr(language_, "notice.who.text",
                         {{"legal_name", business_.legal_name},
                          {"address", business_.address},
                          {"privacy_contact", business_.privacy_contact}});
    if (!business_.dpo.empty()) who += " " + tr(language_, "notice.who.dpo", {{"dpo", business_.dpo}});
    part("who", std::move(who));
  }

  void recipients() {
    std::vector<std::string> names;
    std::string transfers;
    for (const auto& r : business_.recipients) {
      const bool gets_number =
          std::find(r.receives.begin(), r.receives.end(), "identity") != r.receives.end();
      if (!gets_number || r.role == "controller") continue;
      names.push_back(r.name);
      if (!r.outside_eu.empty())
        transfers += " " + tr(language_, "notice.recipients.transfer",
                              {{"recipient", r.name}, {"where", local(r.outside_eu, code_, business_)}});
    }
    std::string all = i18n::join_and(language_, names);
    if (all.ends_with('.')) all.pop_back();  // "S.A." ends the sentence with its own full stop
    part("recipients", tr(language_, "notice.recipients.text", {{"recipients", all}}) + transfers + " " +
                           tr(language_, "notice.recipients.never"));
  }

  void period() {
    // Any instant serves to compare lengths.
    const auto* yes = class_of_yes(business_, link_.topics, 0);
    if (yes == nullptr) return;
    part("period", retention_words(language_, business_, *yes) + " " + tr(language_, "notice.period.mark"));
  }

  std::string step(std::string_view question) {
    return tr(language_, "notice.step",
              {{"n", std::to_string(++steps_)}, {"question", tr(language_, question)}});
  }

 public:
  /// Channels whose address is a telephone number: all that a form can ask for.
  static std::vector<consent::Channel> phone_channels(const Business& business) {
    std::vector<consent::Channel> out;
    for (auto c : business.channels())
      if (c == consent::Channel::WhatsApp || c == consent::Channel::Sms || c == consent::Channel::Voice)
        out.push_back(c);
    return out;
  }

 private:
  const Business& business_;
  const consent::OptInLink& link_;
  i18n::Language language_;
  std::string code_;
  std::vector<NoticeLine> lines_;
  int steps_ = 0;
};

}  // namespace

std::string NoticeText::joined() const {
  std::string out;
  for (const auto& line : lines) {
    if (!out.empty()) out += '\n';
    out += line.text;
  }
  return out;
}

Result<NoticeText> compose_notice(const Business& business, const consent::OptInLink& link,
                                  std::string_view language) {
  CF_TRY(const i18n::Language found, i18n::Language::find(language));
  NoticeText notice;
  notice.lines = NoticeWriter(business, link, found).lines();
  notice.ref.id = business.notice;
  notice.ref.language = std::string(found.code());
  notice.ref.sha256 = crypto::sha256(as_bytes(notice.joined()));
  return notice;
}

Status DeskImpl::publish_notices(const consent::OptInLink& link) {
  for (const auto& language : business_.languages) {
    CF_TRY(const NoticeText notice, compose_notice(business_, link, language));
    const std::string id = hex(notice.ref.sha256);
    {
      const std::lock_guard lock(mutex_);
      if (published_.contains(notice.ref.sha256)) continue;
    }
    const auto known = ledger_.item("notice", id);
    if (!known && known.error().code != Code::NotFound) return known.error();
    if (!known) {
      json::Object body{{"id", notice.ref.id.text()},
                        {"lang", notice.ref.language},
                        {"sha256", base64url(notice.ref.sha256)},
                        {"text", notice.joined()}};
      CF_TRY(const auto committed, ledger_.record(consent::EventType::NoticePublish, body));
      CF_CHECK(ledger_.put_item("notice", id, json::Object{{"seq", committed.seq.value}}));
    }
    const std::lock_guard lock(mutex_);
    published_.insert(notice.ref.sha256);
  }
  return {};
}

Result<OptInForm> DeskImpl::opt_in_form(const consent::LinkId& id, std::string_view language) const {
  OptInForm form;
  CF_TRY(form.link, find_link(id));
  if (!missing_.empty()) return fail(Code::NotReady, "closed");
  const auto& languages = business_.languages;
  const bool spoken = std::find(languages.begin(), languages.end(), language) != languages.end();
  CF_TRY(form.notice, compose_notice(business_, form.link, spoken ? language : languages.front()));
  form.topics = form.link.topics;
  form.channels = NoticeWriter::phone_channels(business_);
  return form;
}

}  // namespace counterfoil::desk
