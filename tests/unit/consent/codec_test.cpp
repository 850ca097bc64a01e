// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "base/limits.h"
#include "counterfoil/consent/event.h"

#include <doctest/doctest.h>

#include <functional>
#include <random>
#include <string>

namespace counterfoil::consent {
namespace {

constexpr std::string_view kGrantText =
    R"({"age_affirmed":true,"channels":["sms","whatsapp"],"ends":1858291200,"evidence":"claimed",)"
    R"("link":"caja","method":"form","minimum_age":14,"notice":{"id":"N1","language":"es",)"
    R"("sha256":"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc"},"place":"torrevieja","promise":{)"
    R"("days_per_week":3,"exceptions":["care/urgent","orders"],"from_minute":540,"holidays":false,)"
    R"("per_day":1,"to_minute":1200,"weekdays":31},"topics":["offers","orders"]})";
constexpr std::string_view kConfirmText = R"({"by":"staff","evidence":"present","user":"caja-1"})";
constexpr std::string_view kWithdrawText =
    R"({"by":"person","channels":["sms","whatsapp"],"topics":["offers"],"via":"link"})";
constexpr std::string_view kStopText = R"({"by":"staff","told_at":1795212000,"user":"caja-1","via":"till"})";
constexpr std::string_view kHoldText = R"({"case":"k-7","until":1858291200,"user":"maria"})";
constexpr std::string_view kHoldClearText = R"({"case":"k-7","user":"maria"})";
constexpr std::string_view kRestrictText = R"({"by":"manager","on":true,"reason":"accuracy","user":"maria"})";
constexpr std::string_view kChangeText =
    R"({"from":{"class":"consent","cohort":"2028-11"},"lines":[4,9],"reason":"hold",)"
    R"("to":{"class":"consent","cohort":"2029-01-31"}})";
constexpr std::string_view kLookupText =
    R"({"answer":"deny","reasons":["no_grant","stopped"],"user":"caja-1"})";
constexpr std::string_view kSentText =
    R"({"at":1790000123,"category":"utility","channel":"sms","decision":"allow","sender":"sms",)"
    R"("topic":"orders"})";
constexpr std::string_view kNativeText =
    R"({"at":1790000123,"channel":"whatsapp","sender":"wa","source":"client/hook"})";
constexpr std::string_view kInboundText =
    R"({"at":1790000123,"channel":"whatsapp","sender":"wa","source":"client/hook"})";
constexpr std::string_view kDoubtfulText =
    R"({"at":1790000123,"channel":"whatsapp","sender":"wa","source":"client/hook","text":"stop\n?"})";
constexpr std::string_view kIdentityText =
    R"({"addresses":[{"kind":"email","proof":"claimed","value":"ana@ejemplo.example"},)"
    R"({"kind":"phone","proof":"present","value":"+46701740605"}],"language":"es"})";

GrantBody grant_body() {
  GrantBody b;
  b.channels = {Channel::WhatsApp, Channel::Sms};
  b.topics = {TopicId("offers"), TopicId("orders")};
  b.notice = {NoticeId("N1"), "es", {}};
  b.notice.sha256.fill(7);
  b.method = "form";
  b.link = LinkId("caja");
  b.place = ShopId("torrevieja");
  b.age_affirmed = true;
  b.minimum_age = 14;
  b.promise.exceptions = {TopicId("care/urgent"), TopicId("orders")};
  b.ends = 1858291200;
  return b;
}
ConfirmBody confirm_body() {
  return {.evidence = Evidence::Present, .by = Actor::Staff, .user = UserId("caja-1")};
}
WithdrawBody withdraw_body() {
  return {.channels = {Channel::WhatsApp, Channel::Sms},
          .topics = {TopicId("offers")},
          .by = Actor::Person,
          .via = "link"};
}
StopBody stop_body() {
  return {.by = Actor::Staff, .via = "till", .user = UserId("caja-1"), .told_at = 1795212000};
}
HoldBody hold_body() {
  return {.case_id = CaseId("k-7"), .until = 1858291200, .user = UserId("maria")};
}
RestrictBody restrict_body() {
  return {.by = Actor::Manager, .on = true, .reason = "accuracy", .user = UserId("maria")};
}
RetentionChangeBody change_body() {
  return {.from = {"consent", "2028-11"},
          .to = {"consent", "2029-01-31"},
          .reason = "hold",
          .lines = {Seq{4}, Seq{9}}};
}
LookupBody lookup_body() {
  return {.answer = "deny", .reasons = {"no_grant", "stopped"}, .user = UserId("caja-1")};
}
SentBody sent_body() {
  return {.at = 1'790'000'123,
          .category = Category::Utility,
          .channel = Channel::Sms,
          .allowed = true,
          .sender = SenderId("sms"),
          .topic = TopicId("orders")};
}
NativeBody native_body(bool stop) {
  return {.stop = stop,
          .at = 1'790'000'123,
          .channel = Channel::WhatsApp,
          .sender = SenderId("wa"),
          .source = "client/hook"};
}
Identity identity_of_two() {
  return {.addresses = {{AddressKind::Email, "ana@ejemplo.example", Evidence::Claimed},
                        {AddressKind::Phone, "+46701740605", Evidence::Present}},
          .language = "es"};
}

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string out(text);
  const std::size_t at = out.find(from);
  REQUIRE_MESSAGE(at != std::string::npos, "nothing to replace");
  return out.replace(at, from.size(), to);
}

void round_trip(const EventBody& body, std::string_view text) {
  const auto encoded = encode_body(body);
  REQUIRE(encoded);
  CHECK(*encoded == text);
  const auto decoded = decode_body(event_type(body), text);
  REQUIRE(decoded);
  CHECK(*decoded == body);
}

TEST_CASE("each body has exactly one text") {
  round_trip(grant_body(), kGrantText);
  round_trip(confirm_body(), kConfirmText);
  round_trip(withdraw_body(), kWithdrawText);
  round_trip(stop_body(), kStopText);
  round_trip(hold_body(), kHoldText);
  round_trip(HoldClearBody{CaseId("k-7"), UserId("maria")}, kHoldClearText);
  round_trip(restrict_body(), kRestrictText);
  round_trip(change_body(), kChangeText);
  round_trip(lookup_body(), kLookupText);
  round_trip(sent_body(), kSentText);
  round_trip(native_body(true), kNativeText);
  round_trip(native_body(false), kNativeText);
  InboundBody inbound{1790000123, Channel::WhatsApp, SenderId("wa"), "client/hook", {}};
  round_trip(inbound, kInboundText);
  inbound.text = "stop\n?";
  round_trip(inbound, kDoubtfulText);
}

TEST_CASE("a member without a value is left out") {
  StopBody stop = stop_body();
  stop.user = UserId();
  stop.told_at.reset();
  round_trip(stop, R"({"by":"staff","via":"till"})");
  WithdrawBody all_channels = withdraw_body();
  all_channels.channels.clear();
  round_trip(all_channels, R"({"by":"person","topics":["offers"],"via":"link"})");
  round_trip(ConfirmBody{.evidence = Evidence::Possessed, .by = Actor::Machine, .user = UserId()},
             R"({"by":"machine","evidence":"possessed"})");
  round_trip(HoldBody{CaseId("k-7"), std::nullopt, UserId()}, R"({"case":"k-7"})");
  round_trip(HoldClearBody{CaseId("k-7"), UserId()}, R"({"case":"k-7"})");
  round_trip(RestrictBody{Actor::Person, false, "wish", UserId()},
             R"({"by":"person","on":false,"reason":"wish"})");
  GrantBody paper = grant_body();
  paper.method = "paper";
  paper.link = LinkId();
  paper.place = ShopId();
  const auto text = encode_body(paper);
  REQUIRE(text);
  CHECK(text->find("link") == std::string::npos);
  CHECK(text->find("place") == std::string::npos);
  CHECK(decode_body(EventType::Grant, *text) == EventBody(paper));
}

TEST_CASE("exceptions of a promise are written in order, whatever the configuration's order") {
  GrantBody b = grant_body();
  b.promise.exceptions = {TopicId("orders"), TopicId("care/urgent")};
  CHECK(encode_body(b) == std::string(kGrantText));
}

TEST_CASE("the writer refuses a body that breaks a rule") {
  struct Row {
    const char* rule;
    std::function<void(GrantBody&)> breaks;
  };
  const std::vector<Row> rows = {
      {"channels must name", [](GrantBody& b) { b.channels.clear(); }},
      {"channels must be sorted", [](GrantBody& b) { b.channels = {Channel::Sms, Channel::WhatsApp}; }},
      {"channels must be sorted", [](GrantBody& b) { b.channels = {Channel::Sms, Channel::Sms}; }},
      {"topics must name", [](GrantBody& b) { b.topics.clear(); }},
      {"topics must be sorted", [](GrantBody& b) { b.topics = {TopicId("b"), TopicId("a")}; }},
      {"topics must be sorted", [](GrantBody& b) { b.topics = {TopicId("a"), TopicId("a")}; }},
      {"a topic is not", [](GrantBody& b) { b.topics = {TopicId("a b")}; }},
      {"a topic is not", [](GrantBody& b) { b.topics = {TopicId(std::string(41, 'a'))}; }},
      {"too many topics",
       [](GrantBody& b) {
         b.topics.clear();
         for (int i = 100; i < 165; ++i) b.topics.emplace_back("t" + std::to_string(i));
       }},
      {"notice.id", [](GrantBody& b) { b.notice.id = NoticeId(); }},
      {"notice.language", [](GrantBody& b) { b.notice.language = ""; }},
      {"notice.language", [](GrantBody& b) { b.notice.language = "e_s"; }},
      {"method", [](GrantBody& b) { b.method = "phone"; }},
      {"link is missing", [](GrantBody& b) { b.link = LinkId(); }},
      {"link is not", [](GrantBody& b) { b.link = LinkId("a b"); }},
      {"place", [](GrantBody& b) { b.place = ShopId("\x01"); }},
      {"not affirmed", [](GrantBody& b) { b.age_affirmed = false; }},
      {"minimum_age", [](GrantBody& b) { b.minimum_age = -1; }},
      {"minimum_age", [](GrantBody& b) { b.minimum_age = 100; }},
      {"ends", [](GrantBody& b) { b.ends = 0; }},
      {"ends", [](GrantBody& b) { b.ends = Instant{1} << 53; }},
      {"per_day", [](GrantBody& b) { b.promise.per_day = 0; }},
      {"days_per_week", [](GrantBody& b) { b.promise.days_per_week = 8; }},
      {"the hours", [](GrantBody& b) { b.promise.to_minute = 540; }},
      {"the hours", [](GrantBody& b) { b.promise.to_minute = 1441; }},
      {"the hours", [](GrantBody& b) { b.promise.from_minute = -1; }},
      {"weekdays", [](GrantBody& b) { b.promise.weekdays = 0; }},
      {"weekdays", [](GrantBody& b) { b.promise.weekdays = 128; }},
      {"exceptions must be unique",
       [](GrantBody& b) { b.promise.exceptions = {TopicId("a"), TopicId("a")}; }},
      {"an exception", [](GrantBody& b) { b.promise.exceptions = {TopicId("")}; }},
  };
  for (const Row& row : rows) {
    CAPTURE(row.rule);
    GrantBody b = grant_body();
    row.breaks(b);
    const auto text = encode_body(b);
    REQUIRE_FALSE(text);
    CHECK(text.error().code == Code::BadInput);
    CHECK_MESSAGE(text.error().detail.find(row.rule) != std::string::npos, text.error().detail);
  }
}

TEST_CASE("the writer refuses broken confirmations, withdrawals and stops") {
  CHECK_FALSE(encode_body(ConfirmBody{.evidence = Evidence::Claimed, .by = Actor::Staff, .user = UserId()}));
  WithdrawBody no_topic = withdraw_body();
  no_topic.topics.clear();
  CHECK_FALSE(encode_body(no_topic));
  WithdrawBody unsorted = withdraw_body();
  unsorted.channels = {Channel::Sms, Channel::WhatsApp};
  CHECK_FALSE(encode_body(unsorted));
  WithdrawBody unknown_via = withdraw_body();
  unknown_via.via = "post";
  CHECK_FALSE(encode_body(unknown_via));
  StopBody stop = stop_body();
  stop.via = "receipt";
  CHECK_FALSE(encode_body(stop));
  stop = stop_body();
  stop.told_at = -1;
  CHECK_FALSE(encode_body(stop));
  stop = stop_body();
  stop.user = UserId("Maria Garcia");
  CHECK_FALSE(encode_body(stop));
}

TEST_CASE("the writer refuses broken holds, restrictions and changes of retention") {
  CHECK_FALSE(encode_body(HoldBody{CaseId(), std::nullopt, UserId()}));
  CHECK_FALSE(encode_body(HoldBody{CaseId("Maria Garcia"), std::nullopt, UserId()}));
  CHECK_FALSE(encode_body(HoldClearBody{CaseId(), UserId()}));
  RestrictBody restriction = restrict_body();
  restriction.reason = "because";
  CHECK_FALSE(encode_body(restriction));
  RetentionChangeBody change = change_body();
  change.lines = {Seq{9}, Seq{4}};
  CHECK_FALSE(encode_body(change));
  change.lines.clear();
  CHECK_FALSE(encode_body(change));
  change = change_body();
  change.to.until = "2029-1";
  CHECK_FALSE(encode_body(change));
  LookupBody look = lookup_body();
  look.user = UserId();
  CHECK_FALSE(encode_body(look));
  look = lookup_body();
  look.reasons = {"stopped", "no_grant"};
  CHECK_FALSE(encode_body(look));
  SentBody sent = sent_body();
  sent.at = -1;
  CHECK_FALSE(encode_body(sent));
  sent = sent_body();
  sent.sender = SenderId();
  CHECK_FALSE(encode_body(sent));
  sent = sent_body();
  sent.topic = TopicId("two words");
  CHECK_FALSE(encode_body(sent));
  NativeBody native = native_body(true);
  native.at = -1;
  CHECK_FALSE(encode_body(native));
  native = native_body(true);
  native.sender = SenderId();
  CHECK_FALSE(encode_body(native));
  native = native_body(false);
  native.source = "two words";
  CHECK_FALSE(encode_body(native));
  const InboundBody inbound{1790000123, Channel::WhatsApp, SenderId("wa"), "client/hook", "stop it"};
  CHECK(encode_body(inbound));
  const auto refuses = [&](const auto& spoil) {
    InboundBody body = inbound;
    spoil(body);
    CHECK_FALSE(encode_body(body));
  };
  refuses([](InboundBody& body) { body.at = -1; });
  refuses([](InboundBody& body) { body.sender = SenderId(); });
  refuses([](InboundBody& body) { body.source = "two words"; });
  refuses([](InboundBody& body) { body.text.assign(limits::kDoubtfulTextBytesMax + 1, 'x'); });
  refuses([](InboundBody& body) { body.text = "\xff"; });
}

TEST_CASE("the reader refuses what the writer would not write") {
  struct Row {
    EventType type;
    std::string_view good, from, to;
  };
  const std::vector<Row> rows = {
      {EventType::Grant, kGrantText, R"("age_affirmed":true,)", R"("age_affirmed":true,"b":1,)"},  // unknown
      {EventType::Grant, kGrantText, R"("age_affirmed":true,)", ""},                               // missing
      {EventType::Grant, kGrantText, R"("age_affirmed":true)", R"("age_affirmed":1)"},  // other type
      {EventType::Grant, kGrantText, R"("age_affirmed":true)", R"("age_affirmed":false)"},
      {EventType::Grant, kGrantText, R"(["sms","whatsapp"])", R"(["whatsapp","sms"])"},
      {EventType::Grant, kGrantText, R"(["sms","whatsapp"])", R"(["sms","sms"])"},
      {EventType::Grant, kGrantText, R"(["sms","whatsapp"])", R"([])"},
      {EventType::Grant, kGrantText, R"(["sms","whatsapp"])", R"(["fax"])"},
      {EventType::Grant, kGrantText, R"(["sms","whatsapp"])", R"("sms")"},
      {EventType::Grant, kGrantText, R"(["sms","whatsapp"])", R"([1])"},
      {EventType::Grant, kGrantText, "1858291200", "0"},
      {EventType::Grant, kGrantText, "1858291200", "-1"},
      {EventType::Grant, kGrantText, "1858291200", "\"1858291200\""},
      {EventType::Grant, kGrantText, "1858291200", "9007199254740992"},
      {EventType::Grant, kGrantText, "\"claimed\"", "\"Claimed\""},
      {EventType::Grant, kGrantText, R"("link":"caja",)", ""},
      {EventType::Grant, kGrantText, R"("link":"caja")", R"("link":"")"},
      {EventType::Grant, kGrantText, R"("place":"torrevieja")", R"("place":"")"},
      {EventType::Grant, kGrantText, R"("place":"torrevieja")", R"("place":null)"},
      {EventType::Grant, kGrantText, R"("language":"es")", R"("language":"es","x":0)"},
      {EventType::Grant, kGrantText, "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc", "BwcH"},
      {EventType::Grant, kGrantText, "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc",
       "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwd"},  // unused bits set
      {EventType::Grant, kGrantText, "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc",
       "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="},  // padded
      {EventType::Grant, kGrantText, R"("holidays":false)", R"("holidays":false,"hours":9)"},
      {EventType::Grant, kGrantText, R"(["care/urgent","orders"])", R"(["orders","care/urgent"])"},
      {EventType::Grant, kGrantText, R"("weekdays":31)", R"("weekdays":4294967327)"},
      {EventType::Grant, kGrantText, R"("topics":["offers","orders"])", R"("topics":["orders","offers"])"},
      {EventType::Grant, kGrantText, "{\"age", "{ \"age"},
      {EventType::Confirm, kConfirmText, "present", "claimed"},
      {EventType::Confirm, kConfirmText, "\"staff\"", "\"robot\""},
      {EventType::Confirm, kConfirmText, "\"caja-1\"", "\"\""},
      {EventType::Confirm, kConfirmText, "\"caja-1\"", "\"caja-1\",\"x\":1"},
      {EventType::Withdraw, kWithdrawText, R"(["sms","whatsapp"])", "[]"},
      {EventType::Withdraw, kWithdrawText, R"(["offers"])", "[]"},
      {EventType::Withdraw, kWithdrawText, "\"link\"", "\"post\""},
      {EventType::Stop, kStopText, "1795212000", "-1"},
      {EventType::Stop, kStopText, "1795212000", "null"},
      {EventType::Stop, kStopText, "\"till\"", "\"receipt\""},
      {EventType::HoldSet, kHoldText, R"("case":"k-7",)", ""},
      {EventType::HoldSet, kHoldText, "1858291200", "null"},
      {EventType::HoldClear, kHoldClearText, "\"k-7\"", "\"k 7\""},
      {EventType::Restrict, kRestrictText, "true", "1"},
      {EventType::Restrict, kRestrictText, "accuracy", "because"},
      {EventType::RetentionChange, kChangeText, "[4,9]", "[9,4]"},
      {EventType::RetentionChange, kChangeText, "[4,9]", "[-4]"},
      {EventType::RetentionChange, kChangeText, "[4,9]", "[]"},
      {EventType::RetentionChange, kChangeText, "2029-01-31", "2029-01-3"},
      {EventType::RetentionChange, kChangeText, R"("class":"consent",)", ""},
      {EventType::Lookup, kLookupText, R"("deny")", R"("perhaps")"},
      {EventType::Lookup, kLookupText, R"("no_grant","stopped")", R"("stopped","no_grant")"},
      {EventType::Lookup, kLookupText, R"("no_grant")", R"("no grant")"},
      {EventType::Lookup, kLookupText, R"(,"user":"caja-1")", ""},
      {EventType::Sent, kSentText, R"("utility")", R"("chat")"},
      {EventType::Sent, kSentText, R"("channel":"sms")", R"("channel":"fax")"},
      {EventType::Sent, kSentText, R"("allow")", R"("allow_later")"},
      {EventType::Sent, kSentText, "1790000123", "-1"},
      {EventType::Sent, kSentText, R"("sender":"sms",)", ""},
      {EventType::Sent, kSentText, R"("orders"})", R"("orders","text":"hello"})"},
  };
  for (const Row& row : rows) {
    const std::string text = replaced(row.good, row.from, row.to);
    CAPTURE(text);
    const auto body = decode_body(row.type, text);
    REQUIRE_FALSE(body);
    CHECK(body.error().code == Code::BadInput);
  }
  CHECK_FALSE(decode_body(EventType::Stop, "[]"));
  CHECK_FALSE(decode_body(EventType::Stop, ""));
  CHECK_FALSE(decode_body(EventType::Stop, kWithdrawText));
}

TEST_CASE("types without a body here are not found") {
  for (const EventType type : {EventType::Renew, EventType::Import, EventType::SysMeta}) {
    const auto body = decode_body(type, "{}");
    REQUIRE_FALSE(body);
    CHECK(body.error().code == Code::NotFound);
  }
}

TEST_CASE("an identity has exactly one text, addresses in order") {
  Identity identity = identity_of_two();
  CHECK(encode_identity(identity) == std::string(kIdentityText));
  CHECK(decode_identity(kIdentityText) == identity);
  std::swap(identity.addresses[0], identity.addresses[1]);
  CHECK(encode_identity(identity) == std::string(kIdentityText));
  identity.language.clear();
  identity.addresses.resize(1);
  const auto text = encode_identity(identity);
  REQUIRE(text);
  CHECK(*text == R"({"addresses":[{"kind":"phone","proof":"present","value":"+46701740605"}]})");
  CHECK(decode_identity(*text) == identity);
}

TEST_CASE("an identity that breaks a rule is refused both ways and its value is never repeated") {
  const auto refused = [](const Identity& identity) {
    const auto text = encode_identity(identity);
    if (text) return false;
    for (const Address& a : identity.addresses) {
      if (a.value.size() > 3 && text.error().detail.find(a.value) != std::string::npos) return false;
    }
    return text.error().code == Code::BadInput;
  };
  const auto with = [](AddressKind kind, std::string value) {
    return Identity{.addresses = {{kind, std::move(value), Evidence::Claimed}}, .language = "es"};
  };
  // Nobody: a stop by a number that no submission names.
  CHECK(encode_identity({}).value() == R"({"addresses":[]})");
  CHECK(decode_identity(R"({"addresses":[]})") == Identity{});
  for (const char* phone :
       {"46701740605", "+0701740605", "+46 701740605", "+12345", "+1234567890123456", "+", ""})
    CHECK_MESSAGE(refused(with(AddressKind::Phone, phone)), phone);
  CHECK_FALSE(refused(with(AddressKind::Phone, "+123456789012345")));
  for (const char* mail : {"ana", "@b.example", "ana@", "a@b@c", "a b@c.example", "a\x7f@c", "\xff@c"})
    CHECK_MESSAGE(refused(with(AddressKind::Email, mail)), mail);
  CHECK_FALSE(refused(with(AddressKind::Email, "josé@ejemplo.example")));
  CHECK(refused(with(AddressKind::WhatsAppId, std::string(limits::kAddressBytesMax + 1, 'a'))));
  CHECK_FALSE(refused(with(AddressKind::WhatsAppId, std::string(limits::kAddressBytesMax, 'a'))));
  Identity twice = identity_of_two();
  twice.addresses[0] = twice.addresses[1];
  twice.addresses[0].proof = Evidence::Claimed;
  CHECK(refused(twice));
  Identity many{.addresses = {}, .language = "es"};
  for (std::size_t i = 0; i <= limits::kAddressesPerSubjectMax; ++i)
    many.addresses.push_back({AddressKind::MessengerId, std::to_string(1000 + i), Evidence::Claimed});
  CHECK(refused(many));
  many.addresses.pop_back();
  CHECK_FALSE(refused(many));
  CHECK_FALSE(decode_identity(replaced(kIdentityText, "\"language\":\"es\"", "\"language\":\"\"")));
  CHECK_FALSE(decode_identity(
      replaced(kIdentityText, "\"language\":\"es\"", "\"language\":\"es\",\"name\":\"Ana\"")));
  CHECK_FALSE(decode_identity(replaced(kIdentityText, "\"kind\":\"email\"", "\"kind\":\"zzz\"")));
  CHECK_FALSE(decode_identity(replaced(kIdentityText, "\"kind\":\"email\",", "")));
  CHECK_FALSE(decode_identity(replaced(kIdentityText, "\"kind\":\"email\"", "\"kind\":\"wa_id\"")));  // order
  CHECK_FALSE(decode_identity(R"({"addresses":[1],"language":"es"})"));
  CHECK_FALSE(decode_identity("{}"));
}

TEST_CASE("the largest grant and identity fit a disclosure") {
  GrantBody b = grant_body();
  b.channels.assign(kChannels.begin(), kChannels.end());
  b.topics.clear();
  for (int i = 0; i < static_cast<int>(limits::kTopicsPerEventMax); ++i)
    b.topics.emplace_back(std::string(limits::kNameBytesMax - 3, 'a') + std::to_string(100 + i));
  b.promise.exceptions = b.topics;
  const auto grant = encode_body(b);
  REQUIRE(grant);
  CHECK(grant->size() <= limits::kDisclosureBytesMax);
  Identity identity{.addresses = {}, .language = std::string(limits::kLanguageTagBytesMax, 'a')};
  for (std::size_t i = 0; i < limits::kAddressesPerSubjectMax; ++i) {
    std::string value = std::to_string(i) + "@";
    while (value.size() + 2 <= limits::kAddressBytesMax) value += "é";
    identity.addresses.push_back({AddressKind::Email, value, Evidence::Claimed});
  }
  const auto text = encode_identity(identity);
  REQUIRE(text);
  CHECK(text->size() <= limits::kDisclosureBytesMax);
  CHECK(decode_identity(*text));
}

TEST_CASE("whatever the reader accepts, the writer writes back byte for byte") {
  std::mt19937_64 random(20261122);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  const std::vector<std::pair<EventType, std::string_view>> seeds = {
      {EventType::Grant, kGrantText},           {EventType::Confirm, kConfirmText},
      {EventType::Withdraw, kWithdrawText},     {EventType::Stop, kStopText},
      {EventType::HoldSet, kHoldText},          {EventType::Restrict, kRestrictText},
      {EventType::RetentionChange, kChangeText}};
  constexpr std::string_view kAlphabet = "\"{}[],:0123456789abcdefnrstuw_- \\\x01\xc3";
  int accepted = 0;
  for (int round = 0; round < 40'000; ++round) {
    const auto& [type, seed] = seeds[below(seeds.size())];
    std::string text(seed);
    for (std::size_t edits = 1 + below(2); edits > 0; --edits) {
      const std::size_t at = below(text.size());
      if (below(3) == 0) {
        text.erase(at, 1 + below(8));
      } else {
        text[at] = kAlphabet[below(kAlphabet.size())];
      }
      if (text.empty()) text = "x";
    }
    const auto body = decode_body(type, text);
    if (!body) continue;
    ++accepted;
    CAPTURE(text);
    REQUIRE(encode_body(*body) == text);
  }
  CHECK(accepted > 500);  // the property was put to the test
}

}  // namespace
}  // namespace counterfoil::consent
