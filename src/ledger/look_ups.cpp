// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Who looked at whom: an event in the chain of each submission that was looked at.
#include "ledger/file_ledger.h"
#include "ledger/key_tree.h"

#include <map>
#include <optional>

namespace counterfoil::ledger {

// The class of look-ups, but no longer than the rest of the chain: nobody is kept because somebody was
// curious.
Result<Retention> FileLedger::retention_of_look_up(Reader& reader, const Key& key,
                                                   const Retention& wanted) const {
  const auto known = keyring_.cohorts();
  const std::map<std::int64_t, Retention> cohorts(known.begin(), known.end());
  std::optional<Retention> last;
  for (std::uint64_t i = 0;; ++i) {
    CF_TRY(const auto leaf, reader.leaf_by_h(chain_value(key, i)));
    if (!leaf) break;
    if (!leaf->payload) continue;
    const auto at = cohorts.find(leaf->payload->cohort);
    if (at == cohorts.end() || at->second.retention_class == wanted.retention_class) continue;
    if (!last || last->last_day() < at->second.last_day()) last = at->second;
  }
  if (!last || wanted.last_day() <= last->last_day()) return wanted;
  return Retention{wanted.retention_class, last->cohort};
}

Result<Committed> FileLedger::look_up(const std::vector<consent::SubjectId>& subjects,
                                      const consent::LookupBody& body, const Retention& retention) {
  if (subjects.empty()) return fail(Code::NotFound, "no such submission");
  Job job;
  {
    CF_TRY(auto reader, readers_.lease());
    for (const auto& id : subjects) {
      CF_TRY(const auto known, know(*reader, id));
      CF_TRY(const auto kept, retention_of_look_up(*reader, known.found.key, retention));
      CF_TRY(auto draft, next_event(known, body, kept));
      job.events.push_back(std::move(draft));
    }
  }
  CF_TRY(const auto committed, writer_->run(std::move(job)));
  return committed.front();
}

}  // namespace counterfoil::ledger
