// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The part of Committer that deletes: jobs, the lines they end, and what tombstones cover.
#include "ledger/commit.h"
#include "ledger/key_tree.h"

namespace counterfoil::ledger {

Status Committer::insert_endings(const Plan& plan) {
  for (const NewEnding* ending : plan.endings()) {
    CF_TRY(auto st, files_.ledger.prepare("INSERT INTO job(id, kind, state, w) VALUES(?, ?, ?, ?)"));
    CF_TRY(const Bytes sealed, seal_job(ending->key, ending->job));
    st.bind(1, ending->job.id).bind(2, kind_name(ending->job.kind)).bind(3, state_name(ending->job.state));
    CF_CHECK(st.bind(4, ByteView(sealed)).run());
  }
  for (const auto& planned : plan.tombstones()) {
    CF_TRY(auto put, files_.ledger.prepare("INSERT INTO tombstone(first, last, seq) VALUES(?, ?, ?)"));
    for (const auto& [first, last] : planned.tombstone->lines)
      CF_CHECK(put.reset().bind(1, first).bind(2, last).bind(3, planned.seq).run());
    CF_TRY(auto remove, files_.ledger.prepare("DELETE FROM job WHERE id = ?"));
    CF_TRY(auto keep,
           files_.ledger.prepare("INSERT INTO ended(id, epoch, lines, gone_at, seq) VALUES(?, ?, ?, ?, ?)"));
    for (const EndingJob& job : planned.tombstone->jobs) {
      CF_CHECK(remove.reset().bind(1, job.id).run());
      keep.reset().bind(1, job.id).bind(2, job.epoch).bind(3, count_of(job.lines)).bind(4, job.gone_at);
      CF_CHECK(keep.bind(5, planned.seq).run());
    }
  }
  return {};
}

// A line that ended meanwhile has no payload any more.
Status Committer::move_payloads(const Plan& plan) {
  if (plan.moves().empty()) return {};
  CF_TRY(auto st, files_.ledger.prepare("UPDATE payload SET cohort = ?, salt = ?, ct = ? WHERE seq = ?"));
  for (const PlannedMove& move : plan.moves()) {
    st.reset().bind(1, move.row.cohort).bind(2, ByteView(move.row.salt)).bind(3, ByteView(move.row.sealed));
    CF_CHECK(st.bind(4, move.seq).run());
  }
  return {};
}

Result<Key> Committer::job_key(std::int64_t id) {
  CF_TRY(auto st, files_.keys.prepare("SELECT w FROM job WHERE id = ?"));
  CF_TRY(const bool found, st.bind(1, id).step());
  if (!found) return fail(Code::Corrupt, "keys.db: the key of a job is missing");
  return keyring_.unwrap_job(id, st.blob(0));
}

Result<std::vector<EndingJob>> Committer::endings() {
  std::vector<EndingJob> out;
  CF_TRY(auto st, files_.ledger.prepare("SELECT id, kind, state, w FROM job ORDER BY id"));
  while (true) {
    CF_TRY(const bool row, st.step());
    if (!row) break;
    CF_TRY(const Key key, job_key(st.integer(0)));
    CF_TRY(auto job, open_job(key, st.integer(0), st.text(1), st.text(2), st.blob(3)));
    out.push_back(std::move(job));
  }
  std::string known = "0";
  for (const EndingJob& job : out) known += "," + std::to_string(job.id);
  CF_CHECK(files_.keys.exec("DELETE FROM job WHERE id NOT IN (" + known + ")"));
  return out;
}

Status Committer::put_ending(const EndingJob& ending) {
  CF_TRY(const Key key, job_key(ending.id));
  CF_TRY(const Bytes sealed, seal_job(key, ending));
  CF_TRY(auto st, files_.ledger.prepare("UPDATE job SET state = ?, w = ? WHERE id = ?"));
  return st.bind(1, state_name(ending.state)).bind(2, ByteView(sealed)).bind(3, ending.id).run();
}

Status Committer::put_endings(const std::vector<EndingJob>& endings) {
  CF_TRY(auto transaction, files_.ledger.transaction());
  for (const EndingJob& ending : endings) CF_CHECK(put_ending(ending));
  return transaction.commit();
}

Status Committer::delete_lines(const std::vector<EndingJob>& ended) {
  CF_TRY(auto payload, files_.ledger.prepare("DELETE FROM payload WHERE seq BETWEEN ? AND ?"));
  CF_TRY(auto line, files_.ledger.prepare("UPDATE leaf SET bytes = NULL WHERE seq BETWEEN ? AND ?"));
  CF_TRY(auto transaction, files_.ledger.transaction());
  for (const EndingJob& ending : ended) {
    for (const auto& [first, last] : ending.lines) {
      CF_CHECK(payload.reset().bind(1, first).bind(2, last).run());
      CF_CHECK(line.reset().bind(1, first).bind(2, last).run());
    }
    CF_CHECK(put_ending(ending));
  }
  return transaction.commit();
}

Status Committer::forget_job_keys(const std::vector<std::int64_t>& ids) {
  CF_TRY(auto st, files_.keys.prepare("DELETE FROM job WHERE id = ?"));
  CF_TRY(auto transaction, files_.keys.transaction());
  for (const std::int64_t id : ids) CF_CHECK(st.reset().bind(1, id).run());
  return transaction.commit();
}

Result<std::vector<std::uint64_t>> Committer::lines_of_subject(std::uint64_t n) {
  std::vector<std::uint64_t> out;
  CF_TRY(auto subject, files_.keys.prepare("SELECT sid, w FROM subj WHERE n = ?"));
  CF_TRY(const bool known, subject.bind(1, n).step());
  if (!known) return out;
  SubjectRow row{n, {}, Bytes(subject.blob(1).begin(), subject.blob(1).end()), {}};
  CF_TRY(row.id.bytes, exactly<16>(subject.blob(0)));
  CF_TRY(const Key key, keyring_.subject_key(row));
  CF_TRY(auto st, files_.ledger.prepare("SELECT seq FROM leaf WHERE h = ?"));
  while (true) {
    CF_TRY(const bool found, st.reset().bind(1, ByteView(chain_value(key, out.size()))).step());
    if (!found) return out;
    out.push_back(static_cast<std::uint64_t>(st.integer(0)));
  }
}

Result<std::vector<std::uint64_t>> Committer::lines_of_cohorts(const std::set<std::int64_t>& cohorts) {
  std::vector<std::uint64_t> out;
  CF_TRY(auto st, files_.ledger.prepare("SELECT seq FROM payload WHERE cohort = ?"));
  for (const std::int64_t cohort : cohorts) {
    st.reset().bind(1, cohort);
    while (true) {
      CF_TRY(const bool row, st.step());
      if (!row) break;
      out.push_back(static_cast<std::uint64_t>(st.integer(0)));
    }
  }
  return out;
}

Result<std::optional<std::int64_t>> Committer::cohort_of_line(std::uint64_t seq) {
  CF_TRY(auto st, files_.ledger.prepare("SELECT cohort FROM payload WHERE seq = ?"));
  CF_TRY(const bool row, st.bind(1, seq).step());
  if (!row) return std::optional<std::int64_t>();
  return std::optional(st.integer(0));
}

}  // namespace counterfoil::ledger
