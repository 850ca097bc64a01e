// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// A new log from an old copy: what people said is there, the old log is named, and nothing goes on under it.
#include "ledger/restore.h"

#include "counterfoil/proof/leaf.h"
#include "ending.h"

#include <filesystem>
#include <fstream>
#include <thread>

namespace counterfoil::ledger::test {
namespace {

namespace fs = std::filesystem;

struct Restored {
  std::unique_ptr<Box> box;
  support::TempFolder backup;
  Opened ana, bea, zoe;
  std::string old_note;
  proof::LogKey old_key;
};

/// Ana stopped and Bea was confirmed before the backup; Zoe came after it, and Bea stopped after it.
std::unique_ptr<Restored> shop_with_backup() {
  auto out = std::make_unique<Restored>();
  out->box = new_box();
  auto& ledger = *out->box->ledger;
  out->ana = ledger.open_subject(somebody(kAna), grant(), kYes, true).value();
  out->bea = ledger.open_subject(somebody(kBea), grant(), kYes, true).value();
  REQUIRE(ledger.confirm(out->bea.subject, confirmed_by_staff(), kYes));
  REQUIRE(ledger.stop({phone(kAna)}, stop_of_person(), kProof));
  REQUIRE(ledger.put_item("user", "maria", json::Object{{"role", "manager"}}));
  out->old_note = ledger.checkpoint().value();
  out->old_key = ledger.log_key();
  const auto saved = Ledger::backup(out->box->folder.path(), out->backup.path());
  REQUIRE_MESSAGE(saved, (saved ? std::string() : saved.error().message()));
  out->box->clock.set(kStart + 1000);
  out->zoe = ledger.open_subject(somebody("+34600000009"), grant(), kYes, true).value();
  REQUIRE(ledger.stop({phone(kBea)}, stop_of_person(), kProof));
  out->box->ledger.reset();
  return out;
}

RestoreReport restore(Restored& shop) {
  const auto report = Ledger::restore(shop.box->options(), shop.backup.path());
  REQUIRE_MESSAGE(report, (report ? std::string() : report.error().message()));
  return *report;
}

TEST_CASE("a backup holds no keys, and is replaced by the next one") {
  const auto shop = shop_with_backup();
  CHECK(fs::exists(shop->backup.file("ledger.db")));
  CHECK(fs::exists(shop->backup.file("desk.db")));
  CHECK_FALSE(fs::exists(shop->backup.file("keys.db")));
  REQUIRE(Ledger::backup(shop->box->folder.path(), shop->backup.path()));
  CHECK(Ledger::backup(shop->box->folder.path(), shop->box->folder.path()).error().code == Code::BadInput);
}

TEST_CASE("a restored log has another name and key, and everybody's events with their own time") {
  const auto shop = shop_with_backup();
  const auto report = restore(*shop);
  CHECK(report.origin == "tres-faroles.example/demo/2");
  CHECK(report.events == 4);
  CHECK(report.submissions == 2);
  shop->box->clock.set(kStart + 5000);
  for (int round = 0; round < 2; ++round) {
    shop->box->open();
    auto& ledger = *shop->box->ledger;
    CHECK(ledger.health().origin == "tres-faroles.example/demo/2");
    CHECK_FALSE(ledger.log_key().spki == shop->old_key.spki);
    REQUIRE(ledger.verify({}));
    const auto ana = ledger.subject_by_token(shop->ana.token);
    REQUIRE(ana);
    CHECK(ana->state.stop);
    CHECK(ana->state.first_t == kStart);
    CHECK(ledger.suppressed(phone(kAna)));
    const auto bea = ledger.subject_by_token(shop->bea.token);
    REQUIRE(bea);
    CHECK(bea->state.proof_of(phone(kBea)) == consent::Evidence::Present);
    CHECK(ledger.item("user", "maria"));
    CHECK(ledger.subject_by_token(shop->zoe.token).error().code == Code::NotFound);
    // Bea's stop is lost with the old files: nobody may be messaged until somebody says that stops are in.
    CHECK(ledger.person(phone(kBea))->damaged);
    CHECK(ledger.open_subject(somebody(kBea), grant(), kYes, true).error().code == Code::Corrupt);
    CHECK(ledger.stop({phone("+34600000008")}, stop_of_person(), kProof));
    shop->box->ledger.reset();
  }
  shop->box->open();
  REQUIRE(shop->box->ledger->stop({phone(kBea)}, stop_of_person(), kProof));
  REQUIRE(shop->box->ledger->vouch_for_stops());
  CHECK_FALSE(shop->box->ledger->person(phone(kBea))->damaged);
  CHECK(shop->box->ledger->open_subject(somebody(kBea), grant(), kYes, true));
  shop->box->reopen();
  CHECK(shop->box->ledger->health().trouble.empty());
  REQUIRE(shop->box->ledger->verify({}));
}

TEST_CASE("a restored log deletes nothing by its schedule before what came after the copy is in again") {
  Restored shop;
  shop.box = new_box();
  const Retention short_yes{"consent", "2026-10"};
  shop.ana = shop.box->ledger->open_subject(somebody(kAna), grant(), short_yes, false).value();
  REQUIRE(Ledger::backup(shop.box->folder.path(), shop.backup.path()));
  shop.box->ledger.reset();
  restore(shop);
  shop.box->timing = {.overwrite_after_ms = 0, .rotate_every_ms = 0};
  shop.box->clock.set(1'793'500'000);  // 2026-11-01
  shop.box->open();
  auto& ledger = *shop.box->ledger;
  REQUIRE(ledger.due(shop.box->clock.now()).size() == 1);
  const auto early = ledger.sweep(true);
  REQUIRE_FALSE(early);
  CHECK(early.error().code == Code::Conflict);
  CHECK(early.error().detail.find("--stops-are-in") != std::string::npos);
  CHECK(ledger.subject_by_token(shop.ana.token));
  REQUIRE(ledger.vouch_for_stops());
  const auto id = ledger.sweep(true);
  REQUIRE(id);
  wait_for(*shop.box, *id, State::Ended);
  CHECK(ledger.subject_by_token(shop.ana.token).error().code == Code::NotFound);
}

TEST_CASE("the first line of a restored log names the checkpoint it continues") {
  const auto shop = shop_with_backup();
  restore(*shop);
  shop->box->open();
  std::string first;
  REQUIRE(shop->box->ledger->entries(0, 1, {}, [&](std::string_view line) -> Status {
    first = proof::decode_entry(line)->leaf;
    return {};
  }));
  const auto leaf = proof::decode_leaf(first).value();
  const auto* previous = leaf.body->find("previous");
  REQUIRE(previous != nullptr);
  CHECK(previous->string_at("origin") == std::string("tres-faroles.example/demo/1"));
  CHECK(previous->string_at("checkpoint") == shop->old_note);
}

TEST_CASE("a restore brings nobody back who was erased after the backup") {
  auto shop = std::make_unique<Restored>();
  shop->box = std::make_unique<Box>();
  shop->box->timing = {0, 0};
  shop->box->create();
  shop->box->open();
  shop->ana = shop->box->ledger->open_subject(somebody(kAna), grant(), kYes, true).value();
  shop->bea = shop->box->ledger->open_subject(somebody(kBea), grant(), kYes, true).value();
  REQUIRE(Ledger::backup(shop->box->folder.path(), shop->backup.path()));
  const auto erased = shop->box->ledger->erase(
      {shop->ana.subject}, {.by = consent::Actor::Person, .scope = "subject", .via = "link"}, kProof, {});
  REQUIRE(erased);
  for (int i = 0; i < 500; ++i) {
    if (shop->box->ledger->erasure(*erased)->state == EndingReport::State::Ended) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  REQUIRE(shop->box->ledger->erasure(*erased)->state == EndingReport::State::Ended);
  shop->box->ledger.reset();
  const auto report = restore(*shop);
  CHECK(report.keyless == 1);
  CHECK(report.events == 1);
  shop->box->open();
  CHECK(shop->box->ledger->subject_by_token(shop->ana.token).error().code == Code::NotFound);
  CHECK(shop->box->ledger->subject_by_token(shop->bea.token));
}

TEST_CASE("what ended by schedule after the backup stays ended, whatever was filed since") {
  auto shop = std::make_unique<Restored>();
  shop->box = quick_box();
  Box& box = *shop->box;
  shop->bea = box.ledger->open_subject(somebody(kBea), grant(), kYes, true).value();
  shop->ana = box.ledger->open_subject(somebody(kAna), grant(), {"consent", "2026-10"}, true).value();
  // A line that keeps her after the first has ended.
  REQUIRE(box.ledger->confirm(shop->ana.subject, confirmed_by_staff(), kYes));
  REQUIRE(Ledger::backup(box.folder.path(), shop->backup.path()));
  box.clock.set(1'793'500'000);  // 2026-11-01
  const auto swept = box.ledger->sweep(true);
  REQUIRE(swept);
  wait_for(box, *swept, State::Ended);
  // A cohort's number that was used again would have the old line opened with this one's key.
  REQUIRE(box.ledger->open_subject(somebody("+34600000009"), grant(), {"consent", "2027-10"}, true));
  box.ledger.reset();
  const auto report = restore(*shop);
  CHECK(report.keyless == 1);
  CHECK(report.events == 2);
  box.open();
  CHECK(box.ledger->subject_by_token(shop->ana.token)->state.events == 1);
  CHECK(box.ledger->subject_by_token(shop->bea.token));
}

TEST_CASE("an erasure that a backup knows of goes on after a restore, and waits where a hold keeps it") {
  auto shop = std::make_unique<Restored>();
  shop->box = std::make_unique<Box>();
  shop->box->timing = {.overwrite_after_ms = 0, .rotate_every_ms = 3'600'000};
  shop->box->create();
  shop->box->open();
  auto& before = *shop->box->ledger;
  // The first rotation of a day comes at once, and the next ones wait.
  const auto zoe = before.open_subject(somebody("+34600000009"), grant(), kYes, false).value();
  wait_for(*shop->box, erase(*shop->box, zoe.subject), State::Ended);
  shop->ana = before.open_subject(somebody(kAna), grant(), kYes, false).value();
  shop->bea = before.open_subject(somebody(kBea), grant(), kYes, false).value();
  REQUIRE(before.hold({shop->ana.subject}, {consent::CaseId("k-7"), std::nullopt, {}}, kProof));
  const auto held = erase(*shop->box, shop->ana.subject);
  const auto asked = erase(*shop->box, shop->bea.subject);
  REQUIRE(Ledger::backup(shop->box->folder.path(), shop->backup.path()));
  shop->box->ledger.reset();
  CHECK(restore(*shop).keyless == 0);
  shop->box->timing = {.overwrite_after_ms = 0, .rotate_every_ms = 0};
  shop->box->open();
  auto& ledger = *shop->box->ledger;
  REQUIRE(ledger.vouch_for_stops());
  CHECK(ledger.subject_by_token(shop->bea.token).error().code == Code::NotFound);
  CHECK(wait_for(*shop->box, asked, State::Ended).lines == 2);
  CHECK(ledger.erasure(held)->held);
  CHECK(ledger.subject_by_token(shop->ana.token)->state.erase_asked);
  REQUIRE(ledger.clear_hold({shop->ana.subject}, {consent::CaseId("k-7"), {}}, kProof));
  wait_for(*shop->box, held, State::Ended);
  CHECK(ledger.subject_by_token(shop->ana.token).error().code == Code::NotFound);
  CHECK(findings(*shop->box, {.recipient = {}, .identity = true, .consent = true}).empty());
  CHECK(ledger.verify({}));
  CHECK(ledger.health().trouble.empty());
}

TEST_CASE("whoever was to be told of an erasure is told, though the log that had it is lost") {
  auto shop = std::make_unique<Restored>();
  shop->box = std::make_unique<Box>();
  shop->box->timing = {.overwrite_after_ms = 3'600'000, .rotate_every_ms = 0};
  shop->box->create();
  shop->box->open();
  shop->ana = shop->box->ledger->open_subject(somebody(kAna), grant(), kYes, false).value();
  const auto id = erase(*shop->box, shop->ana.subject, {consent::RecipientId("hq")});
  wait_for(*shop->box, id, State::Ending);
  CHECK(shop->box->ledger->items(kNoticeKind)->empty());
  REQUIRE(Ledger::backup(shop->box->folder.path(), shop->backup.path()));
  shop->box->ledger.reset();
  CHECK(restore(*shop).events == 0);
  shop->box->open();
  CHECK(shop->box->ledger->items(kNoticeKind)->size() == 1);
  CHECK(shop->box->ledger->erasure(id)->state == State::Ended);
  CHECK(shop->box->ledger->erasure(id)->lines == 2);
}

TEST_CASE("a copy that is older than the last restore can be restored as well") {
  const auto shop = shop_with_backup();
  restore(*shop);
  const auto report = restore(*shop);
  CHECK(report.origin == "tres-faroles.example/demo/3");
  CHECK(report.events == 4);
  shop->box->open();
  CHECK(shop->box->ledger->subject_by_token(shop->ana.token)->state.stop);
  REQUIRE(shop->box->ledger->verify({}));
}

TEST_CASE("a restore that lost power is completed by the next start, or never happened") {
  const auto shop = shop_with_backup();
  const std::string folder = shop->box->folder.path();
  SUBCASE("before it was complete") {
    restore(*shop);
    // As if the power had gone while the new files were written.
    REQUIRE(fs::create_directories(restore_folder(folder) + "/new"));
    fs::copy_file(shop->backup.file("ledger.db"), restore_folder(folder) + "/new/ledger.db");
    shop->box->open();
    CHECK(shop->box->ledger->health().origin == "tres-faroles.example/demo/2");
    CHECK_FALSE(shop->box->ledger->health().read_only);
  }
  SUBCASE("between two files") {
    restore(*shop);
    // keys.db and desk.db had not been moved yet.
    REQUIRE(fs::create_directories(restore_folder(folder) + "/new"));
    for (const char* name : {"keys.db", "desk.db"})
      fs::rename(folder + "/" + name, restore_folder(folder) + "/new/" + name);
    fs::copy_file(shop->backup.file("desk.db"), folder + "/desk.db");
    std::ofstream(restore_folder(folder) + "/complete").close();
    shop->box->open();
    CHECK_FALSE(shop->box->ledger->health().read_only);
    CHECK(shop->box->ledger->subject_by_token(shop->ana.token));
    CHECK_FALSE(fs::exists(restore_folder(folder)));
  }
}

TEST_CASE("a log's next name") {
  CHECK(next_incarnation("a.example/shop/1") == "a.example/shop/2");
  CHECK(next_incarnation("a.example/shop/99") == "a.example/shop/100");
  CHECK(next_incarnation("a.example/shop") == "a.example/shop/2");
  CHECK(next_incarnation("box") == "box/2");
}

}  // namespace
}  // namespace counterfoil::ledger::test
