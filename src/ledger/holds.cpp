// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What must be kept: legal holds, and restrictions. The chain of each submission says so and nothing else on
// disk does; memory learns it at each start from the few chains that have such a line.
#include "base/limits.h"
#include "base/log.h"
#include "ledger/file_ledger.h"
#include "ledger/key_tree.h"

#include <algorithm>

namespace counterfoil::ledger {
namespace {

// What cannot be read any more may have been a hold.
Kept::Terms terms_of(const consent::SubjectState& state) {
  if (state.damaged) return {consent::kForever, true};
  return {state.held_until(), state.restricted.has_value()};
}

// The day on which a cohort's last line goes: names of one length compare like the days they name.
std::string last_day(const std::string& cohort) {
  return cohort.size() == 7 ? cohort + "-31" : cohort;
}

}  // namespace

Result<Committed> FileLedger::keep(const std::vector<consent::SubjectId>& subjects,
                                   const consent::EventBody& body, const Retention& retention) {
  if (subjects.empty()) return fail(Code::NotFound, "no such submission");
  if (subjects.size() > limits::kErasureSubjectsMax) return fail(Code::Limit, "too many submissions at once");
  const std::lock_guard one_at_a_time(keeping_mutex_);
  Job job;
  {
    CF_TRY(auto reader, readers_.lease());
    for (const auto& id : subjects) {
      CF_TRY(auto row, reader->subject(id));
      CF_TRY(const auto found, open_row(std::move(row)));
      CF_TRY(auto state, fold(*reader, found.key));
      const consent::Identity identity = identity_of(state, found.card);
      CF_TRY(const std::string text, consent::encode_identity(identity));
      CF_TRY(auto draft, draft_event(id, found.row.n, found.key, text, body, retention));
      consent::Event event;
      event.seq = consent::Seq{state.last.value + 1};
      event.type = draft.type;
      event.body = body;
      consent::apply(state, event);
      job.kept.push_back({found.row.n, terms_of(state)});
      job.events.push_back(std::move(draft));
    }
  }
  CF_TRY(const auto committed, writer_->run(std::move(job)));
  return committed.front();
}

Result<std::vector<Subject>> FileLedger::kept() const {
  CF_CHECK(wait_built(Built::Owners, limits::kIndexWait_ms));
  std::vector<Subject> out;
  CF_TRY(auto reader, readers_.lease());
  for (const std::uint64_t n : memory_.kept.all()) {
    auto row = reader->subject(static_cast<Ordinal>(n));
    if (!row && row.error().code == Code::NotFound) continue;
    if (!row) return row.error();
    auto found = open_row(*std::move(row));
    if (!found && found.error().code == Code::NotFound) continue;
    if (!found) return found.error();
    CF_TRY(auto subject, folded(*reader, *std::move(found)));
    out.push_back(std::move(subject));
  }
  return out;
}

// Before the writer may destroy anything.
Status FileLedger::load_kept() {
  const std::lock_guard one_at_a_time(keeping_mutex_);
  CF_TRY(auto reader, readers_.lease());
  CF_TRY(const auto lines, reader->lines_about_keeping(size_at_start_));
  std::set<Ordinal> owners;
  for (const std::uint64_t seq : lines)
    if (!memory_.gone.covers(seq)) owners.insert(memory_.owners.of(seq));
  owners.erase(0);
  for (const Ordinal n : owners) {
    CF_TRY(auto row, reader->subject(n));
    const auto found = open_row(std::move(row));
    if (!found) continue;  // on its way out, or a key that opens nothing
    CF_TRY(const auto state, fold(*reader, found->key));
    memory_.kept.set(n, terms_of(state));
  }
  return {};
}

// The first cohort of the class that many others' lines are in as well, but none so soon that lines move on
// all the time; where there is none, a month of its own.
Retention FileLedger::later_cohort(const std::string& retention_class) const {
  const Instant soonest = options_.clock->now() + limits::kMovedAhead_days * kDay_s;
  const std::string day = rfc3339(soonest).substr(0, 10);
  std::optional<std::string> first;
  for (const auto& [id, retention] : keyring_.cohorts()) {
    if (retention.retention_class != retention_class || last_day(retention.cohort) < day) continue;
    if (!first || last_day(retention.cohort) < last_day(*first)) first = retention.cohort;
  }
  return {retention_class, first ? *first : day.substr(0, 7)};
}

// True when there may be more: an event has room for so many lines only.
Result<bool> FileLedger::move_lines(Ordinal n, const std::set<std::int64_t>& cohorts) {
  Job job;
  std::map<std::int64_t, std::vector<consent::Seq>> moved;
  {
    CF_TRY(auto reader, readers_.lease());
    CF_TRY(auto row, reader->subject(n));
    CF_TRY(const auto found, open_row(std::move(row)));
    std::map<std::int64_t, Retention> known;
    for (const auto& [id, retention] : keyring_.cohorts()) known.emplace(id, retention);
    for (std::uint64_t i = 0; job.moves.size() < limits::kMovedLinesMax; ++i) {
      CF_TRY(const auto leaf, reader->leaf_by_h(chain_value(found.key, i)));
      if (!leaf) break;
      if (!leaf->payload || !cohorts.contains(leaf->payload->cohort) || memory_.gone.covers(leaf->seq))
        continue;
      CF_TRY(auto disclosures, disclosures_of(*leaf, found.key));
      moved[leaf->payload->cohort].push_back(consent::Seq{leaf->seq});
      job.moves.push_back({leaf->seq, leaf->hash, found.key.clone(), std::move(disclosures),
                           later_cohort(known[leaf->payload->cohort].retention_class)});
    }
    if (job.moves.empty()) return false;
    CF_TRY(const auto state, fold(*reader, found.key));
    CF_TRY(const std::string text, consent::encode_identity(identity_of(state, found.card)));
    for (auto& [cohort, lines] : moved) {
      const Retention from = known[cohort];
      const Retention to = later_cohort(from.retention_class);
      consent::RetentionChangeBody body;
      body.from = {from.retention_class, from.cohort};
      body.to = {to.retention_class, to.cohort};
      body.reason = state.holds.empty() ? "restriction" : "hold";
      body.lines = std::move(lines);
      CF_TRY(auto draft, draft_event(found.row.id, n, found.key, text, body, to));
      job.events.push_back(std::move(draft));
    }
  }
  const bool more = job.moves.size() == limits::kMovedLinesMax;
  CF_CHECK(writer_->run(std::move(job)));
  return more;
}

// What does not move keeps its cohort from ending, so it is lost to nobody; the next sweep tries again.
void FileLedger::move_kept(const std::vector<Retention>& due) {
  std::set<std::int64_t> cohorts;
  for (const Retention& retention : due)
    if (const auto id = keyring_.cohort_id(retention)) cohorts.insert(*id);
  const Instant now = head_.certain_now(*options_.clock);
  for (const std::uint64_t n : memory_.kept.all()) {
    if (!memory_.kept.is_kept(n, now)) continue;
    Result<bool> more = true;
    while (more && *more) more = move_lines(static_cast<Ordinal>(n), cohorts);
    if (more || more.error().code == Code::NotFound) continue;
    log::error("ledger.kept_lines_stay", {{"error", more.error().message()}});
    if (more.error().code == Code::Corrupt || more.error().code == Code::WrongKey)
      head_.note_trouble("a record that must be kept does not open, so what is due with it stays");
  }
}

}  // namespace counterfoil::ledger
