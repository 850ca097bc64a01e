// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Stops that come while the ledger is damaged: kept sealed, counted at once, folded in when it works again.
#include "base/fd.h"
#include "fixture.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace counterfoil::ledger::test {
namespace {

std::string spill_path(const Box& box) {
  return box.folder.path() + "/spill";
}

Bytes spill_bytes(const Box& box) {
  return read_file(spill_path(box), 128 * 1024 * 1024).value();
}

void change(const Box& box, const std::string& path, const std::string& sql) {
  REQUIRE_FALSE(box.ledger);
  auto database = store::Database::open(path, {});
  REQUIRE(database);
  REQUIRE(database->exec(sql));
}

// Damages the tree's edge, so that the next start is read-only; mend() undoes it.
struct Damaged {
  explicit Damaged(Box& of) : box(of), edge(of.folder.path() + "/edge") {
    box.ledger.reset();
    std::filesystem::copy_file(ledger_path(box.folder.path()), edge);
    change(box, ledger_path(box.folder.path()), "UPDATE frontier SET root = zeroblob(32)");
    box.open();
    REQUIRE(box.ledger->health().read_only);
  }
  void mend() {
    box.ledger.reset();
    for (const char* suffix : {"-wal", "-shm"})
      std::filesystem::remove(ledger_path(box.folder.path()) + suffix);
    std::filesystem::rename(edge, ledger_path(box.folder.path()));
    box.open();
    REQUIRE_FALSE(box.ledger->health().read_only);
  }
  Box& box;
  std::string edge;
};

consent::StopBody stop_by_link() {
  consent::StopBody out;
  out.via = "link";
  return out;
}

// What the newest event about a person says.
std::string newest_text(const Box& box) {
  const View content{.recipient = consent::RecipientId("crm"), .identity = false, .consent = true};
  std::string out;
  const auto keep = [&](std::string_view line) -> Status {
    const auto entry = proof::decode_entry(line);
    if (entry && entry->d[1]) out = entry->d[1]->text;
    return {};
  };
  REQUIRE(box.ledger->entries(0, box.ledger->signed_size(), content, keep));
  return out;
}

bool holds(const Bytes& bytes, std::string_view text) {
  return as_text(bytes).find(text) != std::string_view::npos;
}

}  // namespace

TEST_CASE("a stop is taken while the ledger is read-only, counts at once and is folded in afterwards") {
  const auto box = new_box();
  const auto ana = box->ledger->open_subject(somebody(kAna), grant(), kYes, true);
  REQUIRE(ana);
  Damaged damage(*box);
  box->clock.set(kStart + 60);
  CHECK_FALSE(box->ledger->suppressed(phone(kAna)));
  const auto stopped = box->ledger->stop({phone(kAna)}, stop_of_person(), kProof);
  REQUIRE(stopped);
  CHECK(stopped->t == kStart + 60);
  CHECK(box->ledger->suppressed(phone(kAna)));
  CHECK(box->ledger->person(phone(kAna))->suppressed);
  CHECK_FALSE(box->ledger->suppressed(phone(kBea)));
  CHECK(box->ledger->health().stops_waiting == 1);
  CHECK_FALSE(holds(spill_bytes(*box), kAna));
  // Still there after another start that is read-only.
  box->reopen();
  CHECK(box->ledger->health().read_only);
  CHECK(box->ledger->suppressed(phone(kAna)));
  // A repeat is not written twice.
  REQUIRE(box->ledger->stop({phone(kAna)}, stop_of_person(), kProof));
  CHECK(box->ledger->health().stops_waiting == 1);

  box->clock.set(kStart + 3600);
  damage.mend();
  REQUIRE(box->ledger->checkpoint());
  CHECK(box->ledger->health().stops_waiting == 0);
  CHECK(box->ledger->suppressed(phone(kAna)));
  CHECK(box->ledger->subject(ana->subject)->state.stop);
  CHECK(newest_text(*box).find(R"("told_at":1790000060)") != std::string::npos);
  CHECK(box->ledger->verify({}));
  box->reopen();
  CHECK(box->ledger->suppressed(phone(kAna)));
}

TEST_CASE("a stop by link while read-only shows on its own page, and is in its own chain afterwards") {
  const auto box = new_box();
  const auto ana = box->ledger->open_subject(somebody(kAna), grant(), kYes, true);
  const auto bea = box->ledger->open_subject(somebody(kBea), grant(), kYes, true);
  REQUIRE((ana && bea));
  Damaged damage(*box);
  REQUIRE(box->ledger->stop_subject(ana->subject, stop_by_link(), kProof));
  REQUIRE(box->ledger->subject_by_token(ana->token)->state.link_stop);
  CHECK(box->ledger->subject_by_token(ana->token)->state.link_stop->via == "link");
  CHECK_FALSE(box->ledger->subject_by_token(bea->token)->state.link_stop);
  CHECK(box->ledger->suppressed(phone(kAna)));
  consent::SubjectId nobody;
  CHECK(box->ledger->stop_subject(nobody, stop_by_link(), kProof).error().code == Code::NotFound);
  damage.mend();
  REQUIRE(box->ledger->checkpoint());
  CHECK(box->ledger->health().stops_waiting == 0);
  const auto state = box->ledger->subject(ana->subject)->state;
  REQUIRE(state.link_stop);
  CHECK(state.link_stop->seq.value > bea->event.seq.value);
}

TEST_CASE("every record has one length, and its room is taken before it is needed") {
  const auto box = new_box();
  const auto before = spill_bytes(*box).size();
  CHECK(before >= limits::kSpillHeld_records * limits::kSpillRecord_bytes);
  struct stat info{};
  REQUIRE(::stat(spill_path(*box).c_str(), &info) == 0);
  CHECK(static_cast<std::uint64_t>(info.st_blocks) * 512 >= before);
  CHECK((info.st_mode & 0777U) == 0600U);
  const Damaged damage(*box);
  consent::StopBody long_body = stop_of_person();
  long_body.by = consent::Actor::Machine;
  long_body.user = consent::UserId(std::string(limits::kNameBytesMax, 'u'));
  std::string mail = "@";
  while (mail.size() + 4 <= limits::kAddressBytesMax) mail = "\xF0\x9F\x98\x80" + mail;
  const consent::Address longest{consent::AddressKind::Email, mail, consent::Evidence::Claimed};
  const Retention long_class{std::string(40, 'r'), "2029-11-22"};
  REQUIRE(box->ledger->stop({longest, phone(kAna)}, long_body, long_class));
  CHECK(box->ledger->health().stops_waiting == 2);
  CHECK(spill_bytes(*box).size() == before);
  box->reopen();
  CHECK(box->ledger->suppressed(longest));
}

TEST_CASE("a record half written by a power cut takes nothing from the others") {
  const auto box = new_box();
  Damaged damage(*box);
  REQUIRE(box->ledger->stop({phone(kAna)}, stop_of_person(), kProof));
  REQUIRE(box->ledger->stop({phone(kBea)}, stop_of_person(), kProof));
  box->ledger.reset();
  std::size_t at = 0;  // of the second record, after the head and the first
  SUBCASE("its end is missing") {
    at = 2 * limits::kSpillRecord_bytes + 512;
  }
  SUBCASE("its beginning is missing") {
    at = 2 * limits::kSpillRecord_bytes;
  }
  {
    std::fstream file(spill_path(*box), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(at));
    file << std::string(512, '\0');
  }
  box->open();
  CHECK(box->ledger->suppressed(phone(kAna)));
  CHECK_FALSE(box->ledger->suppressed(phone(kBea)));
  CHECK(box->ledger->health().stops_waiting == 1);
  // The next stop takes its place.
  REQUIRE(box->ledger->stop({phone("+34600000003")}, stop_of_person(), kProof));
  damage.mend();
  REQUIRE(box->ledger->checkpoint());
  CHECK(box->ledger->suppressed(phone(kAna)));
  CHECK(box->ledger->suppressed(phone("+34600000003")));
}

TEST_CASE("after a fold nothing is left in the file, and the next start takes a fresh key") {
  const auto box = new_box();
  const Bytes fresh = spill_bytes(*box);
  Damaged damage(*box);
  REQUIRE(box->ledger->stop({phone(kAna)}, stop_of_person(), kProof));
  const Bytes used = spill_bytes(*box);
  damage.mend();
  REQUIRE(box->ledger->checkpoint());
  const Bytes folded = spill_bytes(*box);
  CHECK(
      std::all_of(folded.begin() + limits::kSpillRecord_bytes, folded.end(), [](auto b) { return b == 0; }));
  box->reopen();
  const Bytes renewed = spill_bytes(*box);
  CHECK_FALSE(std::equal(fresh.begin(), fresh.begin() + 95, renewed.begin()));
  // An old copy of the file, put back, no longer opens; it is kept and said.
  box->ledger.reset();
  std::ofstream(spill_path(*box), std::ios::binary)
      .write(as_text(used).data(), static_cast<std::streamsize>(used.size()));
  box->open();
  CHECK(box->ledger->health().stops_waiting == 1);
  CHECK(box->ledger->health().trouble.find("do not open") != std::string::npos);
  REQUIRE(box->ledger->checkpoint());
  CHECK(box->ledger->health().stops_waiting == 1);
  CHECK(box->ledger->suppressed(phone(kAna)));  // by its tag
}

TEST_CASE("a folder older than the spill file gets one at its next start") {
  const auto box = new_box();
  box->ledger.reset();
  std::filesystem::remove(spill_path(*box));
  change(*box, keys_path(box->folder.path()), "DELETE FROM meta WHERE name = 'spill'");
  box->open();
  CHECK(box->ledger->health().trouble.empty());
  const Damaged damage(*box);
  CHECK(box->ledger->stop({phone(kAna)}, stop_of_person(), kProof));
}

TEST_CASE("the file goes on growing when its room is used up") {
  const support::TempFolder folder;
  const auto key = crypto::SigningKey::generate();
  Spill spill(folder.path());
  REQUIRE(spill.open(&key));
  std::vector<SpilledStop> many;
  for (unsigned i = 0; i < 8; ++i)
    many.push_back({phone("+3460000000" + std::to_string(i)), stop_of_person(), kProof});
  // As if all places but two were taken.
  {
    std::fstream file(folder.path() + "/spill", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>((limits::kSpillHeld_records - 2) * limits::kSpillRecord_bytes));
    REQUIRE(spill.add({many[7]}));
    const Bytes all = read_file(folder.path() + "/spill", 16 * 1024 * 1024).value();
    file.write(as_text(all).data() + limits::kSpillRecord_bytes, limits::kSpillRecord_bytes);
  }
  Spill again(folder.path());
  REQUIRE(again.open(&key));
  CHECK(again.count() == 2);
  for (unsigned i = 0; i < 7; ++i) REQUIRE(again.add({many[i]}));
  Spill once_more(folder.path());
  REQUIRE(once_more.open(&key));
  CHECK(once_more.count() == 9);
  for (const auto& stop : many) CHECK(once_more.stops(stop.address));
}

TEST_CASE("without its private half the file still takes stops, and keeps them for the day it opens") {
  const support::TempFolder folder;
  const auto key = crypto::SigningKey::generate();
  {
    Spill no_key(folder.path());
    CHECK_FALSE(no_key.open(nullptr));
    CHECK_FALSE(no_key.add({{phone(kAna), stop_of_person(), kProof}}));
    Spill made(folder.path());
    REQUIRE(made.open(&key));
  }
  {
    Spill sealed(folder.path());
    REQUIRE(sealed.open(nullptr));
    REQUIRE(sealed.add({{phone(kAna), stop_of_person(), kProof}}));
    CHECK(sealed.stops(phone(kAna)));
  }
  {
    Spill sealed_again(folder.path());
    REQUIRE(sealed_again.open(nullptr));
    CHECK(sealed_again.count() == 1);
    REQUIRE(sealed_again.add({{phone(kBea), stop_of_person(), kProof}}));
  }
  const auto other = crypto::SigningKey::generate();
  {
    Spill wrong(folder.path());
    REQUIRE(wrong.open(&other));
    CHECK(wrong.foreign() == 2);
    CHECK_FALSE(wrong.stops(phone(kAna)));
  }
  Spill opened(folder.path());
  REQUIRE(opened.open(&key));
  CHECK(opened.foreign() == 0);
  REQUIRE(opened.waiting().size() == 2);
  CHECK(opened.waiting().front().stop.address == phone(kAna));
  CHECK(opened.waiting().front().stop.retention.cohort == kProof.cohort);
}

TEST_CASE("a ledger whose keys are lost takes stops, and nothing else, until they are back") {
  const auto box = new_box();
  const auto ana = box->ledger->open_subject(somebody(kAna), grant(), kYes, true);
  REQUIRE(ana);
  box->ledger.reset();
  auto right = std::exchange(box->anchor, board::make_memory_anchor());
  const auto refused = FileLedger::open(box->options());
  REQUIRE_FALSE(refused);
  {
    const auto sealed = Ledger::open_sealed(box->options(), refused.error()).value();
    CHECK(sealed->health().read_only);
    CHECK(sealed->health().trouble.find("put back the anchor") != std::string::npos);
    REQUIRE(sealed->stop({phone(kAna)}, stop_of_person(), kProof));
    CHECK(sealed->suppressed(phone(kAna)));
    CHECK(sealed->health().stops_waiting == 1);
    CHECK(sealed->open_subject(somebody(kBea), grant(), kYes, true).error().code == Code::Corrupt);
    CHECK(sealed->subject_by_token(ana->token).error().code == Code::Corrupt);
    CHECK(sealed->person(phone(kAna)).error().code == Code::Corrupt);
    CHECK(Ledger::open_sealed(box->options(), refused.error()).error().code == Code::Locked);
  }
  box->anchor = std::move(right);
  box->open();
  CHECK(box->ledger->suppressed(phone(kAna)));
  REQUIRE(box->ledger->checkpoint());
  CHECK(box->ledger->health().stops_waiting == 0);
  CHECK(box->ledger->suppressed(phone(kAna)));
  CHECK(box->ledger->subject(ana->subject)->state.stop);
}

}  // namespace counterfoil::ledger::test
