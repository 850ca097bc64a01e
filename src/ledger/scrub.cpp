// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Bits rot: once a day everything is read again, a few milliseconds of every second. Damage is never repaired
// silently, and signing on over it would hide it. What no line of the log vouches for is read here: cards,
// tags and items.
#include "base/limits.h"
#include "base/log.h"
#include "base/stack.h"
#include "ledger/file_ledger.h"

#include <algorithm>

namespace counterfoil::ledger {
namespace {

// Where desk.db keeps when everything was last read.
constexpr std::string_view kScrubKind = "ledger";
constexpr std::string_view kScrubId = "scrub";

}  // namespace

// A card says whose number it is, and serves stops when nothing else can be read.
Status FileLedger::audit_cards(std::uint64_t step_rows, const std::function<bool()>& go_on) const {
  std::uint64_t last = 0;
  {
    CF_TRY(auto reader, readers_.lease());
    CF_TRY(last, reader->last_subject());
  }
  for (std::uint64_t at = 1; at <= last; at += step_rows) {
    {
      CF_TRY(auto reader, readers_.lease());
      CF_TRY(const auto rows, reader->subjects(static_cast<Ordinal>(at),
                                               static_cast<Ordinal>(std::min(last, at + step_rows - 1))));
      for (const SubjectRow& row : rows) {
        const auto found = open_row(SubjectRow(row));
        if (!found && found.error().code != Code::NotFound)
          return fail(Code::Corrupt, "submission " + std::to_string(row.n) + ": " + found.error().message());
      }
    }
    if (!go_on()) return fail(Code::Timeout, "stopped before the end");
  }
  return {};
}

// Memory learns a tag after the file has it, so whatever it knows beforehand must be there.
Status FileLedger::audit_tags() const {
  const auto known = memory_.suppressions.tags();
  CF_TRY(auto reader, readers_.lease());
  CF_TRY(auto st, reader->files().ledger.prepare("SELECT 1 FROM supp WHERE tag = ?"));
  for (const Handle& tag : known) {
    CF_TRY(const bool there, st.reset().bind(1, ByteView(tag)).step());
    if (!there) return fail(Code::Corrupt, "ledger.db: a stop was taken out of it");
  }
  return {};
}

Status FileLedger::load_scrubbed() {
  const auto last = item(kScrubKind, kScrubId);
  if (!last) return last.error().code == Code::NotFound ? Status() : Status(last.error());
  CF_TRY(const Instant at, last->integer_at("at"));
  CF_TRY(const std::int64_t lines, last->integer_at("lines"));
  head_.set_scrubbed({at, static_cast<std::uint64_t>(lines)});
  return {};
}

void FileLedger::scrub() {
  if (!wait_built(Built::Owners, limits::kVerifyWait_ms)) return;
  std::uint64_t lines = 0;
  auto sound = audit(limits::kScrubStep_rows, [&](std::uint64_t, std::uint64_t all) {
    lines = all;
    wait_or_close(options_.timing.scrub_pause_ms);
    return !closing_;
  });
  if (closing_) return;
  if (sound) {
    const Instant now = options_.clock->now();
    head_.set_scrubbed({now, lines});
    log::info("ledger.scrubbed", {{"lines", lines}});
    sound = put_item(kScrubKind, kScrubId, json::Object{{"at", now}, {"lines", lines}});
    if (sound) return;
  }
  log::error("ledger.scrub", {{"error", sound.error().message()}});
  if (sound.error().code == Code::Corrupt && !head_.read_only())
    head_.turn_read_only("the daily scrub found damage: " + sound.error().message());
}

void FileLedger::scrub_daily() {
  try {
    // Not at once: a start has walked every chain already, and has other things to do.
    wait_or_close(std::min(options_.timing.scrub_every_ms, limits::kLedgerIdle_ms));
    while (!closing_) {
      if (!head_.read_only()) scrub();
      burn_stack();
      wait_or_close(options_.timing.scrub_every_ms);
    }
  } catch (const std::exception& e) {
    log::error("ledger.scrub", {{"error", e.what()}});
  }
}

}  // namespace counterfoil::ledger
