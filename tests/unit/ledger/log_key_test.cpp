// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Another key signs the log: whoever pinned the first one still proves every line and every receipt.
#include "base/limits.h"
#include "counterfoil/proof/jws.h"
#include "ending.h"

#include <algorithm>

namespace counterfoil::ledger::test {
namespace {

const View kEverything{.recipient = {}, .identity = true, .consent = true};

std::string receipt_of(const Box& box, const Opened& opened) {
  const auto parts = box.ledger->receipt(opened.subject, opened.event.seq);
  REQUIRE_MESSAGE(parts, (parts ? std::string() : parts.error().message()));
  return proof::write_receipt(*parts);
}

Opened opt_in(Box& box, const char* number) {
  auto opened = box.ledger->open_subject(somebody(number), grant(), kYes, false);
  REQUIRE(opened);
  return *std::move(opened);
}

std::size_t signatures_of(const std::string& note) {
  return static_cast<std::size_t>(std::count(note.begin(), note.end(), '\n')) - 4;
}

std::int64_t keys_rows(const Box& box, const std::string& where) {
  auto keys = store::Database::open(keys_path(box.folder.path()), {.read_only = true});
  REQUIRE(keys);
  return keys->query_integer("SELECT count(*) FROM meta WHERE " + where).value();
}

// The next start finds that the old key has signed long enough, and takes its private half out of keys.db.
void retire(Box& box) {
  box.clock.advance(limits::kLogKeyOverlap_s);
  const auto epoch = box.anchor_epoch();
  box.reopen();
  for (int i = 0; i < 2'000 && box.anchor_epoch() == epoch; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  REQUIRE(box.anchor_epoch() == epoch + 1);
}

}  // namespace

TEST_CASE("a new key signs beside the old one, and alone once its time is over") {
  const auto box = quick_box();
  const Opened ana = opt_in(*box, kAna);
  const std::string before = receipt_of(*box, ana);
  const auto first = box->ledger->log_key();
  const auto until = box->ledger->change_log_key();
  REQUIRE(until);
  CHECK(*until == kStart + limits::kLogKeyOverlap_s);
  CHECK(box->ledger->change_log_key().error().code == Code::Conflict);
  CHECK(box->ledger->log_key().spki == first.spki);

  const Opened bea = opt_in(*box, kBea);
  const std::string during = receipt_of(*box, bea);
  CHECK(signatures_of(*box->ledger->checkpoint()) == 2);
  CHECK(proof::check_receipt(before, first));
  CHECK(proof::check_receipt(during, first));
  CHECK(findings(*box, kEverything).empty());
  CHECK(keys_rows(*box, "name IN ('log', 'log2')") == 2);
  box->reopen();
  CHECK(box->ledger->health().trouble == "");
  CHECK(signatures_of(*box->ledger->checkpoint()) == 2);

  retire(*box);
  CHECK(keys_rows(*box, "name = 'log'") == 0);
  CHECK(keys_rows(*box, "name = 'log2'") == 1);
  const auto keys = box->ledger->log_keys();
  const std::string after = receipt_of(*box, bea);
  CHECK(signatures_of(*box->ledger->checkpoint()) == 1);
  CHECK(proof::check_receipt(after, first).error().code == Code::WrongKey);
  for (const auto& receipt : {before, during, after}) CHECK(proof::check_receipt(receipt, keys.chain));
  CHECK(findings(*box, kEverything).empty());
  CHECK(box->ledger->verify({}));  // the checkpoints of before as well
  box->reopen();
  CHECK_FALSE(box->ledger->health().read_only);
  CHECK(box->ledger->log_key().spki == first.spki);
  CHECK(box->ledger->verify({}));

  REQUIRE(box->ledger->change_log_key());  // the place of the first one is free again
  retire(*box);
  CHECK(keys_rows(*box, "name = 'log2'") == 0);
  CHECK(box->ledger->log_keys().lines.size() == 2);
  CHECK(findings(*box, kEverything).empty());
  CHECK(box->ledger->verify({}));
}

TEST_CASE("statements are signed by the newest key, and whoever follows the lines opens them") {
  const auto box = quick_box();
  const auto first = box->ledger->log_key();
  REQUIRE(box->ledger->change_log_key());
  const auto jws = box->ledger->sign("counterfoil-erasure", json::Object{{"gone", 1}});
  REQUIRE(jws);
  CHECK(proof::open_jws(*jws, "counterfoil-erasure", first).error().code == Code::WrongKey);
  const auto size = box->ledger->signed_size();
  CHECK(box->ledger->log_keys().chain.open_statement(*jws, "counterfoil-erasure", size));
  proof::KeyChain followed(first);
  REQUIRE(followed.follow_lines(box->ledger->log_keys().lines));
  CHECK(followed.open_statement(*jws, "counterfoil-erasure", size));
}

TEST_CASE("an untrusted clock retires no key") {
  const auto box = quick_box();
  REQUIRE(box->ledger->change_log_key());
  box->clock.advance(limits::kLogKeyOverlap_s);
  box->clock.set_state(ClockState::Untrusted);
  box->reopen();
  REQUIRE(box->ledger->entries(0, 0, kEverything, {}));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  CHECK(signatures_of(*box->ledger->checkpoint()) == 2);
}

TEST_CASE("a key that the log does not name signs nothing and is gone with the next epoch") {
  const auto box = quick_box();
  const auto folder = box->folder.path();
  box->ledger.reset();
  const auto log = read_file(ledger_path(folder), std::size_t{1} << 30).value();
  const auto anchor = box->anchor->read(0, ErasableAnchor::kAnchorBytes);
  REQUIRE(anchor);
  box->open();
  REQUIRE(box->ledger->change_log_key());
  box->ledger.reset();
  // As if the power had gone between keys.db and ledger.db.
  REQUIRE(write_file_durably(ledger_path(folder), log));
  REQUIRE(box->anchor->write(0, anchor->view()));
  CHECK(keys_rows(*box, "name IN ('log', 'log2')") == 2);
  box->open();
  CHECK(box->ledger->health().trouble == "");
  CHECK(signatures_of(*box->ledger->checkpoint()) == 1);
  for (int i = 0; i < 2'000 && box->anchor_epoch() == 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  CHECK(keys_rows(*box, "name IN ('log', 'log2')") == 1);
  REQUIRE(box->ledger->change_log_key());
  CHECK(findings(*box, kEverything).empty());
}

}  // namespace counterfoil::ledger::test
