// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Backup, and a new log from an old copy. A log that was put back is never continued: signing other lines
// under numbers that were signed before is a fork. So a restore writes a new log, with a name and a key of
// its own, whose first line names the old one. People keep their keys, links and handles; each of their
// events is written anew, in the old order, with what it was before.
//
// Everything is made in a folder beside; the file "complete" in it says that it may take the old files'
// place. A power cut before it changes nothing, one after it is completed by the next start.
#include "ledger/restore.h"

#include "base/fd.h"
#include "base/log.h"
#include "crypto/crypto.h"
#include "ledger/file_ledger.h"
#include "ledger/key_tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>

namespace counterfoil::ledger {
namespace {

namespace fs = std::filesystem;

constexpr std::array<const char*, 3> kFiles = {"ledger.db", "keys.db", "desk.db"};

std::string new_folder(const std::string& folder) {
  return restore_folder(folder) + "/new";
}
std::string old_folder(const std::string& folder) {
  return restore_folder(folder) + "/old";
}
std::string complete_path(const std::string& folder) {
  return restore_folder(folder) + "/complete";
}

Status io_status(const std::error_code& error, const std::string& what) {
  if (!error) return {};
  return errno_error(error.value(), what);
}

Status make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0) return errno_error(errno, "cannot make " + path);
  return {};
}

Status copy_file(const std::string& from, const std::string& to) {
  std::error_code error;
  fs::copy_file(from, to, error);
  CF_CHECK(io_status(error, "cannot copy " + from));
  fs::permissions(to, fs::perms::owner_read | fs::perms::owner_write, error);
  return io_status(error, "cannot copy " + from);
}

// With the log that may not have been copied back.
Status copy_database(const std::string& from, const std::string& to) {
  CF_CHECK(copy_file(from, to));
  return file_exists(from + "-wal") ? copy_file(from + "-wal", to + "-wal") : Status();
}

// The newest copy of each: people's keys are only in the newest keys.db.
Status gather(const std::string& folder, const std::string& from) {
  std::error_code error;
  fs::remove_all(restore_folder(folder), error);
  CF_CHECK(io_status(error, "cannot empty " + restore_folder(folder)));
  for (const auto& path : {restore_folder(folder), old_folder(folder), new_folder(folder)})
    CF_CHECK(make_folder(path));
  if (!file_exists(from + "/ledger.db"))
    return fail(Code::NotFound,
                from + " holds no ledger.db; name the folder that 'counterfoil backup' wrote");
  CF_CHECK(copy_database(from + "/ledger.db", old_folder(folder) + "/ledger.db"));
  for (const char* name : {"keys.db", "desk.db"}) {
    const std::string own = folder + "/" + name;
    const std::string source = file_exists(own) ? own : from + "/" + name;
    if (!file_exists(source))
      return fail(Code::NotFound, std::string(name) + " is missing; put back its newest copy");
    CF_CHECK(copy_database(source, old_folder(folder) + "/" + name));
    CF_CHECK(copy_database(source, new_folder(folder) + "/" + name));
  }
  return {};
}

Status move_into_place(const std::string& folder, const std::string& name) {
  const std::string fresh = new_folder(folder) + "/" + name;
  if (!file_exists(fresh)) return {};
  const std::string place = folder + "/" + name;
  std::error_code error;
  for (const char* suffix : {"-wal", "-shm"}) {
    fs::remove(place + suffix, error);
    CF_CHECK(io_status(error, "cannot remove " + place + suffix));
  }
  fs::rename(fresh, place, error);
  CF_CHECK(io_status(error, "cannot replace " + place));
  return sync_folder(folder);
}

/// Writes the lines of the old log into the new one.
class Rewriter {
 public:
  Rewriter(Reader& old, const Keyring& old_keys, std::string old_origin, const Clock& clock,
           Committer& committer, const Keyring& new_keys)
      : old_(old),
        old_keys_(old_keys),
        old_origin_(std::move(old_origin)),
        clock_(clock),
        committer_(committer),
        new_keys_(new_keys) {
    for (const auto& [id, retention] : old_keys.cohorts()) retentions_.emplace(id, retention);
  }

  Status begin(const std::string& previous) {
    Job job;
    job.log_events.push_back(
        {consent::EventType::SysGenesis,
         json::Object{{"epoch", 0},
                      {"format", kFormat},
                      {"key", base64url(crypto::sha256(new_keys_.roots().first_log))},
                      {"origin", new_keys_.origin()},
                      {"previous", json::Object{{"checkpoint", previous}, {"origin", old_origin_}}},
                      {"product", "counterfoil"}}});
    return write_at({}, std::move(job));  // there is no position before the first line
  }

  Status find_owners(const GoneLines& gone) {
    CF_TRY(const auto last, old_.last_subject());
    for (std::uint64_t n = 0; n < last;) {
      CF_TRY(const auto rows, old_.subjects(static_cast<Ordinal>(n + 1), static_cast<Ordinal>(last)));
      if (rows.empty()) break;
      for (const SubjectRow& row : rows) CF_CHECK(walk(row, gone));
      n = rows.back().n;
    }
    return {};
  }

  Status rewrite(const GoneLines& gone) {
    CF_TRY(const auto size, old_.files().ledger.query_integer("SELECT coalesce(max(seq) + 1, 0) FROM leaf"));
    Job job;
    for (std::uint64_t at = 0; at < static_cast<std::uint64_t>(size);) {
      const std::uint64_t until =
          std::min<std::uint64_t>(static_cast<std::uint64_t>(size), at + limits::kReadChunk_rows);
      CF_TRY(const auto leaves, old_.leaves(at, until));
      for (const LeafRow& leaf : leaves) {
        if (leaf.bytes && !gone.covers(leaf.seq)) CF_CHECK(add(leaf, job));
        // Lines about people and about the log keep the order they had.
        if (job.events.size() >= limits::kGroupCommitMax || (!job.log_events.empty() && leaf.h))
          CF_CHECK(write(std::exchange(job, Job{})));
      }
      at = until;
    }
    return write(std::move(job));
  }

  Status write(Job job) {
    if (job.is_empty()) return {};
    CF_TRY(auto position, committer_.position());
    return write_at(std::move(position), std::move(job));
  }

  [[nodiscard]] const RestoreReport& report() const { return report_; }

 private:
  static constexpr int kFormat = 1;

  Status walk(const SubjectRow& row, const GoneLines& gone) {
    CF_TRY(const Key key, old_keys_.subject_key(row));
    bool any = false;
    for (std::uint64_t event = 0; event < limits::kEventsPerSubjectMax; ++event) {
      CF_TRY(const auto seq, old_.seq_by_h(chain_value(key, event)));
      if (!seq) break;
      owners_.set(*seq, static_cast<Ordinal>(row.n));
      any = any || !gone.covers(*seq);
    }
    if (any) ++report_.submissions;
    return {};
  }

  Status add(const LeafRow& row, Job& job) {
    CF_TRY(const auto leaf, proof::decode_leaf(*row.bytes));
    if (leaf.typ == consent::EventType::NoticePublish) {
      job.log_events.push_back({leaf.typ, *leaf.body});
      return {};
    }
    if (!leaf.person) return {};
    const Ordinal n = owners_.of(row.seq);
    const auto retention = row.payload ? retentions_.find(row.payload->cohort) : retentions_.end();
    if (n == 0 || retention == retentions_.end()) {
      ++report_.keyless;
      return {};
    }
    CF_TRY(const auto subject, old_.subject(n));
    CF_TRY(const Key key, old_keys_.subject_key(subject));
    const auto cohort = old_keys_.cohort(retention->first);
    const Key record = record_key(key, *cohort, row.payload->salt, old_origin_, row.seq);
    auto texts = open_payload(record, row.hash, row.payload->sealed);
    if (!texts)
      return fail(Code::Corrupt, "the text of line " + std::to_string(row.seq) +
                                     " does not open, and it could be somebody's no; use another backup");
    CF_TRY(std::string body, consent::with_was((*texts)[1].text, {old_origin_, leaf.seq, leaf.t, leaf.ck}));
    CF_TRY(auto draft, draft_again(subject.id, n, key, leaf.typ,
                                   {std::move((*texts)[0].text), std::move(body)}, retention->second));
    job.events.push_back(std::move(draft));
    ++report_.events;
    return {};
  }

  Status write_at(Position position, Job job) {
    Plan plan(
        new_keys_, clock_, std::move(position), [this](const Key& key) { return committer_.events_of(key); },
        [this](unsigned level, std::uint64_t n) { return committer_.stored_node(level, n); });
    CF_CHECK(plan.add(job));
    CF_CHECK(plan.soundness());
    CF_CHECK(committer_.write_keys(plan));
    CF_CHECK(committer_.write_log(plan));
    return committer_.write_desk(plan);
  }

  Reader& old_;
  const Keyring& old_keys_;
  const std::string old_origin_;  // may be of an earlier restore than the keys are
  const Clock& clock_;
  Committer& committer_;
  const Keyring& new_keys_;
  std::map<std::int64_t, Retention> retentions_;
  Owners owners_;
  RestoreReport report_;
};

// What was on its way out in the old copy.
struct Endings {
  GoneLines gone;
  std::vector<EndingJob> begun;  // their keys are gone
  std::vector<NewEnding> asked;  // they go on, held ones as well
};

Status load_endings(Files& old, const Keyring& keys, std::uint64_t epoch, Instant now, Endings& out) {
  CF_TRY(auto jobs, old.ledger.prepare("SELECT id, kind, state, w FROM job"));
  CF_TRY(auto key_of, old.keys.prepare("SELECT w FROM job WHERE id = ?"));
  while (true) {
    CF_TRY(const bool row, jobs.step());
    if (!row) break;
    CF_TRY(const bool known, key_of.reset().bind(1, jobs.integer(0)).step());
    if (!known) continue;  // it ended after the copy was made, and its keys with it
    CF_TRY(Key key, keys.unwrap_job(jobs.integer(0), key_of.blob(0)));
    CF_TRY(auto job, open_job(key, jobs.integer(0), jobs.text(1), jobs.text(2), jobs.blob(3)));
    set_back(job, epoch);
    out.gone.add(job.lines);
    if (job.state == EndingJob::State::Asked) {
      out.asked.push_back({std::move(job), std::move(key)});
    } else {
      if (job.state == EndingJob::State::Ending) job.gone_at = now;
      out.begun.push_back(std::move(job));
    }
  }
  CF_TRY(auto tombstones, old.ledger.prepare("SELECT first, last FROM tombstone"));
  while (true) {
    CF_TRY(const bool row, tombstones.step());
    if (!row) return {};
    out.gone.add({{static_cast<std::uint64_t>(tombstones.integer(0)),
                   static_cast<std::uint64_t>(tombstones.integer(1))}});
  }
}

// What is no line of the new log: nobody has vouched for it, erasures go on, and whoever must be told is.
Result<Job> last_job(const Roots& roots, Endings& endings, Instant now) {
  Job out;
  out.sign = true;
  CF_TRY(auto unvouched, item_change(roots, kRestoreKind, kRestoreId, json::Object{{"at", now}}));
  out.items.push_back(std::move(unvouched));
  for (const EndingJob& job : endings.begun) {
    if (job.state != EndingJob::State::Ending) continue;  // its recipients know
    CF_TRY(auto notices, notices_of(roots, job));
    std::move(notices.begin(), notices.end(), std::back_inserter(out.items));
  }
  out.endings = std::move(endings.asked);
  return out;
}

// Tags as they are, and what certificates say, but for tombstones that are lines of the old log.
Status copy_tables(store::Database& from, const std::vector<EndingJob>& begun, store::Database& to) {
  CF_TRY(auto transaction, to.transaction());
  CF_TRY(auto tags, from.prepare("SELECT tag, state, since_day FROM supp"));
  CF_TRY(auto put_tag, to.prepare("INSERT INTO supp(tag, state, since_day) VALUES(?, ?, ?)"));
  while (true) {
    CF_TRY(const bool row, tags.step());
    if (!row) break;
    CF_CHECK(put_tag.reset().bind(1, tags.blob(0)).bind(2, tags.integer(1)).bind(3, tags.integer(2)).run());
  }
  CF_TRY(auto ended, from.prepare("SELECT id, epoch, lines, gone_at FROM ended"));
  CF_TRY(auto put_ended,
         to.prepare("INSERT INTO ended(id, epoch, lines, gone_at, seq) VALUES(?, ?, ?, ?, -1)"));
  for (const EndingJob& job : begun) {
    put_ended.reset().bind(1, job.id).bind(2, job.epoch).bind(3, count_of(job.lines));
    CF_CHECK(put_ended.bind(4, job.gone_at).run());
  }
  while (true) {
    CF_TRY(const bool row, ended.step());
    if (!row) return transaction.commit();
    put_ended.reset().bind(1, ended.integer(0)).bind(2, ended.integer(1)).bind(3, ended.integer(2));
    CF_CHECK(put_ended.bind(4, ended.integer(3)).run());
  }
}

Result<std::string> newest_checkpoint(store::Database& ledger) {
  CF_TRY(auto st, ledger.prepare("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1"));
  CF_TRY(const bool row, st.step());
  if (!row) return fail(Code::Corrupt, "this copy of ledger.db has no checkpoint; use another backup");
  return std::string(st.text(0));
}

Status sync_files(const std::string& folder) {
  for (const char* name : kFiles) {
    const std::string path = new_folder(folder) + "/" + name;
    if (file_exists(path + "-wal")) return fail(Code::Io, path + " was not copied back");
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.valid() || ::fsync(file.get()) != 0) return errno_error(errno, "cannot sync " + path);
  }
  return sync_folder(new_folder(folder));
}

}  // namespace

std::string restore_folder(const std::string& folder) {
  return folder + "/restore";
}

// "tres-faroles.example/shop/1" goes on as ".../2".
std::string next_incarnation(const std::string& origin) {
  const auto slash = origin.rfind('/');
  const std::string last = slash == std::string::npos ? "" : origin.substr(slash + 1);
  unsigned number = 0;
  const auto [end, error] = std::from_chars(last.data(), last.data() + last.size(), number);
  if (error != std::errc() || end != last.data() + last.size() || last.empty()) return origin + "/2";
  return origin.substr(0, slash + 1) + std::to_string(number + 1);
}

Status finish_restore(const std::string& folder) {
  if (!file_exists(complete_path(folder))) return {};
  for (const char* name : kFiles) CF_CHECK(move_into_place(folder, name));
  std::error_code error;
  fs::remove_all(restore_folder(folder), error);
  CF_CHECK(io_status(error, "cannot remove " + restore_folder(folder)));
  log::info("ledger.restored");
  return sync_folder(folder);
}

Result<RestoreReport> Ledger::restore(const Options& options, const std::string& from) {
  CF_CHECK(check_folder(options.folder));
  CF_TRY(const auto lock, store::FolderLock::take(options.folder));
  CF_CHECK(finish_restore(options.folder));
  CF_CHECK(gather(options.folder, from));
  RestoreReport report;
  AnchorRecord record;
  Anchor anchor(*options.anchor);
  {
    CF_TRY(auto old, open_files(old_folder(options.folder), Access::Write));
    CF_TRY(const auto epoch, stored_epoch(old.keys));
    CF_CHECK(anchor.open(epoch));
    CF_TRY(auto old_roots, load_roots(old.keys, anchor.record().secret, epoch));
    Keyring old_keys(std::move(old_roots));
    CF_CHECK(old_keys.load(old.keys));
    Endings endings;
    CF_CHECK(load_endings(old, old_keys, epoch, options.clock->now(), endings));
    CF_TRY(const std::string previous, newest_checkpoint(old.ledger));
    CF_TRY(const auto checkpoint, proof::read_checkpoint(previous));

    CF_TRY(auto files, open_files(new_folder(options.folder), Access::Create));
    record = {epoch + 1, crypto::random_key(), anchor.record().boots, 0, {}};
    report.origin = next_incarnation(old_keys.origin());
    CF_CHECK(write_epoch(files.keys, old_keys, record.secret, epoch + 1, {}));
    CF_CHECK(begin_incarnation(files.keys, old_keys.origin(), report.origin, record.secret, epoch + 1));
    CF_TRY(auto new_roots, load_roots(files.keys, record.secret, epoch + 1));
    Keyring new_keys(std::move(new_roots));
    CF_CHECK(new_keys.load(files.keys));
    CF_CHECK(copy_tables(old.ledger, endings.begun, files.ledger));

    CF_TRY(auto reader, Reader::open(old_folder(options.folder)));
    CF_TRY(const auto committer, Committer::make(std::move(files), new_keys));
    Rewriter rewriter(*reader, old_keys, checkpoint.origin, *options.clock, *committer, new_keys);
    CF_CHECK(rewriter.begin(previous));
    CF_CHECK(rewriter.find_owners(endings.gone));
    CF_CHECK(rewriter.rewrite(endings.gone));
    CF_TRY(auto last, last_job(new_keys.roots(), endings, options.clock->now()));
    CF_CHECK(rewriter.write(std::move(last)));
    CF_TRY(const auto position, committer->position());
    record.size = position.frontier.size();
    record.root = position.frontier.root();
    const std::string name = report.origin;
    report = rewriter.report();
    report.origin = name;
  }
  CF_CHECK(sync_files(options.folder));
  CF_CHECK(anchor.prepare(record));
  CF_CHECK(write_file_durably(complete_path(options.folder), {}));
  CF_CHECK(finish_restore(options.folder));
  return report;
}

Status Ledger::backup(const std::string& folder, const std::string& to) {
  if (!file_exists(ledger_path(folder))) return fail(Code::NotFound, folder + " holds no ledger");
  if (!file_exists(to)) CF_CHECK(make_folder(to));
  std::error_code error;
  if (fs::equivalent(folder, to, error))
    return fail(Code::BadInput, "a backup beside the ledger is lost with it; name another folder");
  store::OpenOptions read;
  read.read_only = true;
  // The ledger last: whatever it names, the other file knows.
  for (const char* name : {"desk.db", "ledger.db"}) {
    const std::string fresh = to + "/" + name + ".new";
    fs::remove(fresh, error);
    CF_TRY(auto database, store::Database::open(folder + "/" + name, read));
    CF_CHECK(database.copy_to(fresh));
    fs::rename(fresh, to + "/" + name, error);
    CF_CHECK(io_status(error, "cannot replace " + to + "/" + name));
  }
  return sync_folder(to);
}

Status FileLedger::vouch_for_stops() {
  const bool restored = head_.unvouched();
  head_.set_unvouched(false);
  const auto removed = remove_item(kRestoreKind, kRestoreId);
  if (!removed) head_.set_unvouched(restored);
  return removed;
}

}  // namespace counterfoil::ledger
