// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "pages/verdict.h"

#include "doctest/doctest.h"
#include "pages/check_page.h"
#include "shop.h"

namespace counterfoil::pages {
namespace {
using consent::Channel;
using consent::TopicId;
using decide::ReasonCode;

constexpr Instant kGiven = 1795340400;  // 22 November 2026, 10:00 in Madrid

desk::CheckRow allowed(const char* topic, Channel channel = Channel::WhatsApp) {
  desk::CheckRow row{channel, TopicId(topic), {}, kGiven, kGiven + 730 * kDay_s};
  row.decision.verdict = decide::Verdict::Allow;
  row.decision.because = decide::Because{row.topic,
                                         channel,
                                         kGiven,
                                         row.ends,
                                         consent::LinkId("caja"),
                                         consent::ShopId("torrevieja"),
                                         consent::Evidence::Present,
                                         {}};
  row.decision.obligations = {decide::Obligation::SayWhy, decide::Obligation::OfferStop,
                              decide::Obligation::NameBusiness};
  return row;
}

desk::CheckRow denied(const char* topic, ReasonCode code, Channel channel = Channel::WhatsApp) {
  desk::CheckRow row{channel, TopicId(topic), {}, kGiven, kGiven + 730 * kDay_s};
  row.decision.reasons = {{code, decide::RuleKind::Person, "", std::nullopt, std::nullopt}};
  return row;
}

desk::CheckRow waiting(const char* topic, ReasonCode code, Instant next) {
  desk::CheckRow row = denied(topic, code);
  row.decision.verdict = decide::Verdict::AllowLater;
  row.decision.next_allowed = next;
  return row;
}

desk::Check check_of(std::vector<desk::CheckRow> rows) {
  return {"+46 70 174 06 05", "SE", std::move(rows), kGiven + 100, std::nullopt};
}

TEST_CASE("each verdict has one sign, one headline, one reason, one thing to do, one thing to say") {
  const Look look = test::shop_look();
  struct Row {
    ReasonCode code;
    const char* tone;
    const char* headline;
  };
  constexpr Row kRows[] = {
      {ReasonCode::ClockUntrusted, "no", "Cannot say: the box does not know the time."},
      {ReasonCode::LedgerDamaged, "no", "Cannot say: an entry for this number is damaged."},
      {ReasonCode::Suppressed, "no", "No. They asked us to stop."},
      {ReasonCode::Restricted, "no", "No. Their data are kept, but not used."},
      {ReasonCode::Withdrawn, "no", "No. They asked us to stop."},
      {ReasonCode::NeverConsented, "no", "No. Nobody with this number said yes."},
      {ReasonCode::Unconfirmed, "later", "Not yet. The number is not proved."},
      {ReasonCode::Expired, "no", "No. Their yes has run out."},
      {ReasonCode::TopicNotGranted, "no", "Not about this."},
      {ReasonCode::ChannelNotGranted, "no", "Not on WhatsApp."},
      {ReasonCode::CategoryForbidden, "no", "Not on WhatsApp."},
      {ReasonCode::CountryBlocked, "no", "Not on WhatsApp."},
      {ReasonCode::CapDay, "no", "Not today: they have had their message."},
      {ReasonCode::CapWeek, "no", "Not this week: we have written often enough."},
      {ReasonCode::QuietHours, "no", "Not now."},
      {ReasonCode::QuietDay, "no", "Not today."},
      {ReasonCode::Holiday, "no", "Not today: a public holiday."},
      {ReasonCode::TooLate, "no", "Too late to be useful."},
  };
  for (const std::string language : {"en", "es"}) {
    const View view = test::shop_view(look, language);
    for (const Row& expected : kRows) {
      const desk::Check check = check_of({denied("offers", expected.code), allowed("care")});
      const VerdictWords words = verdict_words(view, check, check.rows.front());
      CAPTURE(expected.headline);
      CHECK(words.tone == expected.tone);
      if (language == "en") CHECK(words.headline == expected.headline);
      for (const std::string& text : {words.headline, words.why.text(), words.act.text(), words.say.text()}) {
        CHECK(!text.empty());
        CHECK_MESSAGE(text.find('{') == text.npos, text);
      }
    }
  }
}

TEST_CASE("what only has to wait says until when") {
  const Look look = test::shop_look();
  const View view = test::shop_view(look, "en");
  const desk::CheckRow row = waiting("offers", ReasonCode::QuietHours, kGiven + 23 * kHour_s);
  const VerdictWords words = verdict_words(view, check_of({row}), row);
  CHECK(words.tone == "later");
  CHECK(words.why.text().find("23 November 2026, 09:40") != std::string::npos);
}

TEST_CASE("too often says what went last, and when the next may") {
  const Look look = test::shop_look();
  const View view = test::shop_view(look, "en");
  const desk::CheckRow row = waiting("offers", ReasonCode::CapDay, kGiven + 14 * kHour_s);
  desk::Check check = check_of({row});
  check.last_sent = consent::SentBody{kGiven, consent::Category::Marketing, Channel::Sms,
                                      true,   consent::SenderId("sms"),     TopicId("care")};
  const std::string why = verdict_words(view, check, row).why.text();
  for (const char* part : {"22 November 2026, 10:40", "Important notices", "23 November 2026, 00:40"})
    CHECK_MESSAGE(why.find(part) != std::string::npos, why);
}

TEST_CASE("an allow says what was agreed, when and where") {
  const Look look = test::shop_look();
  const View view = test::shop_view(look);
  const desk::Check check = check_of({allowed("offers")});
  const VerdictWords words = verdict_words(view, check, check.rows.front());
  CHECK(words.tone == "yes");
  CHECK(words.sign == "✔");
  CHECK(words.headline == "Yes, you may.");
  for (const char* part :
       {"Offers of the week", "WhatsApp", "22 November 2026", "Torrevieja", "21 November 2028"})
    CHECK_MESSAGE(words.why.text().find(part) != std::string::npos, part);
}

TEST_CASE("a no about this topic names what was agreed instead") {
  const Look look = test::shop_look();
  const View view = test::shop_view(look);
  const desk::Check check = check_of({denied("offers", ReasonCode::TopicNotGranted), allowed("care"),
                                      denied("offers", ReasonCode::ChannelNotGranted, Channel::Sms)});
  const VerdictWords words = verdict_words(view, check, check.rows.front());
  CHECK(words.why.text().find("Important notices") != std::string::npos);
}

TEST_CASE("suppressed and withdrawn tell no date at the till") {
  const Look look = test::shop_look();
  const View view = test::shop_view(look);
  for (const ReasonCode code : {ReasonCode::Suppressed, ReasonCode::Withdrawn}) {
    const desk::Check check = check_of({denied("offers", code)});
    const VerdictWords words = verdict_words(view, check, check.rows.front());
    CHECK((words.why.text() + words.act.text() + words.say.text()).find("2026") == std::string::npos);
  }
}

TEST_CASE("the verdict page reads the number back and folds the rest") {
  const Look look = test::shop_look();
  const View view = test::shop_view(look);
  desk::CheckRow two_rules = denied("tastings", ReasonCode::QuietDay);
  two_rules.decision.reasons.push_back(two_rules.decision.reasons.front());
  const desk::Check check = check_of({denied("offers", ReasonCode::Withdrawn), allowed("care"), two_rules});
  Page page;
  page.name = "check";
  page.staff = true;
  put_verdict(view, check, check.rows.front(), {"070 174 06 05", "SE", "offers", "whatsapp"},
              {"STOP", "WRITE"}, page.values);
  const std::string html = test::whole(view, page);
  CHECK(html.find("+46 70 174 06 05") != html.npos);
  CHECK(html.find("Sweden") != html.npos);
  CHECK(html.find("<section class=\"verdict no\">") != html.npos);
  CHECK(html.find("✔ yes") > html.find("<details>"));
  CHECK(html.find("/staff/write") == html.npos);
  CHECK(test::count_of(html, "<h1") == 1);
  CHECK(test::count_of(html, "Not today.") == 1);
}

TEST_CASE("whoever may write gets the button below a yes, and nobody else") {
  const Look look = test::shop_look();
  const View view = test::shop_view(look);
  const desk::Check check = check_of({allowed("offers")});
  const auto html_with = [&](const std::string& write_token) {
    Page page;
    page.name = "check";
    page.staff = true;
    put_verdict(view, check, check.rows.front(), {"070 174 06 05", "SE", "offers", "whatsapp"},
                {"STOP", write_token}, page.values);
    return test::whole(view, page);
  };
  const std::string html = html_with("WRITE");
  CHECK(html.find("action=\"/staff/write\"") != html.npos);
  CHECK(html.find("value=\"WRITE\"") != html.npos);
  CHECK(html.find("name=\"topic\" value=\"offers\"") != html.npos);
  CHECK(html_with("").find("/staff/write") == std::string::npos);
}

}  // namespace
}  // namespace counterfoil::pages
