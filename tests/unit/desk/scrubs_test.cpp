// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// One question about a list: every line gets the answer of the till, pieces may break anywhere, a sample can
// be drawn again, and nobody but its client sees a list.
#include "base/limits.h"
#include "tests/support/shop.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <thread>

namespace counterfoil::desk {
namespace {

using Stage = ScrubState::Stage;

const consent::UserId kCrm{"client/crm"};
constexpr const char* kEva = "+46701740631";

ScrubOrder offers() {
  return {{{}, "SE", consent::Channel::WhatsApp, consent::TopicId("offers")}};
}

void proven_yes(test::Shop& shop, const std::string& number) {
  const auto given = shop.desk->opt_in(shop.request(number));
  REQUIRE(given);
  REQUIRE(shop.desk->confirm(given->code, shop.cashier));
}

ScrubState run(Scrubs& scrubs, const std::string& id) {
  REQUIRE(scrubs.run(id, kCrm));
  for (int i = 0; i < 2000; ++i) {
    const auto state = scrubs.state(id, kCrm);
    REQUIRE(state);
    if (state->stage != Stage::Running) return *state;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  FAIL("the list was not done within 20 seconds");
  return {};
}

// In pieces of that size.
std::string with_list(Scrubs& scrubs, const ScrubOrder& order, std::string_view list, std::size_t piece) {
  const auto opened = scrubs.open(order, kCrm);
  REQUIRE(opened);
  for (std::size_t at = 0; at < list.size(); at += piece)
    REQUIRE(scrubs.add(opened->id, kCrm, at, list.substr(at, piece)));
  return opened->id;
}

std::string verdicts(Scrubs& scrubs, const std::string& id) {
  const auto lines = scrubs.lines(id, kCrm, 0);
  REQUIRE(lines);
  std::string out;
  for (const ScrubLine& line : *lines)
    out += line.verdict ? std::string(decide::verdict_name(*line.verdict)) + " " : "- ";
  return out;
}

}  // namespace

TEST_CASE("every line has the till's answer, whatever the pieces and ends of lines") {
  test::Shop shop;
  proven_yes(shop, kEva);
  const std::string list =
      "+46 70 174 06 31\r\n\nnobody\n070-174 06 99\n" + std::string(500, '1') + "\n070-174 06 31";
  Scrubs& scrubs = shop.desk->scrubs();
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1000}}) {
    const std::string id = with_list(scrubs, offers(), list, piece);
    CHECK(scrubs.state(id, kCrm)->lines == 6);
    CHECK(scrubs.lines(id, kCrm, 0).error().code == Code::Conflict);
    const auto state = run(scrubs, id);
    CHECK(state.stage == Stage::Done);
    CHECK(state.done == 6);
    CHECK(state.as_of == shop.clock.now());
    CHECK(verdicts(scrubs, id) == "allow - - deny - allow ");
    const auto lines = scrubs.lines(id, kCrm, 3);
    REQUIRE(lines);
    CHECK(lines->size() == 3);
    CHECK(lines->front().reasons == std::vector{decide::ReasonCode::NeverConsented});
    CHECK_FALSE(lines->front().next_allowed);
    CHECK(lines->back().next_allowed == shop.clock.now());
    CHECK(scrubs.lines(id, kCrm, 6)->empty());
    CHECK(scrubs.lines(id, kCrm, 7).error().code == Code::BadInput);
    REQUIRE(scrubs.end(id, kCrm));
    CHECK(scrubs.state(id, kCrm).error().code == Code::NotFound);
  }
}

TEST_CASE("an empty list is done at once, and lines end with their last byte") {
  test::Shop shop;
  Scrubs& scrubs = shop.desk->scrubs();
  for (const auto& [list, lines] : std::vector<std::pair<std::string, std::uint64_t>>{
           {"", 0}, {"\n", 1}, {"a", 1}, {"a\n", 1}, {"a\n\n", 2}, {"\na", 2}}) {
    const std::string id = with_list(scrubs, offers(), list, 1);
    CHECK(run(scrubs, id).done == lines);
    CHECK(scrubs.state(id, kCrm)->lines == lines);
    CHECK(scrubs.lines(id, kCrm, 0)->size() == lines);
    REQUIRE(scrubs.end(id, kCrm));
  }
}

TEST_CASE("a piece that was sent twice is not added twice, and a list that runs is closed") {
  test::Shop shop;
  Scrubs& scrubs = shop.desk->scrubs();
  const auto opened = scrubs.open(offers(), kCrm);
  REQUIRE(opened);
  REQUIRE(scrubs.add(opened->id, kCrm, 0, "+4670174"));
  const auto again = scrubs.add(opened->id, kCrm, 0, "+4670174");
  REQUIRE_FALSE(again);
  CHECK(again.error() == fail(Code::Conflict, "there are 8 bytes of the list; go on there"));
  REQUIRE(scrubs.add(opened->id, kCrm, 8, "0631\n"));
  const std::string most(limits::kListPieceBytesMax, '\n');
  std::uint64_t at = 13;
  while (at + most.size() <= limits::kListBytesMax) {
    REQUIRE(scrubs.add(opened->id, kCrm, at, most));
    at += most.size();
  }
  CHECK(scrubs.add(opened->id, kCrm, at, most).error().code == Code::Limit);
  REQUIRE(scrubs.end(opened->id, kCrm));

  const std::string id = with_list(scrubs, offers(), kEva, 100);
  run(scrubs, id);
  CHECK(scrubs.add(id, kCrm, std::string_view(kEva).size(), "1").error().code == Code::Conflict);
  CHECK(scrubs.run(id, kCrm)->stage == Stage::Done);
}

TEST_CASE("a list is its client's own, and is forgotten when nobody asks for it") {
  test::Shop shop;
  Scrubs& scrubs = shop.desk->scrubs();
  const consent::UserId other("client/other");
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < limits::kListsMax; ++i) ids.push_back(scrubs.open(offers(), kCrm)->id);
  CHECK(scrubs.state(ids[0], other).error().code == Code::NotFound);
  CHECK(scrubs.add(ids[0], other, 0, "1").error().code == Code::NotFound);
  CHECK(scrubs.run(ids[0], other).error().code == Code::NotFound);
  CHECK(scrubs.end(ids[0], other).error().code == Code::NotFound);
  CHECK(scrubs.open(offers(), other).error().code == Code::Limit);
  shop.clock.advance(limits::kListIdle_ms / 1000);
  REQUIRE(scrubs.state(ids[0], kCrm));
  shop.clock.advance(1);
  shop.desk->keep_house();  // nobody has to open another for it
  CHECK(scrubs.state(ids[2], kCrm).error().code == Code::NotFound);
  REQUIRE(scrubs.open(offers(), other));
  CHECK(scrubs.state(ids[0], kCrm));
  CHECK(scrubs.state(ids[1], kCrm).error().code == Code::NotFound);
}

TEST_CASE("what is asked must be something the shop could send") {
  test::Shop shop;
  Scrubs& scrubs = shop.desk->scrubs();
  const auto refused = [&](const std::function<void(ScrubOrder&)>& change) {
    ScrubOrder order = offers();
    change(order);
    const auto opened = scrubs.open(order, kCrm);
    REQUIRE_FALSE(opened);
    return opened.error().detail;
  };
  CHECK(refused([](auto& o) { o.asked.topic = consent::TopicId("nothing"); }) == "topic");
  CHECK(refused([](auto& o) { o.asked.channel = consent::Channel::Voice; }) == "channel");
  CHECK(refused([](auto& o) { o.asked.sender = consent::SenderId("nobody"); }) == "sender");
  CHECK(refused([](auto& o) { o.sample = limits::kListSampleMax + 1; }) == "sample");
}

TEST_CASE("a sample is drawn from those who may be messaged, and again the same from another order") {
  test::Shop shop;
  std::vector<std::string> people;
  for (int i = 13; i < 33; ++i) {
    people.push_back("+467017406" + std::to_string(i));
    proven_yes(shop, people.back());
  }
  Scrubs& scrubs = shop.desk->scrubs();
  const auto drawn = [&](const std::string& seed, bool backwards) {
    std::vector<std::string> list = people;
    list.push_back("+46701740699");  // never said yes
    list.push_back(people.front());  // twice in the list
    if (backwards) std::reverse(list.begin(), list.end());
    std::string text;
    for (const auto& number : list) text += number + "\n";
    ScrubOrder order = offers();
    order.sample = 5;
    order.seed = seed;
    const std::string id = with_list(scrubs, order, text, 100);
    run(scrubs, id);
    std::vector<std::string> out;
    const auto lines = scrubs.lines(id, kCrm, 0);
    REQUIRE(lines);
    for (std::size_t i = 0; i < lines->size(); ++i) {
      if ((*lines)[i].sampled) CHECK((*lines)[i].verdict == decide::Verdict::Allow);
      if ((*lines)[i].sampled) out.push_back(list[i]);
    }
    std::sort(out.begin(), out.end());
    REQUIRE(scrubs.end(id, kCrm));
    return out;
  };
  const auto first = drawn("spring", false);
  CHECK(first.size() == 5);
  CHECK(std::adjacent_find(first.begin(), first.end()) == first.end());
  CHECK(drawn("spring", true) == first);
  CHECK(drawn("summer", false) != first);
}

TEST_CASE("who asked about how many is a line of the log, without a number") {
  test::Shop shop;
  proven_yes(shop, kEva);
  Scrubs& scrubs = shop.desk->scrubs();
  const std::string id = with_list(scrubs, offers(), std::string(kEva) + "\n+46701740699\n", 100);
  const auto size = shop.ledger->health().size;
  run(scrubs, id);
  REQUIRE(shop.ledger->health().size == size + 1);
  REQUIRE(shop.ledger->checkpoint());
  std::string line;
  REQUIRE(shop.ledger->entries(size, size + 1, {}, [&](std::string_view text) -> Status {
    line = text;
    return {};
  }));
  CHECK(line.find(R"(\"body\":{\"count\":2,\"kind\":\"scrub\",\"user\":\"client/crm\"})") !=
        std::string::npos);
  CHECK(line.find("4670174") == std::string::npos);
}

}  // namespace counterfoil::desk
