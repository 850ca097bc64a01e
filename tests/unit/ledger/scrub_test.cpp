// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Bits that rot while the box runs: real bytes are changed behind its back, and the scrub names the line.
#include "fixture.h"

#include <chrono>
#include <thread>

namespace counterfoil::ledger::test {
namespace {

using std::chrono::milliseconds;

template <class Condition>
bool comes_true(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!condition() && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(milliseconds(5));
  return condition();
}

// The ledger is open meanwhile: only a file of its own knows of this change.
void change_in(const std::string& path, const std::string& sql) {
  store::OpenOptions options;
  auto database = store::Database::open(path, options);
  REQUIRE(database);
  const auto status = database->exec(sql);
  REQUIRE_MESSAGE(status, (status ? std::string() : status.error().message()));
}

void change(const Box& box, const std::string& sql) {
  change_in(ledger_path(box.folder.path()), sql);
}

// A box with some 260 lines that is scrubbed all the time.
std::unique_ptr<Box> scrubbed_box() {
  auto box = std::make_unique<Box>();
  box->timing.scrub_every_ms = 20;
  box->timing.scrub_pause_ms = 1;
  box->create();
  box->open();
  std::vector<std::thread> callers;
  for (int c = 0; c < 10; ++c)
    callers.emplace_back([&, c] {
      for (int i = 0; i < 26; ++i) {
        const auto opened = box->ledger->open_subject(
            somebody("+346" + std::to_string(10'000'000 + c * 100 + i)), grant(), kYes, false);
        if (!opened) return;
      }
    });
  for (auto& caller : callers) caller.join();
  const auto size = box->ledger->health().size;
  REQUIRE(size > 256);
  REQUIRE(comes_true([&] { return box->ledger->health().scrubbed >= size; }));
  return box;
}

}  // namespace

TEST_CASE("a scrub of a sound ledger says when it ended and how much it read") {
  const auto box = scrubbed_box();
  CHECK(box->ledger->health().scrubbed_at == kStart);
  CHECK(box->ledger->health().trouble.empty());
  // Yes and stop go on while it reads.
  box->clock.set(kStart + 60);
  CHECK(box->ledger->open_subject(somebody(kAna), grant(), kYes, true));
  CHECK(box->ledger->stop({phone(kAna)}, stop_of_person(), kProof));
  REQUIRE(comes_true([&] { return box->ledger->health().scrubbed_at == kStart + 60; }));
  CHECK_FALSE(box->ledger->health().read_only);
  box->timing.scrub_every_ms = 3'600'000;
  box->reopen();
  CHECK(box->ledger->health().scrubbed_at == kStart + 60);  // remembered over a restart
}

TEST_CASE("a flipped bit is found by the scrub, which names the line and ends all writing but stops") {
  const auto box = scrubbed_box();
  std::string words;
  SUBCASE("in a line") {
    change(*box, "UPDATE leaf SET bytes = replace(bytes, '\"v\":1', '\"v\":3') WHERE seq = 123");
    words = "event 123: the line is not the one that was hashed";
  }
  SUBCASE("in a hash") {
    change(*box, "UPDATE leaf SET hash = zeroblob(32) WHERE seq = 123");
    words = "event 123: the line is not the one that was hashed";
  }
  SUBCASE("in a line and its hash alike") {
    change(*box,
           "UPDATE leaf SET bytes = (SELECT bytes FROM leaf WHERE seq = 124), hash = (SELECT hash FROM leaf "
           "WHERE seq = 124) WHERE seq = 123");
    words = "event 123";
  }
  SUBCASE("in a text") {
    change(*box,
           "UPDATE payload SET ct = CAST(substr(ct, 1, 40) || x'0000' || substr(ct, 43) AS BLOB) WHERE seq = "
           "123");
    words = "event 123";
  }
  SUBCASE("in a subtree") {
    change(*box, "UPDATE node SET hash = zeroblob(32) WHERE level = 8 AND n = 0");
    words = "lines 0 to 255: the stored subtree has another root";
  }
  SUBCASE("in a checkpoint that was kept") {
    change(*box,
           "UPDATE checkpoint SET note = replace(note, char(10) || char(10), char(10) || 'x' || char(10))");
    words = "checkpoint";
  }
  SUBCASE("in a card") {
    change_in(keys_path(box->folder.path()), "UPDATE subj SET card = zeroblob(length(card)) WHERE n = 77");
    words = "submission 77: keys.db: a subject's card does not open";
  }
  SUBCASE("in what the desk keeps") {
    REQUIRE(box->ledger->put_item("user", "maria", json::Object{{"role", "manager"}}));
    change_in(desk_path(box->folder.path()), "UPDATE item SET w = zeroblob(length(w)) WHERE kind = 'user'");
    words = "desk.db: an item does not open";
  }
  SUBCASE("where a stop was") {
    REQUIRE(box->ledger->stop({phone(kBea)}, stop_of_person(), kProof));
    change(*box, "DELETE FROM supp");
    words = "ledger.db: a stop was taken out of it";
  }
  REQUIRE(comes_true([&] { return box->ledger->health().read_only; }));
  const auto health = box->ledger->health();
  CHECK_MESSAGE(health.trouble.find("the daily scrub found damage: ") == 0, health.trouble);
  CHECK_MESSAGE(health.trouble.find(words) != std::string::npos, health.trouble);
  CHECK(box->ledger->open_subject(somebody(kAna), grant(), kYes, true).error().code == Code::Corrupt);
  CHECK(box->ledger->stop({phone(kAna)}, stop_of_person(), kProof));
  CHECK(box->ledger->suppressed(phone(kAna)));
  CHECK(box->ledger->person(phone(kAna))->damaged);
}

TEST_CASE("an erasure while the scrub reads is no damage") {
  auto box = std::make_unique<Box>();
  box->timing = {.overwrite_after_ms = 1, .rotate_every_ms = 1, .scrub_every_ms = 1, .scrub_pause_ms = 1};
  box->create();
  box->open();
  std::vector<consent::SubjectId> people;
  for (int i = 0; i < 20; ++i)
    people.push_back(
        box->ledger->open_subject(somebody("+346100000" + std::to_string(10 + i)), grant(), kYes, false)
            .value()
            .subject);
  consent::EraseBody body;
  body.scope = "subject";
  body.via = "link";
  for (const auto& person : people) {
    const auto job = box->ledger->erase({person}, body, kProof, {});
    REQUIRE(job);
    REQUIRE(comes_true([&] {
      const auto report = box->ledger->erasure(*job);
      return report && report->state == EndingReport::State::Ended;
    }));
  }
  box->clock.set(kStart + 60);
  REQUIRE(comes_true([&] { return box->ledger->health().scrubbed_at == kStart + 60; }));
  CHECK_FALSE(box->ledger->health().read_only);
  CHECK(box->ledger->health().trouble.empty());
}

}  // namespace counterfoil::ledger::test
