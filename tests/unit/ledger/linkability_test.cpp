// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Whoever has ledger.db alone cannot tell which lines are one person's, before and after erasures: 500 people
// with ten events each at random times, read by a thief with every clear column. Chance is what the same
// claims find when persons are dealt anew among lines of equal type, class and cohort, or of equal type where
// class or cohort is what they claim by.
#include "fixture.h"
#include "thief.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <random>
#include <thread>

namespace counterfoil::ledger::test {
namespace {

constexpr std::size_t kPeople = 500;
constexpr int kEvents = 10;
constexpr std::size_t kErased = kPeople / 10;
constexpr int kOpening_days = 30;
constexpr int kLife_days = 700;

using consent::Channel;
using consent::TopicId;

enum class EventKind { Withdraw, Confirm, StopAtTill, StopByLink };

/// Somebody with habits that show in everything they cause: a number, a language, topics.
struct Customer {
  consent::Identity identity;
  std::vector<TopicId> topics;
  consent::SubjectId subject;
  std::vector<EventKind> todo;  // the last one first
};

struct Crowd {
  std::unique_ptr<Box> box = std::make_unique<Box>();
  std::mt19937 random{20'261'127};
  std::vector<Customer> people;
  std::vector<std::size_t> owner_of;  // seq to person; kPeople: nobody's

  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); }
  void owns(consent::Seq seq, std::size_t person) {
    owner_of.resize(std::max<std::size_t>(owner_of.size(), seq.value + 1), kPeople);
    owner_of[seq.value] = person;
  }
};

std::string month_after(Instant t, int days) {
  return rfc3339(t + days * kDay_s).substr(0, 7);
}

// By its own time, whatever it belongs to, as the desk does.
Retention kept_as_yes(const Crowd& crowd) {
  return {"yes-24m", month_after(crowd.box->clock.now(), 760)};
}
Retention kept_as_proof(const Crowd& crowd) {
  return {"proof-3y", month_after(crowd.box->clock.now(), 1'095)};
}

Customer somebody_with_habits(Crowd& crowd, std::size_t i) {
  constexpr std::array kNumbers = {"+346", "+4670", "+33612", "+491512", "+44794", "+3536"};
  constexpr std::array kLanguages = {"es", "en", "sv", "pt-BR", "zh-Hans"};
  const std::vector<TopicId> all = {TopicId("care"), TopicId("offers"), TopicId("orders"),
                                    TopicId("tastings")};
  Customer out;
  out.identity = somebody(kNumbers.at(crowd.below(kNumbers.size())) + std::to_string(10'000'000 + i));
  out.identity.language = kLanguages.at(crowd.below(kLanguages.size()));
  for (const TopicId& topic : all) {
    if (crowd.below(2) == 0) out.topics.push_back(topic);
  }
  if (out.topics.empty()) out.topics = all;
  // In any order, or one type's times would say something of another's; only a stop at the till must come
  // before the link's, which it would repeat.
  out.todo = {EventKind::Confirm, EventKind::StopAtTill, EventKind::StopByLink};
  out.todo.resize(kEvents - 1, EventKind::Withdraw);
  std::shuffle(out.todo.begin(), out.todo.end(), crowd.random);
  const auto till = std::find(out.todo.begin(), out.todo.end(), EventKind::StopAtTill);
  const auto link = std::find(out.todo.begin(), out.todo.end(), EventKind::StopByLink);
  if (till < link) std::iter_swap(till, link);
  return out;
}

void open_person(Crowd& crowd, std::size_t i) {
  Customer& person = crowd.people[i];
  auto body = grant();
  body.topics = person.topics;
  if (crowd.below(2) == 0) body.channels.push_back(Channel::Sms);
  std::sort(body.channels.begin(), body.channels.end());
  const auto opened = crowd.box->ledger->open_subject(person.identity, body, kept_as_yes(crowd), false);
  REQUIRE_MESSAGE(opened, (opened ? std::string() : opened.error().message()));
  person.subject = opened->subject;
  crowd.owns(opened->event.seq, i);
}

Result<Committed> next_event(Crowd& crowd, Customer& person) {
  FileLedger& ledger = *crowd.box->ledger;
  const Retention kept = kept_as_proof(crowd);
  consent::StopBody stop = stop_of_person();
  const EventKind kind = person.todo.back();
  person.todo.pop_back();
  switch (kind) {
    case EventKind::Confirm:
      return ledger.confirm(person.subject, confirmed_by_staff(), kept_as_yes(crowd));
    case EventKind::StopAtTill:
      stop.by = consent::Actor::Staff;
      stop.via = "till";
      return ledger.stop(person.identity.addresses, stop, kept);
    case EventKind::StopByLink:
      stop.via = "link";
      return ledger.stop_subject(person.subject, stop, kept);
    case EventKind::Withdraw:
      break;
  }
  consent::WithdrawBody body;
  body.via = "link";
  body.topics = person.topics;
  if (crowd.below(2) == 0) body.topics.resize(1);
  return ledger.withdraw(person.subject, body, kept);
}

/// Everybody comes within a month, and then everything happens in any order at any time.
void live(Crowd& crowd) {
  std::vector<std::size_t> turns;
  std::vector<Instant> times;
  const auto time_in = [&](int first_day, int last_day) {
    const auto span = static_cast<std::uint32_t>((last_day - first_day) * kDay_s);
    times.push_back(kStart + first_day * kDay_s + crowd.below(span));
  };
  for (std::size_t i = 0; i < kPeople; ++i) {
    crowd.people.push_back(somebody_with_habits(crowd, i));
    turns.push_back(i);
    time_in(0, kOpening_days);
  }
  for (std::size_t i = 0; i < kPeople * (kEvents - 1); ++i) {
    turns.push_back(i % kPeople);
    time_in(kOpening_days, kLife_days);
  }
  std::sort(times.begin(), times.end());
  std::shuffle(turns.begin(), turns.begin() + kPeople, crowd.random);
  std::shuffle(turns.begin() + kPeople, turns.end(), crowd.random);
  for (std::size_t i = 0; i < turns.size(); ++i) {
    Customer& person = crowd.people[turns[i]];
    crowd.box->clock.set(times[i]);
    if (i < kPeople) {
      open_person(crowd, turns[i]);
    } else {
      const auto committed = next_event(crowd, person);
      REQUIRE_MESSAGE(committed, (committed ? std::string() : committed.error().message()));
      crowd.owns(committed->seq, turns[i]);
    }
  }
}

/// A copy of ledger.db as it lies there, write-ahead log and all, after the change that the thief hopes for.
Loot loot_of(const Crowd& crowd, const std::string& leak = {}) {
  const support::TempFolder den;
  for (const char* name : {"/ledger.db", "/ledger.db-wal"})
    std::filesystem::copy_file(crowd.box->folder.path() + name, den.path() + name);
  if (!leak.empty()) {
    auto file = store::Database::open(den.path() + "/ledger.db", {});
    REQUIRE(file);
    const auto planted = file->exec(leak);
    REQUIRE_MESSAGE(planted, (planted ? std::string() : planted.error().message()));
  }
  return steal(den.path() + "/ledger.db");
}

// In one call: a tombstone covers those who went since the last one, and the ledger writes its first of a day
// when it gets round to it, so that calls one by one would now and then be parted into two crowds.
void erase_a_tenth(Crowd& crowd) {
  std::vector<consent::SubjectId> people;
  for (std::size_t i = 0; i < kErased; ++i) people.push_back(crowd.people[i * 10].subject);
  consent::EraseBody body;
  body.scope = "subject";
  body.via = "link";
  const auto id = crowd.box->ledger->erase(people, body, kept_as_proof(crowd), {});
  REQUIRE(id);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (crowd.box->ledger->erasure(*id)->state != EndingReport::State::Ended) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  REQUIRE(crowd.box->ledger->checkpoint());
  // What came since and is about persons are the requests, in the order in which they were made.
  std::size_t requests = 0;
  for (const SeenLeaf& leaf : loot_of(crowd).leaves) {
    if (leaf.seq >= crowd.owner_of.size() || crowd.owner_of[leaf.seq] == kPeople)
      crowd.owns(consent::Seq{leaf.seq}, 10 * requests++);
  }
  REQUIRE(requests == kErased);
}

std::vector<std::size_t> owners_of(const Crowd& crowd, const Loot& loot) {
  std::vector<std::size_t> out;
  for (const SeenLeaf& leaf : loot.leaves) {
    REQUIRE(leaf.seq < crowd.owner_of.size());
    out.push_back(crowd.owner_of[leaf.seq]);
    REQUIRE(out.back() < kPeople);
  }
  return out;
}

void check_that_nothing_links(const Crowd& crowd, const Loot& loot) {
  const auto owners = owners_of(crowd, loot);
  for (const Strategy& strategy : strategies()) {
    const Score result = score(loot, strategy, owners);
    const std::string figures = std::string(strategy.name) + ": " + std::to_string(result.found) +
                                " pairs, by chance " + std::to_string(result.chance) + " +- " +
                                std::to_string(result.deviation);
    MESSAGE(figures);
    CHECK_MESSAGE(!result.is_better_than_chance(), figures);
  }
}

/// The file as it would be if a column told the person.
struct Leak {
  const char* strategy;  // that finds it
  const char* sql;
};
constexpr std::array kLeaks = {
    Leak{"with bytes in common",
         "CREATE TABLE first AS SELECT person, min(seq), salt FROM payload JOIN owner USING (seq) GROUP BY "
         "person; "
         "UPDATE payload SET salt = first.salt FROM first JOIN owner USING (person) WHERE owner.seq = "
         "payload.seq"},
    Leak{"kept for as long",
         "CREATE TABLE yes AS SELECT person, json_extract(bytes, '$.coh') AS coh FROM leaf JOIN owner USING "
         "(seq) WHERE json_extract(bytes, '$.typ') = 'consent.grant'; "
         "UPDATE leaf SET bytes = json_set(bytes, '$.coh', yes.coh) FROM yes JOIN owner USING (person) "
         "WHERE owner.seq = leaf.seq AND json_extract(bytes, '$.typ') = 'consent.confirm'"},
    Leak{"under one cohort key",
         "UPDATE payload SET cohort = person FROM owner WHERE owner.seq = payload.seq"},
    Leak{"of one type and size",
         "UPDATE payload SET ct = zeroblob(64 + length(ct)) FROM owner "
         "WHERE owner.seq = payload.seq AND person % 10 = 0"},
    Leak{"as much larger than their like",
         "UPDATE payload SET ct = zeroblob(64 + length(ct)) FROM owner "
         "WHERE owner.seq = payload.seq AND person % 10 = 0"},
    Leak{"neighbours in the index of h",
         "UPDATE leaf SET h = CAST(printf('%08d%08d', person, leaf.seq) AS BLOB) FROM owner "
         "WHERE owner.seq = leaf.seq"},
    Leak{"a stop and its repetition",
         "DELETE FROM supp; INSERT INTO supp SELECT randomblob(16), 4, min(json_extract(bytes, '$.t')) / "
         "86400 "
         "FROM leaf JOIN owner USING (seq) WHERE json_extract(bytes, '$.typ') = 'consent.stop' GROUP BY "
         "person"},
    Leak{"gone with one tombstone",
         "INSERT INTO tombstone SELECT seq, seq, 100000 + person FROM owner WHERE person < 50"},
};

std::string owner_table(const Crowd& crowd) {
  std::string sql = "CREATE TABLE owner(seq INTEGER PRIMARY KEY, person INTEGER); INSERT INTO owner VALUES";
  for (std::size_t seq = 0; seq < crowd.owner_of.size(); ++seq) {
    if (crowd.owner_of[seq] == kPeople) continue;
    if (sql.back() == ')') sql += ",";
    sql += "(" + std::to_string(seq) + "," + std::to_string(crowd.owner_of[seq]) + ")";
  }
  return sql + ";";
}

void check_that_the_thief_finds(const Crowd& crowd, const Leak& leak) {
  const Loot loot = loot_of(crowd, owner_table(crowd) + leak.sql);
  const auto strategy = std::find_if(strategies().begin(), strategies().end(), [&](const Strategy& s) {
    return std::string_view(s.name) == leak.strategy;
  });
  REQUIRE(strategy != strategies().end());
  const Score result = score(loot, *strategy, owners_of(crowd, loot));
  CHECK_MESSAGE(result.is_better_than_chance(), std::string(leak.strategy));
}

TEST_CASE("a thief with ledger.db alone pairs lines of one person no better than chance") {
  Crowd crowd;
  crowd.box->timing = {.overwrite_after_ms = 0, .rotate_every_ms = 0};
  crowd.box->create();
  crowd.box->open();
  live(crowd);
  const Loot before = loot_of(crowd);
  REQUIRE(before.leaves.size() == kPeople * kEvents);
  check_that_nothing_links(crowd, before);
  for (const Leak& leak : kLeaks) check_that_the_thief_finds(crowd, leak);

  erase_a_tenth(crowd);
  const Loot after = loot_of(crowd);
  CHECK(std::count_if(after.leaves.begin(), after.leaves.end(),
                      [](const auto& leaf) { return leaf.deleted; }) == kErased * (kEvents + 1));
  check_that_nothing_links(crowd, after);
}

}  // namespace
}  // namespace counterfoil::ledger::test
