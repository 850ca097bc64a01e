// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What went and what goes next: from the tombstones, which are in the log, and from the cohorts of what is
// there.
#include "base/limits.h"
#include "ledger/file_ledger.h"

#include <algorithm>
#include <tuple>

namespace counterfoil::ledger {
namespace {

Result<std::vector<RetentionReport::Gone>> tombstones(store::Database& ledger) {
  CF_TRY(auto st, ledger.prepare("SELECT t.seq, sum(t.last - t.first + 1), l.bytes FROM tombstone t "
                                 "JOIN leaf l ON l.seq = t.seq GROUP BY t.seq ORDER BY t.seq"));
  std::vector<RetentionReport::Gone> out;
  while (true) {
    CF_TRY(const bool row, st.step());
    if (!row) return out;
    CF_TRY(const auto line, proof::decode_leaf(st.text(2)));
    out.push_back({static_cast<std::uint64_t>(st.integer(0)), line.t,
                   line.typ == consent::EventType::ExpireDone, static_cast<std::uint64_t>(st.integer(1))});
  }
}

}  // namespace

Result<RetentionReport> FileLedger::retention_report() const {
  RetentionReport out;
  // Not lent from the pool: it reads the whole table, and a rotation must not wait for it.
  CF_TRY(auto files, open_files(options_.folder, Access::Read));
  CF_TRY(out.gone, tombstones(files.ledger));
  std::map<std::int64_t, Retention> cohorts;
  for (auto& [id, retention] : keyring_.cohorts()) cohorts.emplace(id, std::move(retention));
  CF_TRY(auto st, files.ledger.prepare("SELECT cohort, count(*) FROM payload GROUP BY cohort"));
  while (true) {
    CF_TRY(const bool row, st.step());
    if (!row) break;
    const auto known = cohorts.find(st.integer(0));
    if (known == cohorts.end()) continue;  // its keys are gone, its lines go within the minute
    out.next.push_back({known->second, static_cast<std::uint64_t>(st.integer(1))});
  }
  std::sort(out.next.begin(), out.next.end(), [](const auto& a, const auto& b) {
    return std::tie(a.retention.retention_class, a.retention.cohort) <
           std::tie(b.retention.retention_class, b.retention.cohort);
  });
  return out;
}

}  // namespace counterfoil::ledger
