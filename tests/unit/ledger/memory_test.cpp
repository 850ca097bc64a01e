// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What memory holds: the index by address and code, and what it costs.
#include "crypto/crypto.h"
#include "fixture.h"
#include "ledger/commit.h"

#include <chrono>

namespace counterfoil::ledger::test {
namespace {

TEST_CASE("the index finds every subject of an address and no other") {
  SubjectIndex index;
  for (Ordinal n = 1; n <= 5000; ++n) index.add_address(phone("+3460" + std::to_string(n)), n);
  for (Ordinal n = 10'001; n <= 10'010; ++n) index.add_address(phone("+3460777"), n);
  CHECK(index.by_address(phone("+34601")) == std::vector<Ordinal>{1});
  CHECK(index.by_address(phone("+34605000")) == std::vector<Ordinal>{5000});
  CHECK(index.by_address(phone("+3460777")).size() == 11);
  CHECK(index.by_address(phone("+34605001")).empty());
  consent::Address other = phone("+34601");
  other.kind = consent::AddressKind::WhatsAppId;
  CHECK(index.by_address(other).empty());
}

TEST_CASE("a code is one person's at a time") {
  SubjectIndex index;
  CHECK(index.reserve_code("123456"));
  CHECK_FALSE(index.reserve_code("123456"));
  index.release_code("123456");
  CHECK(index.reserve_code("123456"));
  index.add_code("123456", 7);
  index.release_code("123456");
  CHECK_FALSE(index.reserve_code("123456"));
  CHECK(index.by_code("123456") == std::vector<Ordinal>{7});
  index.remove_code("123456", 8);
  CHECK_FALSE(index.reserve_code("123456"));
  index.remove_code("123456", 7);
  CHECK(index.reserve_code("123456"));
}

TEST_CASE("100,000 people fit into 6 MB of index") {
  SubjectIndex index;
  Owners owners;
  for (Ordinal n = 1; n <= 100'000; ++n) {
    index.add_address(phone("+34" + std::to_string(600'000'000 + n)), n);
    owners.set(n, n);
  }
  MESSAGE("index of 100,000: " << index.bytes() << " bytes");
  CHECK(index.bytes() + 100'000 * sizeof(Ordinal) <= 6'000'000);
}

// One job with many submissions, as no caller makes it, to fill a ledger fast.
void enrol(Box& box, unsigned people, unsigned batch) {
  box.ledger.reset();
  Anchor anchor(*box.anchor);
  REQUIRE(anchor.open(0));
  auto files = open_files(box.folder.path(), Access::Write);
  REQUIRE(files);
  Keyring keyring(load_roots(files->keys, anchor.record().secret, 0).value());
  REQUIRE(keyring.load(files->keys));
  const auto committer = Committer::make(*std::move(files), keyring).value();
  for (unsigned done = 0; done < people; done += batch) {
    Job job;
    for (unsigned i = 0; i < batch; ++i) {
      const auto identity = somebody("+34" + std::to_string(610'000'000 + done + i));
      consent::SubjectId id;
      crypto::random(id.bytes);
      Key key = crypto::random_key();
      job.events.push_back(draft_event(id, 0, key, identity, grant(), kYes).value());
      auto card = seal_card(key, id, {.identity = identity, .code = {}, .code_ends = 0}).value();
      Handle link;
      crypto::random(link);
      job.subjects.push_back({id, std::move(key), std::move(card), link, identity.addresses, {}});
    }
    Plan plan(
        keyring, box.clock, committer->position().value(),
        [](const Key&) { return Result<std::uint64_t>(0); },
        [&](unsigned level, std::uint64_t n) { return committer->stored_node(level, n); });
    REQUIRE(plan.add(job));
    REQUIRE(committer->write_keys(plan));
    for (const auto& [b, key] : plan.buckets()) keyring.add_bucket(b, key.clone());
    for (const auto& cohort : plan.cohorts())
      keyring.add_cohort(cohort.id, cohort.retention, cohort.key.clone());
    REQUIRE(committer->write_log(plan));
  }
}

TEST_CASE("20,000 people are found again after a start") {
  Box box;
  box.create();
  constexpr unsigned kPeople = 20'000;
  enrol(box, kPeople, 1000);
  const auto started = std::chrono::steady_clock::now();
  box.open();
  const auto ready = std::chrono::steady_clock::now() - started;
  MESSAGE("index of 20,000 ready after "
          << std::chrono::duration_cast<std::chrono::milliseconds>(ready).count() << " ms, "
          << box.ledger->index_bytes() << " bytes");
  CHECK(box.ledger->health().subjects == kPeople);
  CHECK(box.ledger->index_bytes() <= kPeople * 40);
  for (const unsigned i : {0U, 255U, 256U, 12'345U, kPeople - 1}) {
    const auto person = box.ledger->person(phone("+34" + std::to_string(610'000'000 + i)));
    REQUIRE(person);
    CHECK(person->subjects.size() == 1);
    CHECK_FALSE(person->damaged);
  }
}

}  // namespace
}  // namespace counterfoil::ledger::test
