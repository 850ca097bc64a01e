// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Lines that go with another cohort than they say: later, because somebody is held or restricted, or sooner,
// because their class is kept for less. The line stays as it is; its text is encrypted anew, and an event in
// the same chain says so.
#include "base/limits.h"
#include "ledger/file_ledger.h"
#include "ledger/key_tree.h"

#include <optional>

namespace counterfoil::ledger {
namespace {

// Why a line moves that no operator moved.
std::string kept_by(const consent::SubjectState& state) {
  return state.holds.empty() ? "restriction" : "hold";
}

// The lines of one person that leave one cohort.
struct Departure {
  std::optional<Retention> to;
  std::vector<consent::Seq> lines;
};

}  // namespace

// The first cohort of the class that many others' lines are in as well, but none so soon that lines move on
// all the time; where there is none, a month of its own.
Retention FileLedger::later_cohort(const std::string& retention_class) const {
  const Instant soonest = options_.clock->now() + limits::kMovedAhead_days * kDay_s;
  const std::string day = rfc3339(soonest).substr(0, 10);
  std::optional<Retention> first;
  for (const auto& [id, retention] : keyring_.cohorts()) {
    if (retention.retention_class != retention_class || retention.last_day() < day) continue;
    if (!first || retention.last_day() < first->last_day()) first = retention;
  }
  return first ? *first : Retention{retention_class, day.substr(0, 7)};
}

// What of a person moves goes together, by the time of its first line: a yes never outlives its no.
Result<std::size_t> FileLedger::draft_moves(Ordinal n, const Moving& moving, Job& job) {
  CF_TRY(auto reader, readers_.lease());
  CF_TRY(auto row, reader->subject(n));
  CF_TRY(const auto found, open_row(std::move(row)));
  std::map<std::int64_t, Departure> leaving;
  for (std::uint64_t i = 0; job.moves.size() < limits::kMovedLinesMax; ++i) {
    CF_TRY(const auto leaf, reader->leaf_by_h(chain_value(found.key, i)));
    if (!leaf) break;
    if (!leaf->payload || !leaf->bytes || memory_.gone.covers(leaf->seq)) continue;
    const auto from = moving.from.find(leaf->payload->cohort);
    if (from == moving.from.end()) continue;
    const auto [at, is_first] = leaving.try_emplace(from->first);
    if (is_first) {
      CF_TRY(const auto line, proof::decode_leaf(*leaf->bytes));
      at->second.to = moving.to(from->second, line.t);
    }
    if (!at->second.to) continue;
    CF_TRY(auto disclosures, disclosures_of(*leaf, found.key));
    at->second.lines.push_back(consent::Seq{leaf->seq});
    job.moves.push_back({leaf->seq, leaf->hash, found.key.clone(), std::move(disclosures), *at->second.to});
  }
  if (job.moves.empty()) return std::size_t{0};
  CF_TRY(const auto state, fold(*reader, found.key));
  const consent::Identity identity = identity_of(state, found.card);
  for (auto& [cohort, moved] : leaving) {
    if (!moved.to) continue;
    const Retention& from = moving.from.at(cohort);
    consent::RetentionChangeBody body;
    body.from = {from.retention_class, from.cohort};
    body.to = {moved.to->retention_class, moved.to->cohort};
    body.reason = moving.reason.empty() ? kept_by(state) : moving.reason;
    body.lines = std::move(moved.lines);
    CF_TRY(auto draft, draft_event(found.row.id, n, found.key, identity, body, *moved.to));
    job.events.push_back(std::move(draft));
  }
  return job.moves.size();
}

Result<std::size_t> FileLedger::move_all_lines(Ordinal n, const Moving& moving) {
  const std::lock_guard one_at_a_time(keeping_mutex_);  // or two sweeps would move a line twice
  std::size_t all = 0;
  while (true) {
    Job job;
    CF_TRY(const std::size_t moved, draft_moves(n, moving, job));
    all += moved;
    if (moved == 0) return all;
    CF_CHECK(writer_->run(std::move(job)));
    if (moved < limits::kMovedLinesMax) return all;
  }
}

Result<Shortening> FileLedger::shorten(const std::string& retention_class,
                                       const std::function<std::string(Instant t)>& cohort_of, bool really,
                                       const Progress& progress) {
  CF_CHECK(wait_built(Built::Owners, limits::kIndexWait_ms));
  Moving moving;
  moving.reason = "shortened";
  for (const auto& [id, retention] : keyring_.cohorts())
    if (retention.retention_class == retention_class) moving.from.emplace(id, retention);
  moving.to = [&](const Retention& from, Instant t) -> std::optional<Retention> {
    Retention to{from.retention_class, cohort_of(t)};
    if (to.last_day() >= from.last_day()) return std::nullopt;
    return to;
  };
  std::uint64_t last = 0;
  {
    CF_TRY(auto reader, readers_.lease());
    CF_TRY(last, reader->last_subject());
  }
  Shortening out;
  for (std::uint64_t n = 1; n <= last && !moving.from.empty(); ++n) {
    if (closing_) return fail(Code::NotReady, "closing");
    if (progress && !progress(n, last)) return fail(Code::Timeout, "nobody waits for the answer any more");
    Job counted;
    const auto moved = really ? move_all_lines(static_cast<Ordinal>(n), moving)
                              : draft_moves(static_cast<Ordinal>(n), moving, counted);
    if (!moved && moved.error().code == Code::NotFound) continue;  // erased
    if (!moved) return moved.error();
    out.lines += *moved;
    if (*moved != 0) ++out.submissions;
  }
  return out;
}

}  // namespace counterfoil::ledger
