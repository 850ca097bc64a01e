// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The door for programs, with a real desk behind it: who may ask, what is refused whole, and that the answer
// is the till's.
#include "api/routes.h"

#include "base/limits.h"
#include "counterfoil/decide/decision_json.h"
#include "tests/support/shop.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace counterfoil::api {
namespace {

constexpr const char* kEva = "+46701740631";
const consent::Address kEvasPhone{consent::AddressKind::Phone, kEva, consent::Evidence::Claimed};

std::string question(const std::string& more, const std::string& number = kEva) {
  return R"({"number":")" + number + R"(","channel":"whatsapp","topic":"offers")" + more + "}";
}
std::string asking(const std::string& questions) {
  return R"({"questions":[)" + questions + "]}";
}

struct Answer {
  int status = 0;
  json::Value body;
  std::string challenge;
  [[nodiscard]] json::Value error() const {
    const json::Value* found = body.find("error");
    return found == nullptr ? json::Value() : *found;
  }
  [[nodiscard]] std::string code() const { return error().string_at("code").value_or("-"); }
  [[nodiscard]] std::string at() const { return error().string_at("at").value_or(""); }
  [[nodiscard]] json::Array list(std::string_view name) const {
    const json::Value* list = body.find(name);
    REQUIRE(list != nullptr);
    REQUIRE(list->array() != nullptr);
    return *list->array();
  }
};

struct Door {
  explicit Door(test::Shop& shop) : Door(shop, {}) {
    REQUIRE(shop.desk->add_user("maria", desk::Role::Manager, "a long password"));
    const auto added = shop.desk->add_client({"crm", {"decide"}});
    REQUIRE(added);
    token = *added;
  }
  Door(test::Shop& shop, std::string known_token) : token(std::move(known_token)) {
    add_routes(router, *shop.desk, shop.clock);
  }

  /// As the transport does: the head first.
  [[nodiscard]] net::Response answer(net::Request request) const {
    const auto match = router.find(request.method, request.path);
    REQUIRE(match.limits.admits);
    if (const auto why = match.limits.admits(request)) return router.error(request, why->status, why->reason);
    return router.dispatch(std::move(request));
  }
  [[nodiscard]] Answer post(const std::string& body, net::NameValues fields) const {
    return ask(net::Method::Post, "/v1/decide", body, std::move(fields));
  }
  [[nodiscard]] Answer ask(net::Method method, const std::string& path, const std::string& body,
                           net::NameValues fields) const {
    net::Request request;
    request.method = method;
    request.path = path;
    request.listener = net::ListenerKind::Staff;
    request.fields = std::move(fields);
    request.body = body;
    const auto response = answer(std::move(request));
    Answer out;
    out.status = response.status;
    CHECK(response.field("Content-Type").value_or("").starts_with("application/json"));
    out.challenge = response.field("WWW-Authenticate").value_or("");
    std::string_view text = response.body;
    REQUIRE(text.ends_with('\n'));
    text.remove_suffix(1);
    const auto value = json::read(text);
    REQUIRE(value);
    out.body = *value;
    return out;
  }
  [[nodiscard]] Answer post(const std::string& body) const {
    return post(body, {{"Authorization", "Bearer " + token}, {"Content-Type", "application/json"}});
  }

  /// What a client with the scope timeline is told of that number.
  [[nodiscard]] std::string ref_of(const std::string& number, const std::string& by) const {
    const auto answer = ask(net::Method::Post, "/v1/people", R"({"number":")" + number + R"("})",
                            {{"Authorization", "Bearer " + by}, {"Content-Type", "application/json"}});
    REQUIRE(answer.status == 200);
    return answer.body.string_at("person").value_or("");
  }
  [[nodiscard]] Answer timeline(const std::string& ref, const std::string& by) const {
    return ask(net::Method::Get, "/v1/people/" + ref + "/timeline", "", {{"Authorization", "Bearer " + by}});
  }

  net::Router router;
  std::string token;
};

std::string proven_yes(test::Shop& shop, const std::string& number) {
  const auto given = shop.desk->opt_in(shop.request(number));
  REQUIRE(given);
  REQUIRE(shop.desk->confirm(given->code, shop.cashier));
  return given->token;
}

}  // namespace

TEST_CASE("the answer is the decision of the till, and the person can see who asked") {
  test::Shop shop;
  const Door door(shop);
  const std::string token = proven_yes(shop, kEva);
  const auto answer = door.post(asking(question("")));
  REQUIRE(answer.status == 200);
  const auto check = shop.desk->check(kEva, "", shop.cashier);
  REQUIRE(check);
  const auto row = std::find_if(check->rows.begin(), check->rows.end(), [](const auto& r) {
    return r.channel == consent::Channel::WhatsApp && r.topic.text() == "offers";
  });
  const json::Array expected{decide::to_json(row->decision)};
  CHECK(answer.list("decisions") == expected);
  CHECK(row->decision.verdict == decide::Verdict::Allow);

  CHECK(shop.desk->submission(token)->look_ups == 2);
  const auto counts = shop.desk->look_ups();
  REQUIRE(counts);
  REQUIRE(counts->size() == 2);
  CHECK(counts->at(0).user.text() == shop.cashier.id.text());
  CHECK(counts->at(1).user.text() == "client/crm");
  CHECK(counts->at(1).found == 1);
}

TEST_CASE("many questions: answers in their order, one look-up for each number") {
  test::Shop shop;
  const Door door(shop);
  const std::string token = proven_yes(shop, kEva);
  const std::string other = "+46701740699";
  const auto answer =
      door.post(asking(question("", other) + "," + question("") + "," +
                       question(R"(,"useful_until":"2020-01-01T00:00:00Z")") + "," + question("", other)));
  REQUIRE(answer.status == 200);
  std::string verdicts;
  for (const auto& decision : answer.list("decisions"))
    verdicts += decision.string_at("verdict").value_or("?") + " ";
  CHECK(verdicts == "deny allow deny deny ");
  CHECK(shop.desk->submission(token)->look_ups == 1);
  const auto counts = shop.desk->look_ups();
  REQUIRE(counts);
  CHECK(counts->front().found == 1);
  CHECK(counts->front().missed == 1);
}

TEST_CASE("whoever shows no token, an old one or one for something else is not let in") {
  test::Shop shop;
  const Door door(shop);
  const std::string body = asking(question(""));
  const net::NameValue json_type{"Content-Type", "application/json"};
  for (const std::string& shown : {std::string(), std::string("Bearer "), "Bearer " + door.token + "A",
                                   door.token, "Basic " + door.token, std::string("Bearer counterfoil_")}) {
    const auto answer = door.post(body, {json_type, {"Authorization", shown}});
    CHECK(answer.status == 401);
    CHECK(answer.code() == "token");
    CHECK(answer.challenge == "Bearer");
  }
  CHECK(door.post(body, {json_type}).status == 401);
  CHECK(door.post(body).status == 200);
  CHECK(door.post(body, {json_type, {"Authorization", "bearer " + door.token}}).status == 200);  // RFC 9110
  shop.reopen();
  const Door reopened(shop, door.token);
  CHECK(reopened.post(body).status == 200);
  REQUIRE(shop.desk->remove_client("crm"));
  CHECK(reopened.post(body).status == 401);
  CHECK(shop.desk->remove_client("crm").error().code == Code::NotFound);
}

TEST_CASE("a request with a mistake names its place and changes nothing") {
  test::Shop shop;
  const Door door(shop);
  proven_yes(shop, kEva);
  const auto size = shop.ledger->health().size;
  const std::string good = question("");
  struct Wrong {
    std::string body;
    std::string code;
    std::string at;
  };
  const std::vector<Wrong> all = {
      {"", "json", ""},
      {"{\"questions\":[", "json", ""},
      {"\xff\xfe", "json", ""},
      {"[]", "wrong_type", ""},
      {"{}", "missing", "/questions"},
      {R"({"questions":"all"})", "wrong_type", "/questions"},
      {R"({"questions":[]})", "questions", "/questions"},
      {R"({"questions":[],"verbose":true})", "unknown", ""},
      {asking("7"), "wrong_type", "/questions/0"},
      {asking(good + R"(,{"channel":"whatsapp","topic":"offers"})"), "missing", "/questions/1/number"},
      {asking(R"({"number":"+46701740631","topic":"offers"})"), "missing", "/questions/0/channel"},
      {asking(R"({"number":"+46701740631","channel":"whatsapp"})"), "missing", "/questions/0/topic"},
      {asking(R"({"number":46701740631,"channel":"whatsapp","topic":"offers"})"), "wrong_type",
       "/questions/0/number"},
      {asking(good + "," + question("", "12")), "number", "/questions/1/number"},
      {asking(question(R"(,"region":"Sweden")", "070-174 06 31")), "number", "/questions/0/number"},
      {asking(R"({"number":"+46701740631","channel":"pigeon","topic":"offers"})"), "channel",
       "/questions/0/channel"},
      {asking(R"({"number":"+46701740631","channel":"voice","topic":"offers"})"), "channel",
       "/questions/0/channel"},
      {asking(R"({"number":"+46701740631","channel":"whatsapp","topic":"nothing"})"), "topic",
       "/questions/0/topic"},
      {asking(question(R"(,"sender":"nobody")")), "sender", "/questions/0/sender"},
      {asking(question(R"(,"useful_until":"tomorrow")")), "useful_until", "/questions/0/useful_until"},
      {asking(question(R"(,"useful_until":"2026-02-30T00:00:00Z")")), "useful_until",
       "/questions/0/useful_until"},
      {asking(question(R"(,"category":"utility")")), "unknown", "/questions/0"},
  };
  for (const Wrong& wrong : all) {
    CAPTURE(wrong.body);
    const auto answer = door.post(wrong.body);
    CHECK(answer.status == 400);
    CHECK(answer.code() == wrong.code);
    CHECK(answer.at() == wrong.at);
    CHECK(answer.error().string_at("message").value_or("").find("4670174") == std::string::npos);
  }
  std::string crowd = good;
  for (std::size_t i = 0; i < limits::kQuestionsMax; ++i) crowd += "," + good;
  CHECK(door.post(asking(crowd)).code() == "questions");
  const auto form = door.post("number=1", {{"Authorization", "Bearer " + door.token},
                                           {"Content-Type", "application/x-www-form-urlencoded"}});
  CHECK(form.status == 415);
  CHECK(shop.ledger->health().size == size);
  CHECK(shop.desk->look_ups()->empty());
}

TEST_CASE("a program's message is noted when it may go, and counts") {
  test::Shop shop;
  const Door door(shop);
  const auto sender = shop.desk->add_client({"sender", {"write"}});
  REQUIRE(sender);
  const std::string token = proven_yes(shop, kEva);
  const auto send = [&](const std::string& number) {
    return door.ask(net::Method::Post, "/v1/messages", question("", number),
                    {{"Authorization", "Bearer " + *sender}, {"Content-Type", "application/json"}});
  };
  CHECK(*send(kEva).body.find("noted") == json::Value(true));
  CHECK(shop.desk->submission(token)->messages == 1);
  const auto again = send(kEva);  // the promise is one a day
  CHECK(again.status == 200);
  CHECK(*again.body.find("noted") == json::Value(false));
  CHECK(again.body.find("decision")->string_at("verdict").value_or("?") == "allow_later");
  CHECK(shop.desk->submission(token)->messages == 1);
  CHECK(send("12").at() == "/number");
  CHECK(door.ask(net::Method::Post, "/v1/messages", question(""),
                 {{"Authorization", "Bearer " + door.token}, {"Content-Type", "application/json"}})
            .status == 403);
}

TEST_CASE("what a platform says is recorded where it is news, and holds up adverts only") {
  test::Shop shop;
  const Door door(shop);
  const auto hook = shop.desk->add_client({"hook", {"report"}});
  REQUIRE(hook);
  proven_yes(shop, kEva);
  const auto report = [&](const std::string& fact, const std::string& more = "",
                          const std::string& number = kEva) {
    return door.ask(
        net::Method::Post, "/v1/facts",
        R"({"fact":")" + fact + R"(","number":")" + number + R"(","channel":"whatsapp")" + more + "}",
        {{"Authorization", "Bearer " + *hook}, {"Content-Type", "application/json"}});
  };
  const auto changed = [&](const Answer& answer) { return answer.body.integer_at("changed").value_or(-1); };
  CHECK(changed(report("native_stop")) == 1);
  CHECK(changed(report("native_stop")) == 0);
  CHECK(changed(report("native_stop", "", "+46701740699")) == 0);
  const auto offers = shop.at_till(kEva, consent::Channel::WhatsApp, "offers");
  REQUIRE(offers.reasons.size() == 1);
  CHECK(offers.reasons.front().code == decide::ReasonCode::NativeStop);
  CHECK(offers.reasons.front().kind == decide::RuleKind::Platform);
  CHECK(shop.at_till(kEva, consent::Channel::WhatsApp, "orders").verdict == decide::Verdict::Allow);
  CHECK(shop.at_till(kEva, consent::Channel::Sms, "offers").verdict == decide::Verdict::Allow);
  shop.reopen();
  CHECK(shop.at_till(kEva, consent::Channel::WhatsApp, "offers").verdict == decide::Verdict::Deny);
  CHECK(shop.desk->native(kEva, "", {false, shop.clock.now() + 1, consent::Channel::WhatsApp, {}, "x"})
            .error() == fail(Code::BadInput, "at"));
  CHECK(shop.desk->native(kEva, "", {false, 0, consent::Channel::Voice, {}, "x"}).error() ==
        fail(Code::BadInput, "channel"));
  CHECK(shop.desk->native(kEva, "", {false, 0, consent::Channel::WhatsApp, consent::SenderId("y"), "x"})
            .error() == fail(Code::BadInput, "sender"));
  CHECK(shop.desk->native(kEva, "", {false, shop.clock.now(), consent::Channel::WhatsApp, {}, "x"}).value() ==
        1);
  CHECK(shop.at_till(kEva, consent::Channel::WhatsApp, "offers").verdict == decide::Verdict::Allow);
}

TEST_CASE("what somebody wrote is carried out before the answer, which tells nothing but what it says") {
  test::Shop shop;
  const Door door(shop);
  const auto hook = shop.desk->add_client({"hook", {"report", "timeline"}});
  REQUIRE(hook);
  proven_yes(shop, kEva);
  const auto wrote = [&](const std::string& more, const std::string& number = kEva) {
    const auto answer =
        door.ask(net::Method::Post, "/v1/inbound",
                 R"({"number":")" + number + R"(","channel":"whatsapp")" + more + "}",
                 {{"Authorization", "Bearer " + *hook}, {"Content-Type", "application/json"}});
    REQUIRE(answer.status == 200);
    return answer.body.string_at("wish").value_or("?");
  };
  CHECK(wrote("") == "none");
  CHECK(wrote(R"(,"text":"Can I stop by at five?")") == "human");
  CHECK(wrote(R"(,"text":"Can I stop by at five?")", "+46701740699") == "human");
  CHECK(wrote(R"(,"text":"AYUDA")") == "help");
  CHECK(wrote(R"(,"text":"STOP offers")") == "stop_topic");
  CHECK(shop.at_till(kEva, consent::Channel::Sms, "offers").verdict == decide::Verdict::Deny);
  CHECK(shop.at_till(kEva, consent::Channel::Sms, "orders").verdict == decide::Verdict::Allow);
  const auto waiting = shop.desk->doubtful();
  REQUIRE(waiting);
  REQUIRE(waiting->size() == 1);
  CHECK(waiting->front().text == "Can I stop by at five?");
  const auto seen = door.timeline(door.ref_of(kEva, *hook), *hook);
  std::size_t inbound = 0;
  for (const auto& event : seen.list("events")) {
    if (event.string_at("type").value_or("?") != "contact.inbound") continue;
    ++inbound;
    CHECK(event.find("body")->find("text") == nullptr);
    CHECK(event.find("body")->string_at("source").value_or("?") == "client/hook");
  }
  CHECK(inbound == 2);
  CHECK(wrote(R"(,"text":"STOP")") == "stop_all");
  CHECK(shop.at_till(kEva, consent::Channel::Sms, "orders").verdict == decide::Verdict::Deny);
}

TEST_CASE("a timeline says what somebody said, to whom it may, without colleagues' names") {
  test::Shop shop;
  const Door door(shop);
  const auto support = shop.desk->add_client({"support", {"timeline"}});
  const auto other = shop.desk->add_client({"other", {"timeline"}});
  REQUIRE(support);
  REQUIRE(other);
  const std::string token = proven_yes(shop, kEva);
  REQUIRE(shop.desk->keep(token, {consent::TopicId("orders")}));
  const std::string ref = door.ref_of(kEva, *support);
  CHECK(ref != door.ref_of(kEva, *support));
  CHECK(from_base64url(ref));
  const auto seen = door.timeline(ref, *support);
  REQUIRE(seen.status == 200);
  std::string types;
  for (const auto& event : seen.list("events")) {
    types += event.string_at("type").value_or("?") + " ";
    CHECK(event.find("body")->find("user") == nullptr);
  }
  CHECK(types == "consent.grant consent.confirm consent.withdraw ");
  CHECK(shop.desk->submission(token)->look_ups == 1);

  CHECK(door.timeline(ref, *other).status == 404);
  CHECK(door.timeline(ref.substr(1), *support).status == 404);
  CHECK(door.timeline("x", *support).status == 404);
  CHECK(door.timeline(ref, door.token).status == 403);
  CHECK(Door(shop, "").timeline(ref, *support).status == 404);  // another process
  shop.clock.advance(limits::kPersonRefLife_ms / 1000);
  CHECK(door.timeline(ref, *support).status == 404);

  // Nobody can tell a stop from an erasure, or either from nobody.
  REQUIRE(shop.desk->stop_all(token));
  const auto stopped = door.timeline(door.ref_of(kEva, *support), *support);
  const auto unknown = door.timeline(door.ref_of("+46701740699", *support), *support);
  CHECK(stopped.status == 200);
  CHECK(stopped.body == unknown.body);
}

TEST_CASE("clients are named once and have scopes that exist") {
  test::Shop shop;
  const auto wrong = [&](const desk::Client& client) { return shop.desk->add_client(client).error().code; };
  CHECK(wrong({"CRM", {"decide"}}) == Code::BadInput);
  CHECK(wrong({std::string(limits::kClientNameBytesMax + 1, 'a'), {"decide"}}) == Code::BadInput);
  CHECK(wrong({"crm", {}}) == Code::BadInput);
  CHECK(wrong({"crm", {"everything"}}) == Code::BadInput);
  REQUIRE(shop.desk->add_client({std::string(limits::kClientNameBytesMax, 'a'), {"decide"}}));
  for (std::size_t i = 1; i < limits::kClientsMax; ++i)
    REQUIRE(shop.desk->add_client({"c" + std::to_string(i), {"decide"}}));
  CHECK(wrong({"one-more", {"decide"}}) == Code::Limit);
  CHECK(shop.desk->clients().size() == limits::kClientsMax);
  REQUIRE(shop.desk->remove_client("c1"));
  CHECK(wrong({"c2", {"decide"}}) == Code::Conflict);
}

TEST_CASE("before the first manager nobody is let in") {
  test::Shop shop;
  const auto token = shop.desk->add_client({"crm", {"decide"}});
  REQUIRE(token);
  const auto answer = Door(shop, *token).post(asking(question("")));
  CHECK(answer.status == 503);
  CHECK(answer.code() == "not_set_up");
}

}  // namespace counterfoil::api
