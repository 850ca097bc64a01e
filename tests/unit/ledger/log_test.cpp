// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The log as recipients and customers see it: entries, proofs, receipts, resumed pulls.
#include "counterfoil/proof/verify.h"
#include "crypto/crypto.h"
#include "fixture.h"

#include <thread>

namespace counterfoil::ledger::test {
namespace {

const View kBlind{};
const View kConsentOnly{.recipient = consent::RecipientId("crm"), .identity = false, .consent = true};
const View kAll{.recipient = consent::RecipientId("crm"), .identity = true, .consent = true};

std::vector<std::string> lines_of(const Ledger& ledger, std::uint64_t start, std::uint64_t end,
                                  const View& view) {
  std::vector<std::string> out;
  const auto status = ledger.entries(start, end, view, [&](std::string_view line) -> Status {
    out.emplace_back(line);
    return {};
  });
  REQUIRE_MESSAGE(status, (status ? std::string() : status.error().message()));
  return out;
}

// Many events at the price of few commits: one submission each, all in one group after another.
void fill(FileLedger& ledger, std::uint64_t size) {
  std::vector<std::thread> threads;
  std::atomic<bool> failed{false};
  for (unsigned k = 0; k < 32; ++k) {
    threads.emplace_back([&] {
      while (ledger.health().size < size) {
        if (!ledger.record(consent::EventType::SysConfig, json::Object{{"change", "filler"}})) failed = true;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  REQUIRE_FALSE(failed);
  REQUIRE(ledger.checkpoint());
}

TEST_CASE("a receipt holds for a stranger who has only the log's key") {
  const auto box = new_box();
  fill(*box->ledger, 300);
  const auto opened = box->ledger->open_subject(somebody("+34600000001"), grant(), kYes, true);
  REQUIRE(opened);
  fill(*box->ledger, 700);
  const auto receipt = box->ledger->receipt(opened->subject, opened->event.seq);
  REQUIRE(receipt);
  const auto text = proof::write_receipt(*receipt);
  const auto checked = proof::check_receipt(text, box->ledger->log_key());
  REQUIRE_MESSAGE(checked, (checked ? std::string() : checked.error().message()));
  CHECK(checked->leaf.seq == opened->event.seq);
  CHECK(checked->identity == somebody("+34600000001"));
  CHECK(checked->body == consent::encode_body(grant()).value());
  CHECK(checked->checkpoint.size == box->ledger->signed_size());

  // Nobody gets a receipt for another's event, nor for one that is not there.
  const auto other = box->ledger->open_subject(somebody("+34600000002"), grant(), kYes, true);
  REQUIRE(other);
  CHECK(box->ledger->receipt(other->subject, opened->event.seq).error().code == Code::NotFound);
  CHECK(box->ledger->receipt(opened->subject, consent::Seq{0}).error().code == Code::NotFound);
  CHECK(box->ledger->receipt(opened->subject, consent::Seq{100'000}).error().code == Code::NotFound);
}

TEST_CASE("every view of the entries verifies, and shows what it may") {
  const auto box = new_box();
  const auto opened = box->ledger->open_subject(somebody("+34600000001"), grant(), kYes, true);
  REQUIRE(opened);
  REQUIRE(box->ledger->confirm(opened->subject, confirmed_by_staff(), kYes));
  REQUIRE(box->ledger->open_subject(somebody("+34600000002"), grant(), kYes, true));
  box->reopen();
  REQUIRE(box->ledger->checkpoint());
  const std::uint64_t size = box->ledger->signed_size();
  CHECK(size == box->ledger->health().size);
  for (const View& view : {kBlind, kConsentOnly, kAll}) {
    proof::Verifier verifier(box->ledger->log_key());
    for (const auto& line : lines_of(*box->ledger, 0, size, view)) verifier.feed(line);
    const auto checked = verifier.finish(box->ledger->checkpoint().value());
    REQUIRE_MESSAGE(checked, (checked ? std::string() : checked.error().message()));
    CHECK(checked->size == size);
  }
  const auto genesis = proof::decode_entry(lines_of(*box->ledger, 0, 1, kAll).front());
  REQUIRE(genesis);
  CHECK_FALSE((genesis->d[0] || genesis->d[1] || genesis->p));
  const auto decoded = [&](std::uint64_t seq, const View& view) {
    return proof::decode_entry(lines_of(*box->ledger, seq, seq + 1, view).front()).value();
  };
  const std::uint64_t first = opened->event.seq.value;
  CHECK_FALSE((decoded(first, kBlind).d[0] || decoded(first, kBlind).d[1] || decoded(first, kBlind).p));
  CHECK_FALSE(decoded(first, kConsentOnly).d[0]);
  CHECK(decoded(first, kConsentOnly).d[1]->text == consent::encode_body(grant()).value());
  CHECK(decoded(first, kAll).d[0]->text == consent::encode_identity(somebody("+34600000001")).value());
  // A handle joins the events of one submission, and differs from person to person and recipient to
  // recipient.
  CHECK(decoded(first, kAll).p == decoded(first + 1, kConsentOnly).p);
  CHECK(decoded(first, kAll).p != decoded(first + 2, kAll).p);
  View other = kAll;
  other.recipient = consent::RecipientId("other");
  CHECK(decoded(first, kAll).p != decoded(first, other).p);
}

TEST_CASE("entries cannot be asked for beyond the signed size, nor too many at once") {
  const auto box = new_box();
  const auto nothing = [](std::string_view) -> Status { return {}; };
  const std::uint64_t size = box->ledger->signed_size();
  CHECK(box->ledger->entries(0, size + 1, kAll, nothing).error().code == Code::BadInput);
  CHECK(box->ledger->entries(2, 1, kAll, nothing).error().code == Code::BadInput);
  CHECK(box->ledger->entries(size, size, kAll, nothing));
  const auto refusing = [](std::string_view) -> Status { return fail(Code::Timeout); };
  CHECK(box->ledger->entries(0, size, kAll, refusing).error().code == Code::Timeout);
}

TEST_CASE("a pull resumes, and proofs join the two checkpoints") {
  const auto box = new_box();
  fill(*box->ledger, 600);
  const std::uint64_t first_size = box->ledger->signed_size();
  const std::string first_note = box->ledger->checkpoint().value();
  proof::Verifier first(box->ledger->log_key());
  for (const auto& line : lines_of(*box->ledger, 0, first_size, kBlind)) first.feed(line);
  REQUIRE(first.finish(first_note));

  box->reopen();
  fill(*box->ledger, 1100);
  const std::uint64_t size = box->ledger->signed_size();
  proof::Verifier second(box->ledger->log_key());
  second.resume(first.frontier());
  for (const auto& line : lines_of(*box->ledger, first_size, size, kBlind)) second.feed(line);
  const auto checked = second.finish(box->ledger->checkpoint().value());
  REQUIRE(checked);

  const auto old_checkpoint = proof::open_checkpoint(first_note, box->ledger->log_key());
  REQUIRE(old_checkpoint);
  const auto proof = proof::consistency_proof(first_size, size, box->ledger->nodes());
  REQUIRE(proof);
  CHECK(proof::verify_consistency(first_size, size, old_checkpoint->root, checked->root, *proof));
  CHECK(proof::root_at(first_size, box->ledger->nodes()).value() == old_checkpoint->root);
  for (const std::uint64_t seq : {std::uint64_t{0}, std::uint64_t{255}, std::uint64_t{256}, size - 1}) {
    const auto leaf = proof::decode_entry(lines_of(*box->ledger, seq, seq + 1, kBlind).front()).value();
    const auto path = proof::inclusion_proof(seq, size, box->ledger->nodes());
    REQUIRE(path);
    CHECK(proof::verify_inclusion(leaf.hash, seq, size, *path, checked->root));
  }

  Bytes hashes;
  for (std::uint64_t n = 0; n * 256 < size; ++n) {
    const auto tile = box->ledger->leaf_tile(n);
    REQUIRE(tile);
    hashes.insert(hashes.end(), tile->begin(), tile->end());
  }
  CHECK(hashes.size() == size * 32);
  CHECK(box->ledger->leaf_tile(size / 256 + 1).error().code == Code::NotFound);
  CHECK(box->ledger->verify({}));
}

TEST_CASE("the first event names the log and its key") {
  const auto box = new_box();
  const auto entry = proof::decode_entry(lines_of(*box->ledger, 0, 1, kBlind).front()).value();
  const auto leaf = proof::decode_leaf(entry.leaf).value();
  CHECK(leaf.typ == consent::EventType::SysGenesis);
  CHECK(leaf.log == "tres-faroles.example/demo/1");
  CHECK(leaf.body->string_at("key") == base64url(crypto::sha256(box->ledger->log_key().spki)));
  CHECK(leaf.body->integer_at("format") == 1);
}

}  // namespace
}  // namespace counterfoil::ledger::test
