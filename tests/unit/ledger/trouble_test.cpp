// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What goes wrong: keys that do not fit, clocks that jump, files that changed, a log put back from an old
// copy, and a power cut between two commits.
#include "counterfoil/proof/leaf.h"
#include "crypto/crypto.h"
#include "fixture.h"
#include "ledger/commit.h"

#include <filesystem>

namespace counterfoil::ledger::test {
namespace {

void change(const Box& box, const std::string& path, const std::string& sql) {
  REQUIRE_FALSE(box.ledger);
  auto database = store::Database::open(path, {});
  REQUIRE(database);
  const auto status = database->exec(sql);
  REQUIRE_MESSAGE(status, (status ? std::string() : status.error().message()));
}

void copy_folder(const std::string& from, const std::string& to) {
  std::filesystem::copy(
      from, to, std::filesystem::copy_options::recursive | std::filesystem::copy_options::overwrite_existing);
}

TEST_CASE("another anchor does not open the folder, and nothing is harmed") {
  Box box;
  box.create();
  auto right = std::move(box.anchor);
  box.anchor = board::make_memory_anchor();
  const auto missing = FileLedger::open(box.options());
  CHECK(missing.error().code == Code::WrongKey);
  AnchorRecord record;
  record.secret = crypto::random_key();
  REQUIRE(Anchor(*box.anchor).begin(std::move(record)));
  const auto wrong = FileLedger::open(box.options());
  CHECK(wrong.error().code == Code::WrongKey);
  CHECK(wrong.error().message() ==
        "the key in the anchor does not open this folder; put back the anchor that belongs to it");
  REQUIRE(box.anchor->write(0, Bytes(ErasableAnchor::kAnchorBytes, 'x')));
  CHECK(FileLedger::open(box.options()).error().code == Code::WrongKey);
  box.anchor = std::move(right);
  box.open();
  CHECK(box.ledger->verify({}));
}

TEST_CASE("an interrupted set-up can be done again") {
  Box box;
  box.create();
  // As if the power had gone before the first event: empty tables and an anchor that has seen no leaf.
  change(box, ledger_path(box.folder.path()),
         "DELETE FROM leaf; DELETE FROM frontier; DELETE FROM checkpoint");
  Anchor anchor(*box.anchor);
  REQUIRE(anchor.open(0));
  REQUIRE(anchor.update(0, 0, {}));
  CHECK(FileLedger::open(box.options()).error().code == Code::NotFound);
  box.create();
  box.open();
  CHECK(box.ledger->verify({}));
}

json::Object newest_state(FileLedger& ledger) {
  REQUIRE(ledger.checkpoint());
  json::Object out;
  const auto look = [&](std::string_view line) -> Status {
    const auto leaf = proof::decode_leaf(proof::decode_entry(line)->leaf);
    if (leaf && leaf->typ == consent::EventType::SysMeta) out = *leaf->body->object();
    return {};
  };
  REQUIRE(ledger.entries(0, ledger.signed_size(), {}, look));
  return out;
}

TEST_CASE("starts and epochs are counted in the log, which tells when a stop was taken out by hand") {
  const auto box = new_box();
  const auto first = newest_state(*box->ledger);
  CHECK(*first.at("boots").integer() == 1);
  const auto size = box->ledger->signed_size();
  newest_state(*box->ledger);
  CHECK(box->ledger->signed_size() == size);  // nothing changed, nothing to tell
  REQUIRE(box->ledger->stop({phone(kAna)}, stop_of_person(), kProof));
  const auto second = newest_state(*box->ledger);
  CHECK_FALSE(second.at("supp_digest") == first.at("supp_digest"));
  box->reopen();
  const auto third = newest_state(*box->ledger);
  CHECK(*third.at("boots").integer() == 2);
  CHECK(third.at("supp_digest") == second.at("supp_digest"));
  CHECK(box->ledger->verify({}));
  box->ledger.reset();
  SUBCASE("taken out") {
    change(*box, ledger_path(box->folder.path()), "DELETE FROM supp");
    box->open();
    CHECK(box->ledger->health().trouble == "ledger.db: stops were taken out of it or changed by hand");
    CHECK(box->ledger->health().read_only);
  }
  SUBCASE("not judged when a stop came later") {
    box->open();
    REQUIRE(box->ledger->stop({phone(kBea)}, stop_of_person(), kProof));
    box->reopen();
    CHECK_FALSE(box->ledger->health().read_only);
  }
  SUBCASE("an anchor from before the last start") {
    Anchor anchor(*box->anchor);
    REQUIRE(anchor.open(0));
    REQUIRE(anchor.update(1, anchor.record().size, anchor.record().root));
    REQUIRE(anchor.update(1, anchor.record().size, anchor.record().root));
    box->open();
    CHECK(box->ledger->health().trouble ==
          "the anchor is older than ledger.db: it was put back from an old copy");
  }
}

TEST_CASE("a clock before a recorded event is not believed") {
  const auto box = new_box();
  const auto first = box->ledger->open_subject(somebody(kAna), grant(), kYes, true);
  REQUIRE(first);
  CHECK(box->ledger->clock_state() == ClockState::Synced);
  box->clock.set(kStart - 1);
  CHECK(box->ledger->clock_state() == ClockState::Untrusted);
  const auto second = box->ledger->open_subject(somebody(kBea), grant(), kYes, true);
  REQUIRE(second);
  CHECK(second->event.clock == ClockState::Untrusted);
  CHECK(second->event.t == kStart - 1);
  const auto stopped = box->ledger->stop({phone(kAna)}, stop_of_person(), kProof);
  REQUIRE(stopped);
  CHECK(stopped->clock == ClockState::Untrusted);
  box->reopen();
  CHECK(box->ledger->clock_state() == ClockState::Untrusted);
  CHECK(box->ledger->subject(second->subject)->state.untrusted_clock);
  CHECK(box->ledger->verify({}));
  box->clock.set(kStart);
  CHECK(box->ledger->clock_state() == ClockState::Synced);
}

TEST_CASE("a clock nobody vouches for does not hold back later ones") {
  const auto box = new_box();
  box->clock.set_state(ClockState::Untrusted);
  box->clock.set(kStart + 10 * kDay_s);
  REQUIRE(box->ledger->open_subject(somebody(kAna), grant(), kYes, true));
  box->clock.set_state(ClockState::Synced);
  box->clock.set(kStart + 60);
  CHECK(box->ledger->clock_state() == ClockState::Synced);
}

TEST_CASE("a changed or missing record makes its person damaged, and the audit names it") {
  const auto box = new_box();
  const auto ana = box->ledger->open_subject(somebody(kAna), grant(), kYes, true);
  const auto bea = box->ledger->open_subject(somebody(kBea), grant(), kYes, true);
  REQUIRE((ana && bea));
  box->ledger.reset();
  std::string sql;
  SUBCASE("text replaced by another's") {
    sql = "UPDATE payload SET ct = (SELECT ct FROM payload ORDER BY seq DESC LIMIT 1) WHERE seq = ";
  }
  SUBCASE("text dropped") {
    sql = "DELETE FROM payload WHERE seq = ";
  }
  SUBCASE("line changed") {
    sql = "UPDATE leaf SET bytes = replace(bytes, '1790000000', '1790000001') WHERE seq = ";
  }
  SUBCASE("line dropped") {
    sql = "UPDATE leaf SET bytes = NULL WHERE seq = ";
  }
  change(*box, ledger_path(box->folder.path()), sql + std::to_string(ana->event.seq.value));
  box->open();
  CHECK(box->ledger->subject(ana->subject)->state.damaged);
  CHECK(box->ledger->person(phone(kAna))->damaged);
  CHECK(box->ledger->events(ana->subject).error().code == Code::Corrupt);
  CHECK(box->ledger->events(bea->subject)->size() == 1);
  CHECK_FALSE(box->ledger->subject(bea->subject)->state.damaged);
  CHECK_FALSE(box->ledger->person(phone(kBea))->damaged);
  const auto verified = box->ledger->verify({});
  REQUIRE_FALSE(verified);
  CHECK(verified.error().code == Code::Corrupt);
  MESSAGE(verified.error().message());
  // Others go on being recorded, and the pull goes on.
  CHECK(box->ledger->open_subject(somebody("+34600000003"), grant(), kYes, true));
  REQUIRE(box->ledger->checkpoint());
  const View all{.recipient = consent::RecipientId("crm"), .identity = true, .consent = true};
  CHECK(box->ledger->entries(0, box->ledger->signed_size(), all, [](std::string_view) { return Status(); }));
}

TEST_CASE("a missing no is never taken for a yes: nobody may be messaged, stops go on") {
  const auto box = new_box();
  const auto ana = box->ledger->open_subject(somebody(kAna), grant(), kYes, true);
  REQUIRE(ana);
  consent::WithdrawBody body;
  body.topics = {consent::TopicId("offers")};
  body.via = "link";
  const auto no = box->ledger->withdraw(ana->subject, body, kProof);
  REQUIRE(no);
  const support::TempFolder older;
  box->ledger.reset();
  std::filesystem::copy_file(keys_path(box->folder.path()), keys_path(older.path()));
  box->open();
  // Enough for the damage to lie in an older tile, which start-up does not read.
  for (int i = 0; i < 260; ++i) REQUIRE(box->ledger->open_subject(somebody(kBea), grant(), kYes, false));
  box->ledger.reset();
  const auto where = " WHERE seq = " + std::to_string(no->seq.value);
  SUBCASE("its leaf lost its place in the chain") {
    change(*box, ledger_path(box->folder.path()), "UPDATE leaf SET h = NULL" + where);
  }
  SUBCASE("and its text is gone as well") {
    change(*box, ledger_path(box->folder.path()), "UPDATE leaf SET h = NULL" + where);
    change(*box, ledger_path(box->folder.path()), "DELETE FROM payload" + where);
  }
  SUBCASE("its leaf is gone") {
    change(*box, ledger_path(box->folder.path()), "DELETE FROM leaf" + where);
  }
  SUBCASE("keys.db is an older copy") {
    std::filesystem::copy_file(keys_path(older.path()), keys_path(box->folder.path()),
                               std::filesystem::copy_options::overwrite_existing);
  }
  box->open();
  CHECK(box->ledger->verify({}).error().code == Code::Corrupt);  // waits until every chain was walked
  CHECK(box->ledger->person(phone(kAna))->damaged);
  CHECK_FALSE(box->ledger->health().trouble.empty());
  MESSAGE(box->ledger->health().trouble);
  CHECK(box->ledger->open_subject(somebody("+34600000003"), grant(), kYes, true).error().code ==
        Code::Corrupt);
  // Where not even the tree fits any more nothing can be recorded at all.
  if (box->ledger->health().read_only) return;
  CHECK(box->ledger->stop({phone("+34600000004")}, stop_of_person(), kProof));
  CHECK(box->ledger->suppressed(phone("+34600000004")));
}

TEST_CASE("setting up beside a ledger that lost a file makes nothing worse") {
  const auto box = new_box();
  REQUIRE(box->ledger->open_subject(somebody(kAna), grant(), kYes, true));
  box->ledger.reset();
  const support::TempFolder aside;
  const auto keys = keys_path(box->folder.path());
  std::filesystem::rename(keys, keys_path(aside.path()));
  const auto refused = Ledger::create(box->options());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::Corrupt);
  CHECK(refused.error().message().find("keys.db") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(keys));
  std::filesystem::rename(keys_path(aside.path()), keys);
  box->open();
  CHECK_FALSE(box->ledger->person(phone(kAna))->damaged);
}

TEST_CASE("a log that contradicts itself is read-only, says why, and still answers") {
  const auto box = new_box();
  const auto ana = box->ledger->open_subject(somebody(kAna), grant(), kYes, true);
  REQUIRE(ana);
  REQUIRE(box->ledger->stop({phone("+34600000009")}, stop_of_person(), kProof));
  box->ledger.reset();
  SUBCASE("the last leaf is gone") {
    change(*box, ledger_path(box->folder.path()), "DELETE FROM leaf WHERE seq = (SELECT max(seq) FROM leaf)");
  }
  SUBCASE("the tree's edge changed") {
    change(*box, ledger_path(box->folder.path()), "UPDATE frontier SET root = zeroblob(32)");
  }
  SUBCASE("the checkpoint is another's") {
    change(*box, ledger_path(box->folder.path()),
           "UPDATE checkpoint SET note = replace(note, 'demo', 'omed')");
  }
  box->open();
  const auto health = box->ledger->health();
  CHECK(health.read_only);
  CHECK_FALSE(health.trouble.empty());
  CHECK(box->ledger->open_subject(somebody(kAna), grant(), kYes, true).error().code == Code::Corrupt);
  CHECK(box->ledger->subject(ana->subject));
  CHECK(box->ledger->suppressed(phone("+34600000009")));
  CHECK_FALSE(box->ledger->verify({}));
}

TEST_CASE("a log put back from an old copy is not continued") {
  const auto box = new_box();
  REQUIRE(box->ledger->open_subject(somebody(kAna), grant(), kYes, true));
  box->ledger.reset();
  const support::TempFolder backup;
  copy_folder(box->folder.path(), backup.path());
  box->open();
  REQUIRE(box->ledger->open_subject(somebody(kBea), grant(), kYes, true));
  box->ledger.reset();
  copy_folder(backup.path(), box->folder.path());
  box->open();
  CHECK(box->ledger->health().read_only);
  CHECK(box->ledger->health().trouble.find("old copy") != std::string::npos);
  CHECK(box->ledger->record(consent::EventType::SysMeta, json::Object{}).error().code == Code::Corrupt);
}

TEST_CASE("a power cut between keys.db and ledger.db leaves a key that is swept away") {
  const auto box = new_box();
  const auto ana = box->ledger->open_subject(somebody(kAna), grant(), kYes, true);
  REQUIRE(ana);
  box->ledger.reset();
  {
    Anchor anchor(*box->anchor);
    auto files = open_files(box->folder.path(), Access::Write);
    REQUIRE((anchor.open(0) && files));
    Keyring keyring(load_roots(files->keys, anchor.record().secret, 0).value());
    REQUIRE(keyring.load(files->keys));
    const auto committer = Committer::make(*std::move(files), keyring).value();
    const auto identity = somebody(kBea);
    Key key = crypto::random_key();
    consent::SubjectId id;
    crypto::random(id.bytes);
    Job job;
    job.events.push_back(draft_event(id, 0, key, identity, grant(), kYes).value());
    auto card = seal_card(key, id, {.identity = identity, .code = {}, .code_ends = 0}).value();
    job.subjects.push_back({id, std::move(key), std::move(card), std::nullopt, identity.addresses, {}});
    Plan plan(
        keyring, box->clock, committer->position().value(),
        [](const Key&) { return Result<std::uint64_t>(0); },
        [&](unsigned level, std::uint64_t n) { return committer->stored_node(level, n); });
    REQUIRE(plan.add(job));
    REQUIRE(committer->write_keys(plan));
  }
  box->open();
  SUBCASE("and meanwhile a stop by its number goes through") {
    REQUIRE(box->ledger->stop({phone(kBea)}, stop_of_person(), kProof));
    CHECK(box->ledger->suppressed(phone(kBea)));
    return;
  }
  REQUIRE(box->ledger->verify({}));  // waits until every chain was walked
  REQUIRE(box->ledger->put_item("after", "sweep", json::Object{}));
  CHECK(box->ledger->health().subjects == 1);
  CHECK(box->ledger->person(phone(kBea))->subjects.empty());
  CHECK_FALSE(box->ledger->person(phone(kAna))->damaged);
  CHECK(box->ledger->subject(ana->subject));
  // The ordinal is free again, and the next submission is its own.
  const auto next = box->ledger->open_subject(somebody(kBea), grant(), kYes, true);
  REQUIRE(next);
  box->reopen();
  CHECK(box->ledger->person(phone(kBea))->subjects.size() == 1);
  CHECK(box->ledger->health().subjects == 2);
}

}  // namespace
}  // namespace counterfoil::ledger::test
