// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What must be kept: legal holds, and restrictions. The chain of each submission says so and nothing else on
// disk does; memory learns it at each start from the few chains that have such a line.
#include "base/limits.h"
#include "base/log.h"
#include "ledger/file_ledger.h"

namespace counterfoil::ledger {
namespace {

// What cannot be read any more may have been a hold.
Kept::Terms terms_of(const consent::SubjectState& state) {
  if (state.damaged) return {consent::kForever, true};
  return {state.held_until(), state.restricted.has_value()};
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
      CF_TRY(auto known, know(*reader, id));
      CF_TRY(auto draft, next_event(known, body, retention));
      consent::Event event;
      event.seq = consent::Seq{known.state.last.value + 1};
      event.type = draft.type;
      event.body = body;
      consent::apply(known.state, event);
      job.kept.push_back({known.found.row.n, terms_of(known.state)});
      job.events.push_back(std::move(draft));
    }
  }
  CF_TRY(const auto committed, writer_->run(std::move(job)));
  return committed.front();
}

Result<std::vector<Subject>> FileLedger::kept() const {
  CF_CHECK(wait_built(Built::Owners, limits::kIndexWait_ms));
  return folded_all(memory_.kept.all());
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

// What does not move keeps its cohort from ending, so it is lost to nobody; the next sweep tries again.
void FileLedger::move_kept(const std::vector<Retention>& due) {
  Moving moving;
  for (const Retention& retention : due)
    if (const auto id = keyring_.cohort_id(retention)) moving.from.emplace(*id, retention);
  moving.to = [this](const Retention& from, Instant) { return later_cohort(from.retention_class); };
  const Instant now = head_.certain_now(*options_.clock);
  for (const Ordinal n : memory_.kept.all()) {
    if (!memory_.kept.is_kept(n, now)) continue;
    const auto moved = move_all_lines(n, moving);
    if (moved || moved.error().code == Code::NotFound) continue;
    log::error("ledger.kept_lines_stay", {{"error", moved.error().message()}});
    if (moved.error().code == Code::Corrupt || moved.error().code == Code::WrongKey)
      head_.note_trouble("a record that must be kept does not open, so what is due with it stays");
  }
}

}  // namespace counterfoil::ledger
