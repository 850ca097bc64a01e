// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Set-up of a new folder, and start-up of an old one with its recovery.
#include "base/limits.h"
#include "base/log.h"
#include "counterfoil/proof/leaf.h"
#include "counterfoil/proof/note.h"
#include "crypto/crypto.h"
#include "ledger/file_ledger.h"
#include "ledger/key_tree.h"
#include "ledger/restore.h"

#include <filesystem>

#ifndef CF_VERSION
#error "the build passes CF_VERSION"
#endif

namespace counterfoil::ledger {
namespace {

constexpr int kFormat = 1;

Status check_options(const Options& options) {
  if (options.clock == nullptr || options.anchor == nullptr)
    return fail(Code::Internal, "a ledger needs a clock and an anchor");
  return check_folder(options.folder);
}

// Rows of a table, without making what is not there. Opened as the ledger would: a power cut may have left a
// journal that has to be rolled back first.
Result<std::int64_t> rows_in(const std::string& path, const std::string& table) {
  if (!file_exists(path)) return 0;
  CF_TRY(auto database, store::Database::open(path, {}));
  CF_TRY(const auto made,
         database.query_integer("SELECT count(*) FROM sqlite_schema WHERE name = '" + table + "'"));
  if (made == 0) return 0;
  return database.query_integer("SELECT count(*) FROM " + table);
}

// True when a set-up that was interrupted left files behind: nothing was ever recorded in them.
Result<bool> is_unfinished(const std::string& folder) {
  CF_TRY(const auto leaves, rows_in(ledger_path(folder), "leaf"));
  CF_TRY(const auto subjects, rows_in(keys_path(folder), "subj"));
  return leaves == 0 && subjects == 0;
}

void remove_files(const std::string& folder) {
  for (const auto& path : {ledger_path(folder), keys_path(folder), desk_path(folder)}) {
    for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
      std::error_code ignored;
      std::filesystem::remove(path + suffix, ignored);
    }
  }
}

Status check_files(const std::string& folder) {
  for (const auto& path : {ledger_path(folder), keys_path(folder)})
    if (!file_exists(path)) return fail(Code::Corrupt, path + " is missing; put back its newest copy");
  return {};
}

Status make_room(const Options& options) {
  const auto& folder = options.folder;
  if (!file_exists(ledger_path(folder)) && !file_exists(keys_path(folder)) && !file_exists(desk_path(folder)))
    return {};
  CF_TRY(const bool unfinished, is_unfinished(folder));
  if (!unfinished) {
    CF_CHECK(check_files(folder));
    return fail(Code::Conflict, "there is a ledger in this folder already");
  }
  remove_files(folder);
  return {};
}

// A member of a canonical line; inside a text its quotes would be escaped.
bool is_of(std::string_view line, consent::EventType type) {
  return line.find("\"typ\":\"" + std::string(consent::event_name(type)) + '"') != std::string_view::npos;
}

json::Value genesis_body(const Roots& roots) {
  return json::Object{{"epoch", 0},
                      {"format", kFormat},
                      {"key", base64url(crypto::sha256(roots.first_log))},
                      {"origin", roots.origin},
                      {"product", "counterfoil"}};
}

Status write_genesis(const Options& options, Keyring& keyring, Files files, Anchor& anchor) {
  CF_TRY(const auto committer, Committer::make(std::move(files), keyring));
  Plan plan(
      keyring, *options.clock, {}, [](const Key&) { return Result<std::uint64_t>(0); },
      [](unsigned, std::uint64_t) { return Result<Hash>(fail(Code::Internal)); });
  Job job;
  job.log_events.push_back({consent::EventType::SysGenesis, genesis_body(keyring.roots())});
  job.sign = true;
  CF_CHECK(plan.add(job));
  CF_CHECK(committer->write_log(plan));
  // The last connection that closes copies the write-ahead logs back.
  return anchor.update(0, plan.position().frontier.size(), plan.position().frontier.root());
}

Result<Anchor> open_anchor(ErasableAnchor& medium, std::uint64_t epoch) {
  Anchor anchor(medium);
  const auto opened = anchor.open(epoch);
  if (!opened && opened.error().code == Code::NotFound)
    return fail(Code::WrongKey, "there is no anchor; put back the anchor that belongs to this folder");
  CF_CHECK(opened);
  return anchor;
}

}  // namespace

Status Ledger::create(const Options& options) {
  CF_CHECK(check_options(options));
  if (!proof::is_origin(options.origin))
    return fail(Code::BadInput, "a log's name is short and made of letters, digits and . _ / ~ : -");
  CF_TRY(const auto lock, store::FolderLock::take(options.folder));
  CF_CHECK(make_room(options));
  Anchor anchor(*options.anchor);
  AnchorRecord record;
  record.secret = crypto::random_key();
  CF_CHECK(anchor.begin(std::move(record)));
  CF_TRY(auto files, open_files(options.folder, Access::Create));
  CF_TRY(auto roots, make_roots(files.keys, options.origin, anchor.record().secret));
  Keyring keyring(std::move(roots));
  // The first event comes last: until it is there, set-up can be started again.
  CF_CHECK(write_genesis(options, keyring, std::move(files), anchor));
  log::info("ledger.created", {{"origin", options.origin}});
  return {};
}

Result<std::unique_ptr<Ledger>> Ledger::open(const Options& options) {
  CF_TRY(auto out, FileLedger::open(options));
  return std::unique_ptr<Ledger>(std::move(out));
}

FileLedger::FileLedger(const Options& options, store::FolderLock lock, store::PageCache keys_cache,
                       Roots roots)
    : options_(options),
      lock_(std::move(lock)),
      keys_cache_(std::move(keys_cache)),
      keyring_(std::move(roots)),
      log_key_{keyring_.origin(), keyring_.roots().first_log},
      readers_(options.folder),
      second_copy_(options.folder, options.second_copy, *options.clock),
      spill_(options.folder) {}

Result<std::unique_ptr<FileLedger>> FileLedger::open(const Options& options) {
  CF_CHECK(check_options(options));
  CF_TRY(auto lock, store::FolderLock::take(options.folder));
  CF_CHECK(finish_restore(options.folder));
  if (!file_exists(ledger_path(options.folder)) && !file_exists(keys_path(options.folder)))
    return fail(Code::NotFound, "there is no ledger in this folder; set it up first");
  CF_CHECK(check_files(options.folder));
  CF_TRY(auto keys_cache, store::PageCache::of(keys_path(options.folder)));
  CF_TRY(auto files, open_files(options.folder, Access::Write));
  const auto epoch = stored_epoch(files.keys);
  if (!epoch && epoch.error().code == Code::NotFound)
    return fail(Code::NotFound, "the set-up of this folder was interrupted; set it up again");
  if (!epoch) return epoch.error();
  CF_TRY(auto anchor, open_anchor(*options.anchor, *epoch));
  if (const auto made =
          make_spill_root(files.keys, anchor.record().secret, *epoch, Spill::wants_fresh_key(options.folder));
      !made && made.error().code != Code::NotFound)
    return made.error();
  auto roots = load_roots(files.keys, anchor.record().secret, *epoch);
  if (!roots && roots.error().code == Code::NotFound)
    return fail(Code::NotFound, "the set-up of this folder was interrupted; set it up again");
  if (!roots) return roots.error();
  auto out = std::unique_ptr<FileLedger>(
      new FileLedger(options, std::move(lock), std::move(keys_cache), *std::move(roots)));
  CF_CHECK(out->start(std::move(anchor), std::move(files)));
  return out;
}

Status FileLedger::load_tags(Files& files) {
  CF_TRY(auto st, files.ledger.prepare("SELECT tag, state FROM supp"));
  while (true) {
    CF_TRY(const bool row, st.step());
    if (!row) return {};
    CF_TRY(const Handle tag, exactly<16>(st.blob(0)));
    const auto by = actor_of_supp(st.integer(1));
    // A state this version does not know is taken for a stop of the person: never an allow by mistake.
    memory_.suppressions.add(tag, by.value_or(consent::Actor::Person));
  }
}

// The newest checkpoint must say what the tree says, and the log must be at least as long as the anchor
// remembers: a shorter one was restored from an older copy, and signing on would fork it.
Status FileLedger::check_log(Files& files, const Position& position, const AnchorRecord& anchor) {
  CF_TRY(auto st, files.ledger.prepare("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1"));
  CF_TRY(const bool row, st.step());
  if (!row) return fail(Code::Corrupt, "ledger.db has no checkpoint");
  const std::string note(st.text(0));
  CF_CHECK(load_log_keys(files));
  const auto checkpoint = keyring_.log_keys().chain.open(note);
  if (!checkpoint) return fail(Code::Corrupt, "the newest checkpoint is not signed by this log's key");
  head_.set_newest(checkpoint->size, note);
  if (anchor.size > position.frontier.size())
    return fail(Code::Corrupt,
                "ledger.db is older than the anchor remembers: it was put back from an old copy; start a new "
                "log as the guide says");
  // The newest leaves may have no checkpoint yet: a power cut came before anybody asked for one.
  if (checkpoint->size > position.frontier.size())
    return fail(Code::Corrupt, "ledger.db is shorter than its newest checkpoint says");
  CF_TRY(const Hash covered, checkpoint->size == position.frontier.size()
                                 ? Result<Hash>(position.frontier.root())
                                 : proof::root_at(checkpoint->size, nodes()));
  if (covered != checkpoint->root)
    return fail(Code::Corrupt, "the newest checkpoint and the tree contradict each other");
  if (anchor.size > 0) {
    CF_TRY(const Hash remembered, proof::root_at(anchor.size, nodes()));
    if (remembered != anchor.root)
      return fail(Code::Corrupt, "ledger.db is not the log that the anchor remembers");
  }
  return check_state(files, anchor);
}

// What the newest sys.meta says must still hold, as far as it can be judged: not when a stop came after it,
// or a line that is gone, which may have been one.
Status FileLedger::check_state(Files& files, const AnchorRecord& anchor) {
  CF_TRY(auto st, files.ledger.prepare("SELECT bytes FROM leaf ORDER BY seq DESC LIMIT ?"));
  st.bind(1, static_cast<std::int64_t>(limits::kStateLookback_leaves));
  bool tags_unchanged = true;
  while (true) {
    CF_TRY(const bool row, st.step());
    if (!row) return {};
    const std::string line(st.text(0));
    tags_unchanged = tags_unchanged && !line.empty() && !is_of(line, consent::EventType::Stop) &&
                     !is_of(line, consent::EventType::EraseRequest);
    if (!is_of(line, consent::EventType::SysMeta)) continue;
    CF_TRY(const auto leaf, proof::decode_leaf(line));
    const auto boots = leaf.body->integer_at("boots");
    const auto digest = leaf.body->string_at("supp_digest");
    if (boots && static_cast<std::uint64_t>(*boots) > anchor.boots)
      return fail(Code::Corrupt, "the anchor is older than ledger.db: it was put back from an old copy");
    if (digest && tags_unchanged && *digest != base64url(memory_.suppressions.digest(keyring_.roots().supp)))
      return fail(Code::Corrupt, "ledger.db: stops were taken out of it or changed by hand");
    return {};
  }
}

Result<std::vector<EndingJob>> FileLedger::load_endings(Committer& committer, std::uint64_t epoch) {
  CF_TRY(auto endings, committer.endings());
  for (EndingJob& ending : endings) {
    set_back(ending, epoch);
    memory_.gone.add(ending.lines);
    const bool waits = ending.held && ending.state == EndingJob::State::Asked;
    if (!waits) memory_.leaving.add(ending.what.subjects);  // of an Expire only those who go with it
    memory_.endings.set(ending.id, report_of(ending, std::nullopt));
  }
  CF_TRY(auto st, committer.files().ledger.prepare("SELECT first, last FROM tombstone"));
  Ranges buried;
  while (true) {
    CF_TRY(const bool row, st.step());
    if (!row) break;
    buried.emplace_back(static_cast<std::uint64_t>(st.integer(0)), static_cast<std::uint64_t>(st.integer(1)));
  }
  memory_.gone.add(buried);
  return endings;
}

// Without it everything works but for a stop on the day when nothing else does.
void FileLedger::open_spill() {
  const auto opened = spill_.open(&keyring_.roots().spill);
  if (!opened) log::error("ledger.spill", {{"error", opened.error().message()}});
  if (!opened) head_.note_trouble("there is no spill file for stops: " + opened.error().message());
  if (spill_.foreign() == 0) return;
  head_.note_trouble(std::to_string(spill_.foreign()) +
                     " stops wait in the spill file and do not open; put back the newest keys.db");
  log::error("ledger.spill_foreign", {{"stops", spill_.foreign()}});
}

// What a start finds in the logs may never have reached the disk: the kernel shows what a failed sync lost,
// and whatever comes after it in a log would be lost with it. Copied back it is written anew, and synced.
Status FileLedger::settle(Files& files) {
  for (store::Database* database : {&files.keys, &files.ledger, &files.desk}) {
    const auto copied = database->checkpoint(store::Checkpoint::Truncate);
    // A full disk must not keep stops from being taken.
    if (!copied && copied.error().code != Code::DiskFull) return copied.error();
  }
  return {};
}

Status FileLedger::start(Anchor anchor, Files files) {
  CF_CHECK(keyring_.load(files.keys));
  CF_CHECK(load_tags(files));
  CF_TRY(const auto last_n, files.keys.query_integer("SELECT coalesce(max(n), 0) FROM subj"));
  last_at_start_ = static_cast<Ordinal>(last_n);
  CF_TRY(auto committer, Committer::make(std::move(files), keyring_));
  auto position = committer->position();
  if (!position && position.error().code == Code::NotFound)
    return fail(Code::NotFound, "the set-up of this folder was interrupted; set it up again");
  if (!position && position.error().code != Code::Corrupt) return position.error();
  auto endings = load_endings(*committer, anchor.record().epoch);
  Status sound =
      position ? check_log(committer->files(), *position, anchor.record()) : Status(position.error());
  if (sound && !endings) sound = endings.error();
  if (!sound && sound.error().code != Code::Corrupt) return sound.error();
  if (!sound) {
    head_.turn_read_only(sound.error().message());
    log::error("ledger.read_only", {{"error", sound.error().message()}});
  } else {
    CF_CHECK(settle(committer->files()));
    // Counted before the log says so: a count that the log knows and the anchor does not is an older anchor.
    const AnchorRecord& last = anchor.record();
    CF_CHECK(anchor.update(last.boots + 1, last.size, last.root));
  }
  Position known = position ? *std::move(position) : Position{};
  // A number is never given twice while somebody with it is still going.
  if (endings) {
    for (const EndingJob& ending : *endings)
      if (!ending.what.subjects.empty())
        known.next_subject = std::max(known.next_subject, *ending.what.subjects.rbegin() + 1);
  }
  const auto unvouched = item(kRestoreKind, kRestoreId);
  if (!unvouched && unvouched.error().code != Code::NotFound) return unvouched.error();
  head_.set_unvouched(unvouched.has_value());
  CF_CHECK(load_scrubbed());
  head_.set_trusted_t(known.trusted_t);
  head_.set_size(known.frontier.size());
  open_spill();
  size_at_start_ = known.frontier.size();
  writer_ = std::make_unique<Writer>(
      Writer::Parts{.folder = options_.folder,
                    .committer = std::move(committer),
                    .keyring = &keyring_,
                    .memory = &memory_,
                    .head = &head_,
                    .clock = options_.clock,
                    .readers = &readers_,
                    .keys_cache = &keys_cache_,
                    .second_copy = &second_copy_,
                    .anchor_kind = options_.anchor->kind(),
                    .anchor = std::move(anchor),
                    .endings = endings ? *std::move(endings) : std::vector<EndingJob>(),
                    .timing = options_.timing,
                    .position = std::move(known)});
  if (sound) {
    Job job;
    job.log_events.push_back({consent::EventType::SysBoot,
                              json::Object{{"boot", options_.clock->boot_id()}, {"version", CF_VERSION}}});
    job.state = true;
    job.sign = true;
    CF_CHECK(writer_->run(std::move(job)));
  }
  builder_ = std::thread([this] { build(); });
  scrubber_ = std::thread([this] { scrub_daily(); });
  return {};
}

FileLedger::~FileLedger() {
  {
    const std::lock_guard lock(built_mutex_);
    closing_ = true;
  }
  built_changed_.notify_all();
  for (std::thread* thread : {&builder_, &scrubber_})
    if (thread->joinable()) thread->join();
  readers_.close();
  writer_.reset();
  copy_keys_elsewhere();
}

}  // namespace counterfoil::ledger
