// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The ledger: append, seal, fold, prove. One folder holds ledger.db (append-only leaves, encrypted payloads,
// tree, suppression tags), keys.db (wrapped keys) and desk.db (operational items); FORMAT.md is the normative
// text.
//
// Thread rule: every method may be called from any thread. Writing methods hand one job to the single writer
// thread, which commits many jobs with one sync (group commit), and return once the job is durable; they wait
// at most limits::kCommitDeadline_ms and then fail with Timeout. Reading methods use short read-only
// transactions.
//
// Order of commits for one group: keys.db, then ledger.db, then desk.db. A power cut between any two leaves
// at worst a key without an event, which start-up sweeps away; never an event without its key.
//
// Errors: DiskFull, Io, Refused (folder or files not writable), Busy (queue full), Corrupt (the ledger
// contradicts itself: it turns read-only and says why in health()), WrongKey (the anchor does not open this
// folder), NotFound.
#pragma once

#include "base/limits.h"
#include "base/seams.h"
#include "counterfoil/base/clock.h"
#include "counterfoil/consent/fold.h"
#include "counterfoil/proof/key_chain.h"
#include "counterfoil/proof/receipt.h"
#include "counterfoil/proof/tree.h"
#include "ledger/scratch.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace counterfoil::ledger {

/// How long erasure takes; the values are the promise, tests take others.
struct Timing {
  int overwrite_after_ms = limits::kAnchorOverwriteAfter_ms;
  int rotate_every_ms = limits::kRotateEvery_ms;
  int scrub_every_ms = limits::kScrubEvery_ms;
  int scrub_pause_ms = limits::kScrubPause_ms;
};

/// How long a record lives: its class and the last day of its cohort (UTC), "2028-11-22" or month "2028-11".
struct Retention {
  std::string retention_class;
  std::string cohort;
  /// On which its last lines go: names of one length compare like the days they name.
  [[nodiscard]] std::string last_day() const { return cohort.size() == 7 ? cohort + "-31" : cohort; }
};

struct Options {
  std::string folder;  // exists, mode 0700
  std::string origin;  // "tres-faroles.example/demo/1"; only for create()
  const Clock* clock = nullptr;
  ErasableAnchor* anchor = nullptr;
  std::string second_copy{};  // a folder on another disk for a live copy of keys.db; empty: none
  Timing timing{};
  /// For a stop that the ledger itself writes at t; only for open().
  std::function<Retention(Instant t)> retention_of_stop{};
};

/// What verifiers follow from the first key on.
struct LogKeys {
  proof::KeyChain chain;
  std::vector<std::string> lines;  // sys.key lines that brought a key in
};

/// Proof that something is recorded, handed to the customer.
struct Committed {
  consent::Seq seq;
  Instant t = 0;
  ClockState clock = ClockState::Untrusted;
};

/// What a submission begins with.
struct Opening {
  consent::Identity identity;
  consent::GrantBody grant;
  Retention retention;
};

/// What a new submission gets besides its event.
struct Opened {
  Committed event;
  consent::SubjectId subject;
  std::string token;  // manage token: 128 random bits as base64url; only a keyed hash is stored
  std::string code;   // six digits, unique among open ones; empty when the evidence needs no code
};

/// Kind of the items that say whom a recipient is to forget: {gone, handle, job, recipient}. They are there
/// from when the keys are gone until somebody removes them. Two for one handle when two jobs waited for the
/// same person: each has a certificate that says who has not acknowledged.
inline constexpr std::string_view kNoticeKind = "forget";
std::string notice_name(std::string_view recipient, std::string_view handle, std::int64_t job);

/// How far an ending is, for whoever asked for it.
struct EndingReport {
  enum class State { Asked, Ending, Ended } state = State::Asked;
  bool held = false;  // a legal hold keeps it from beginning
  std::uint64_t epoch = 0;
  std::uint64_t lines = 0;
  Instant gone_at = 0;                     // when the secret of the old epoch was overwritten
  std::optional<std::uint64_t> tombstone;  // the line that says so
};

/// What went, and what goes next.
struct RetentionReport {
  /// A tombstone: a line of the log that says which lines are gone.
  struct Gone {
    std::uint64_t tombstone = 0;
    Instant t = 0;
    bool by_schedule = false;
    std::uint64_t lines = 0;
  };
  /// Lines that go once their cohort is over.
  struct Next {
    Retention retention;
    std::uint64_t lines = 0;
  };
  std::vector<Gone> gone;  // the oldest first
  std::vector<Next> next;  // by class, the soonest first
};

/// Lines that go sooner than they were to.
struct Shortening {
  std::uint64_t lines = 0;
  std::uint64_t submissions = 0;
};

struct Subject {
  consent::SubjectId id;
  consent::SubjectState state;
  std::string code;  // still open code, or empty
  Instant code_ends = 0;
};

/// What a recipient may see; salts are withheld with their disclosure.
struct View {
  consent::RecipientId recipient;
  bool identity = false;  // disclosure 0
  bool consent = false;   // disclosure 1
};

struct Health {
  std::string origin;
  std::uint64_t size = 0;
  std::uint64_t subjects = 0;
  bool index_ready = false;  // until then checks answer "starting"; stops are taken
  bool read_only = false;
  std::string trouble;              // in words, empty when well
  std::uint64_t stops_waiting = 0;  // in the spill file, until a sound ledger folds them in
  Instant scrubbed_at = 0;          // end of the last scrub that found everything sound; 0: none yet
  std::uint64_t scrubbed = 0;       // lines it read
  ClockState clock = ClockState::Untrusted;
  std::string anchor_promise;
  std::string second_copy;  // of keys.db on another disk: when it was made, or why there is none
  std::uint64_t ledger_bytes = 0;
  std::uint64_t wal_bytes = 0;
};

/// How far a long check is, in leaves; false: nobody waits for its answer any more.
using Progress = std::function<bool(std::uint64_t done, std::uint64_t all)>;

/// What became of an old copy.
struct RestoreReport {
  std::string origin;  // of the new log
  std::uint64_t events = 0;
  std::uint64_t submissions = 0;
  /// Lines of the copy whose keys are gone: erased or expired since.
  std::uint64_t keyless = 0;
};

class Ledger {
 public:
  /// Makes a new folder's files, keys of epoch 0, the log key and the sys.genesis leaf.
  /// Fails with Conflict when there is a ledger already.
  static Status create(const Options& options);
  /// Opens, recovers, writes sys.boot, starts the writer and the index builder. Fails with NotFound, Locked,
  /// WrongKey, Corrupt, Refused, Io.
  static Result<std::unique_ptr<Ledger>> open(const Options& options);
  /// Writes ledger.db and desk.db, whole and consistent, into another folder, also while a daemon writes
  /// them; never keys.db, of which only the newest copy is useful. Replaces an earlier backup there.
  static Status backup(const std::string& folder, const std::string& to);
  /// Puts a second copy of keys.db in the place of one that is lost. Fails with Conflict when there is one,
  /// NotFound, Locked, Io.
  static Status put_back_keys(const std::string& folder, const std::string& from);
  /// A new log, with a name and a key of its own, from the ledger.db in `from` and the newest keys.db and
  /// desk.db (the folder's own, else those in `from`). Until vouch_for_stops() nobody may be messaged: stops
  /// that came after the copy are not in it. A power cut leaves the old files or the new ones. Fails with
  /// NotFound, WrongKey, Corrupt (a record does not open), Locked, Io.
  static Result<RestoreReport> restore(const Options& options, const std::string& from);
  /// When open() failed for that reason, WrongKey or Corrupt: takes stops into the spill file, and fails
  /// everything else with the reason. Fails with NotFound, Locked, Refused, Io, and Corrupt where the spill
  /// file has no key.
  static Result<std::unique_ptr<Ledger>> open_sealed(const Options& options, const Error& why);
  virtual ~Ledger() = default;

  /// After a restore: the stops that came since the copy was made have been recorded again.
  virtual Status vouch_for_stops() = 0;

  // ---- writing: each returns when durable ----

  /// A new submission: its own key, chain and link. with_code asks for a six-digit code that lives 7 days.
  virtual Result<Opened> open_subject(const consent::Identity& identity, const consent::GrantBody& body,
                                      const Retention& retention, bool with_code) = 0;
  /// Many at once and without codes, at most limits::kOpenedTogetherMax: all are recorded or none. In the
  /// order of openings.
  virtual Result<std::vector<Opened>> open_subjects(const std::vector<Opening>& openings) = 0;
  /// The person takes topics back.
  virtual Result<Committed> withdraw(const consent::SubjectId& subject, const consent::WithdrawBody& body,
                                     const Retention& retention) = 0;
  /// Confirm: appends and closes the code; the addresses of the subject have the evidence from now on.
  virtual Result<Committed> confirm(const consent::SubjectId& subject, const consent::ConfirmBody& body,
                                    const Retention& retention) = 0;
  /// Stops every grant that names one of the addresses, at once: one suppression tag per address, and in the
  /// same commit one event for each of the first limits::kStopFolds_max submissions that name it, or one
  /// under a fresh, nameless subject where there is none. The other submissions get theirs before the next
  /// checkpoint() or within limits::kLedgerIdle_ms. A repeat by an equal or weaker hand reads and writes
  /// nothing and answers with the present time and seq 0. Works before the index is ready. What cannot be
  /// recorded, in a damaged ledger above all, waits in the spill file and counts from memory (seq 0).
  virtual Result<Committed> stop(const std::vector<consent::Address>& addresses,
                                 const consent::StopBody& body, const Retention& retention) = 0;
  /// The same for all addresses of a submission, by its own link: its own chain says so in any case, whatever
  /// others stopped before.
  virtual Result<Committed> stop_subject(const consent::SubjectId& subject, const consent::StopBody& body,
                                         const Retention& retention) = 0;
  /// Somebody looked these submissions up: one event in the chain of each, which goes no later than the rest
  /// of the chain. Fails with NotFound.
  virtual Result<Committed> look_up(const std::vector<consent::SubjectId>& subjects,
                                    const consent::LookupBody& body, const Retention& retention) = 0;
  /// A message goes to one of the submission's addresses. Fails with NotFound.
  virtual Result<Committed> sent(const consent::SubjectId& subject, const consent::SentBody& body,
                                 const Retention& retention) = 0;
  /// The person wrote to the business. Recipients see that a line was added, and never what it says. Fails
  /// with NotFound.
  virtual Result<Committed> inbound(const consent::SubjectId& subject, const consent::InboundBody& body,
                                    const Retention& retention) = 0;
  /// The platform's word about adverts, in the chain of each. Fails with NotFound, Limit (too many at once).
  virtual Result<Committed> native(const std::vector<consent::SubjectId>& subjects,
                                   const consent::NativeBody& body, const Retention& retention) = 0;
  /// Legal hold (GDPR Art. 17(3)(e)): neither schedule nor erasure ends these submissions before the case is
  /// cleared or its end has come on a trusted clock. Fails with NotFound, Limit (too many at once).
  virtual Result<Committed> hold(const std::vector<consent::SubjectId>& subjects,
                                 const consent::HoldBody& body, const Retention& retention) = 0;
  virtual Result<Committed> clear_hold(const std::vector<consent::SubjectId>& subjects,
                                       const consent::HoldClearBody& body, const Retention& retention) = 0;
  /// Kept, but not used (GDPR Art. 18): no schedule ends them meanwhile. Fails as hold() does.
  virtual Result<Committed> restrict(const std::vector<consent::SubjectId>& subjects,
                                     const consent::RestrictBody& body, const Retention& retention) = 0;
  /// Erases submissions: at once nothing of them can be read or found, in less than a minute their keys are
  /// destroyed and their lines deleted, and a tombstone follows with the next checkpoint(). Their addresses
  /// stay suppressed. One that is held waits until the hold is over, and is found by its number and its link
  /// as long as it does. For each of the recipients a notice follows (kNoticeKind). Returns the number under
  /// which erasure() tells how far it is. Fails with NotFound, Limit (too many at once).
  virtual Result<std::int64_t> erase(const std::vector<consent::SubjectId>& subjects,
                                     const consent::EraseBody& body, const Retention& retention,
                                     const std::vector<consent::RecipientId>& recipients) = 0;
  /// NotFound.
  virtual Result<EndingReport> erasure(std::int64_t id) const = 0;
  /// The submission and, when one of its addresses is proven, all others that were proven for the same.
  virtual Result<std::vector<consent::SubjectId>> joined(const consent::SubjectId& subject) const = 0;
  /// A statement signed with the log's key (proof/jws.h). Never personal data.
  virtual Result<std::string> sign(std::string_view typ, const json::Value& statement) const = 0;
  /// Retention cohorts whose last day is before today and that still have a key.
  [[nodiscard]] virtual std::vector<Retention> due(Instant now) const = 0;
  virtual Result<RetentionReport> retention_report() const = 0;
  /// Lines of a class that is kept for less than it was when they were filed move into the cohort of their
  /// time, where that is an earlier one; never into a later one, because more was not promised. An event says
  /// so in each chain. Not really: only counted. Can be repeated after an error; Timeout when progress says
  /// that nobody waits.
  virtual Result<Shortening> shorten(const std::string& retention_class,
                                     const std::function<std::string(Instant t)>& cohort_of, bool really,
                                     const Progress& progress) = 0;
  /// Destroys the keys of what is due with the next rotation; whoever has nothing else left goes with them,
  /// and lines of those who are held or restricted move on into a later cohort of their class. Happens by
  /// itself every hour. Fails with Refused while the clock is not trusted, and with Conflict when it is more
  /// than a day ahead of the last time: a wrong clock must not delete, so a manager says that it is right
  /// (clock_is_right), once; with Conflict also after a restore until vouch_for_stops(). NotFound: nothing is
  /// due.
  virtual Result<std::int64_t> sweep(bool clock_is_right) = 0;
  /// A leaf about the log itself; never personal data.
  virtual Result<Committed> record(consent::EventType type, const json::Value& body) = 0;
  /// A new key signs the log from now on. The old one signs checkpoints beside it for
  /// limits::kLogKeyOverlap_s; then a line retires it and its private half is destroyed with the next epoch.
  /// Returns that time. Fails with Conflict while two keys sign, and with Limit.
  virtual Result<Instant> change_log_key() = 0;

  // ---- operational items (desk.db): encrypted canonical JSON under (kind, id); ids are stored as keyed
  // hashes ----

  virtual Status put_item(std::string_view kind, std::string_view id, const json::Value& value) = 0;
  virtual Status remove_item(std::string_view kind, std::string_view id) = 0;
  virtual Result<json::Value> item(std::string_view kind, std::string_view id) const = 0;  // NotFound
  /// All items of a kind, in no order.
  virtual Result<std::vector<json::Value>> items(std::string_view kind) const = 0;

  /// Room for what somebody works at, in the ledger's folder. Fails with Refused, Io.
  [[nodiscard]] virtual Result<std::unique_ptr<Scratch>> scratch() const = 0;

  // ---- reading ----

  /// The union of subjects that name the address, folded, with their suppression. NotReady until the index is
  /// built.
  virtual Result<consent::PersonState> person(const consent::Address& address) const = 0;
  virtual Result<Subject> subject_by_token(std::string_view token) const = 0;  // NotFound
  virtual Result<Subject> subject_by_code(std::string_view code) const = 0;    // NotFound
  virtual Result<Subject> subject(const consent::SubjectId& id) const = 0;
  /// What is kept of a submission's events, in order. NotFound; Corrupt when one does not open.
  virtual Result<std::vector<consent::Event>> events(const consent::SubjectId& id) const = 0;
  /// Each submission that names the address. NotReady until the index is built.
  virtual Result<std::vector<Subject>> submissions(const consent::Address& address) const = 0;
  /// Those that are held or restricted, and those whose hold has ended by itself.
  virtual Result<std::vector<Subject>> kept() const = 0;
  virtual bool suppressed(const consent::Address& address) const = 0;
  /// A receipt for one event of a subject against the newest checkpoint that covers it.
  virtual Result<proof::Receipt> receipt(const consent::SubjectId& subject, consent::Seq seq) const = 0;

  // ---- the log, for recipients ----

  /// Newest signed checkpoint that covers every durable leaf; signs one when needed. Stops stand in every
  /// chain that they concern by then: recipients have no tags.
  virtual Result<std::string> checkpoint() = 0;
  /// Size covered by the newest signed checkpoint.
  [[nodiscard]] virtual std::uint64_t signed_size() const = 0;
  /// Entry lines [start, end) as the view allows, in order, without newlines; end <= signed_size(), at most
  /// limits::kEntriesPerRequestMax lines.
  virtual Status entries(std::uint64_t start, std::uint64_t end, const View& view,
                         const std::function<Status(std::string_view line)>& each) const = 0;
  /// Complete subtrees, for proofs and tiles.
  [[nodiscard]] virtual proof::NodeReader nodes() const = 0;
  /// Up to 256 leaf hashes of tile n, 32 bytes each.
  virtual Result<Bytes> leaf_tile(std::uint64_t n) const = 0;
  /// The first one, which verifiers pin for as long as the log lives.
  [[nodiscard]] virtual const proof::LogKey& log_key() const = 0;
  [[nodiscard]] virtual LogKeys log_keys() const = 0;

  [[nodiscard]] virtual Health health() const = 0;
  /// State of the clock as decisions must see it: Untrusted also when it is earlier than a recorded event.
  [[nodiscard]] virtual ClockState clock_state() const = 0;
  /// Blocks until the index is ready or the deadline passed.
  virtual Status wait_ready(int timeout_ms) const = 0;
  /// Re-reads everything: leaf hashes, tree, signatures, payloads. Fails with Corrupt, and with Timeout when
  /// progress said that nobody waits.
  virtual Status verify(const Progress& progress) const = 0;

 protected:
  Ledger() = default;
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;
};

}  // namespace counterfoil::ledger
