// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What tests of erasure, holds and retention share. Thread rule: one thread.
#pragma once

#include "counterfoil/proof/verify.h"
#include "fixture.h"

#include <chrono>
#include <thread>

namespace counterfoil::ledger::test {

using State = EndingReport::State;

inline consent::EraseBody erase_by_link() {
  consent::EraseBody out;
  out.scope = "subject";
  out.via = "link";
  return out;
}

/// A box that rotates as soon as it can.
inline std::unique_ptr<Box> quick_box() {
  auto out = std::make_unique<Box>();
  out->timing = {.overwrite_after_ms = 0, .rotate_every_ms = 0};
  out->create();
  out->open();
  return out;
}

inline EndingReport wait_for(const Box& box, std::int64_t id, State wanted) {
  EndingReport report;
  for (int i = 0; i < 2'000; ++i) {
    const auto now = box.ledger->erasure(id);
    REQUIRE(now);
    report = *now;
    if (report.state >= wanted) return report;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  FAIL("the erasure did not come that far");
  return report;
}

inline std::int64_t erase(Box& box, const consent::SubjectId& subject,
                          const std::vector<consent::RecipientId>& told = {}) {
  const auto id = box.ledger->erase({subject}, erase_by_link(), kProof, told);
  REQUIRE_MESSAGE(id, (id ? std::string() : id.error().message()));
  return *id;
}

/// What a stranger finds in all the lines, with the texts that the view shows.
inline std::vector<proof::Finding> findings(Box& box, const View& view, std::uint64_t* deleted = nullptr) {
  const auto note = box.ledger->checkpoint();
  REQUIRE(note);
  const auto checkpoint = proof::read_checkpoint(*note);
  REQUIRE(checkpoint);
  proof::Verifier verifier(box.ledger->log_key());
  REQUIRE(box.ledger->entries(0, checkpoint->size, view, [&](std::string_view line) -> Status {
    if (deleted != nullptr && line.find("\"hash\"") != line.npos) ++*deleted;
    verifier.feed(line);
    return {};
  }));
  REQUIRE(verifier.finish(*note));
  return verifier.findings();
}

}  // namespace counterfoil::ledger::test
