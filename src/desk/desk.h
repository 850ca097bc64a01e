// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The desk: what a person can ask, one function each; the only way from pages, sync and the operator's
// commands to the ledger. Answers are facts and codes; words are found by the asker (i18n). Thread rule: any
// thread; writing functions return when the event is durable. Errors: BadInput with machine reasons separated
// by spaces in Error.detail ("no_channel", "no_topic", "number", "age", "password", "name"), Conflict
// "notice" (the text changed since the page was made) or "stopped" (a confirmation cannot lift a stop),
// NotFound (stale link, unknown token or code), NotReady (closed or starting), Refused (rights), Limit (try
// again after the number of seconds in the detail), and whatever the ledger says. No function tells whether a
// number is known, except to staff who check it.
#pragma once

#include "counterfoil/consent/business.h"
#include "counterfoil/decide/decide.h"
#include "desk/asked.h"
#include "desk/inbox.h"
#include "desk/log_view.h"
#include "desk/scrubs.h"
#include "ledger/ledger.h"

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace counterfoil::desk {

// ---- notices ----

/// One sentence of the opt-in page and what it is, in reading order; the joined lines are the bytes that are
/// hashed.
struct NoticeLine {
  // Roles in reading order: "title", "lead", "promise", "exceptions", "where" with "channel:<name>" each (one
  // channel: "one-channel" instead), "about" with "topic:<id>" and "topic-line:<id>" each, "number",
  // "number-use", "agree", "age", "stop-ways", "free", "yes", "short-title", then "short-label:<part>" and
  // "short:<part>" for each part of the Art. 13 lines.
  std::string role;
  std::string text;
};
struct NoticeText {
  consent::NoticeRef ref;
  std::vector<NoticeLine> lines;
  [[nodiscard]] std::string joined() const;  // LF between lines
};

// ---- customers ----

struct OptInForm {
  consent::OptInLink link;
  std::vector<consent::Channel> channels;  // one channel: no question is asked
  std::vector<consent::TopicId> topics;
  NoticeText notice;
};

struct OptInRequest {
  consent::LinkId link;
  std::string language;
  Hash notice{};  // SHA-256 of the notice the page showed
  std::vector<consent::Channel> channels;
  std::vector<consent::TopicId> topics;
  std::string number;  // as typed
  std::string region;  // ISO 3166-1 alpha-2 hint for national spellings
  bool age_affirmed = false;
  // Token of the submission whose number this one corrects (GDPR Art. 16), which therefore ends: where its
  // number was proven and is another, with a stop for that number, else by taking back what it said. Empty:
  // none.
  std::string corrects;
};

/// A submission as its own link shows it: only what this submission wrote.
struct Submission {
  std::string token;
  consent::LinkId link;
  consent::ShopId place;
  std::string language;
  std::string masked_number;
  Instant given = 0;
  Instant ends = 0;
  consent::State state = consent::State::ConsentRequested;  // of the submission as a whole
  consent::Evidence evidence = consent::Evidence::Claimed;
  std::string code;  // six digits while the number is unproved
  Instant code_ends = 0;
  struct Choice {
    consent::Channel channel;
    consent::TopicId topic;
    consent::State state;  // ConsentRequested, ConsentGiven, ConsentWithdrawn, ConsentExpired
  };
  std::vector<Choice> choices;
  bool stopped = false;
  Instant stopped_at = 0;
  bool restricted = false;     // kept, but not used
  std::uint64_t look_ups = 0;  // by staff; 0 as long as the number is unproved
  Instant looked_up = 0;       // the last of them
  std::uint64_t messages = 0;  // that were sent, as far as they are kept; 0 as long as the number is unproved
  Instant written = 0;         // the last of them
  consent::Seq seq;            // of the grant
};

/// A receipt in both forms, against the same checkpoint (FORMAT.md, section 10).
struct Receipt {
  std::string proof;   // c2sp.org/tlog-proof text; holds the number
  std::string twin;    // compact JWS; names nobody
  json::Value record;  // its payload
};

/// An erasure, as the address shows it that the person got for it. It names nobody.
struct Erasure {
  std::string token;
  Instant asked = 0;
  ledger::EndingReport report;
  std::vector<std::string>
      unacknowledged;     // recipients that have not yet said that they deleted it: their names
  json::Value statement;  // the certificate, once the keys are gone (FORMAT.md)
};

// ---- staff ----

enum class Role { Staff, Manager, Auditor };
std::string_view role_name(Role r);
std::optional<Role> role_from_name(std::string_view name);

struct User {
  consent::UserId id;
  Role role = Role::Staff;
  bool second_factor = false;
  std::size_t recovery_codes = 0;  // unused ones
};

/// Where somebody logs in from. Never kept on disk.
struct LoginPlace {
  std::string address;    // as caps count them
  std::string till_mark;  // what the browser got when somebody logged in from it; empty: nothing
};

/// A submission that is held, restricted, or both: for managers and the operator.
struct KeptSubmission {
  std::string masked_number;
  std::map<consent::CaseId, std::optional<Instant>> holds;  // open ones
  std::optional<consent::Restriction> restricted;
  std::optional<Instant> erase_asked;  // it goes once nothing holds it
};

/// Notices of erasures that recipients have not acknowledged (GDPR Art. 19).
struct OpenNotices {
  std::size_t open = 0;
  std::size_t overdue = 0;  // older than limits::kNoticeOverdue_days
};

struct CheckRow {
  consent::Channel channel;
  consent::TopicId topic;
  decide::Decision decision;
  // Of the latest grant of this pair, whatever became of it; 0 when there never was one.
  Instant given = 0;
  Instant ends = 0;
};
/// The whole grid for a number; the page picks a headline from it.
struct Check {
  std::string international;  // read back in groups
  std::string region;
  std::vector<CheckRow> rows;  // channels x topics, in the configuration's order
  Instant as_of = 0;
  std::optional<consent::SentBody> last_sent;  // the latest message that was no reply
};

struct Written {
  decide::Decision decision;  // noted exactly when it is Allow
  Instant at = 0;
  std::string language;  // the person's
};

/// How often a member of the staff looked somebody up on one day (UTC). It names nobody who was looked up.
struct LookUpCount {
  consent::UserId user;
  Instant day = 0;
  std::int64_t found = 0;
  std::int64_t missed = 0;  // numbers that nothing here names
};

// ---- recipients' peers ----

/// A backend allowed on the sync listener: pinned by key, with rights (src/sync/PROTOCOL.md).
struct Peer {
  std::string name;
  consent::RecipientId recipient;
  Hash spki_sha256{};
  std::vector<std::string> rights;  // "pull"
};

// ---- programs ----

/// A campaign tool or a CRM that asks over the API, known by a token of which only a hash is kept.
struct Client {
  std::string name;
  std::vector<std::string> scopes;  // of kScopes
  /// How look-ups name it: no member of the staff can have that name.
  [[nodiscard]] consent::UserId id() const { return consent::UserId("client/" + name); }
};
/// What a client may be allowed.
inline constexpr std::array<std::string_view, 5> kScopes = {"decide", "report", "scrub", "timeline", "write"};
/// Who looked somebody up on the box's own command line.
inline constexpr std::string_view kOperator = "operator/command-line";

class Desk {
 public:
  /// Publishes the notices of every link and language that are not in the log yet.
  /// business and ledger outlive the desk. The minimum evidence is the business's.
  static Result<std::unique_ptr<Desk>> open(const consent::Business& business, decide::Rules rules,
                                            ledger::Ledger& ledger, const Clock& clock);
  virtual ~Desk() = default;

  [[nodiscard]] virtual const consent::Business& business() const = 0;
  /// Why opt-in is closed; empty when it is open.
  [[nodiscard]] virtual std::vector<consent::Missing> closed_because() const = 0;

  virtual Result<OptInForm> opt_in_form(const consent::LinkId& link, std::string_view language) const = 0;
  virtual Result<Submission> opt_in(const OptInRequest& request) = 0;
  virtual Result<Submission> submission(std::string_view token) const = 0;
  /// Withdraws the pairs of this submission that are not kept; never adds one. Unticking all is not a global
  /// stop.
  virtual Result<Submission> keep(std::string_view token, const std::vector<consent::TopicId>& topics) = 0;
  /// Takes the submission back (receipt, "that was a mistake").
  virtual Result<Submission> undo(std::string_view token) = 0;
  virtual Result<Submission> stop_all(std::string_view token) = 0;
  /// GDPR Art. 18: this submission is kept but not used, or is used again.
  virtual Result<Submission> restrict(std::string_view token, bool on) = 0;
  /// GDPR Art. 17: this submission, or, when its number is proven, all that were proven for the same number.
  /// Whatever concerns them can be neither found nor read from now on; their keys go within a minute. What is
  /// held for a legal claim goes when the hold is over (Art. 17(3)(e)).
  virtual Result<Erasure> erase(std::string_view token) = 0;
  /// The same at the till, for somebody who showed that the number is theirs: every submission that names it,
  /// proven or not, but for one in which another address is proven and this one is not, since that is
  /// somebody else's. Managers only: Refused. The reason is a word for the shop's own record. NotFound,
  /// BadInput "number" or "reason".
  virtual Result<Erasure> erase_number(std::string_view number, std::string_view region,
                                       std::string_view reason, const User& by) = 0;
  virtual Result<OpenNotices> open_notices() const = 0;
  /// By the token of an Erasure. NotFound.
  virtual Result<Erasure> erasure(std::string_view token) const = 0;
  /// Its statement, signed with the log's key as compact JWS.
  virtual Result<std::string> certificate(const Erasure& erasure) const = 0;
  /// Same answer for a known and an unknown number.
  virtual Result<Instant> stop_by_number(std::string_view number, std::string_view region,
                                         const consent::StopBody& by) = 0;
  /// The submission's grant as a stranger can check it.
  virtual Result<Receipt> receipt(std::string_view token) const = 0;

  /// Each look-up is recorded before it is answered: in the chain of what was found, and in the user's count.
  virtual Result<Check> check(std::string_view number, std::string_view region, const User& by) = 0;
  /// BadInput "number", "topic", "channel" or "sender".
  [[nodiscard]] virtual Result<decide::Question> question(const Asked& asked) const = 0;
  /// The decision that a check at the till would give at that moment, for each question and in their order.
  /// One look-up for each number. BadInput "as_of": before 1970 or too far ahead.
  virtual Result<std::vector<decide::Decision>> decide(const std::vector<decide::Question>& questions,
                                                       const Moment& moment, const consent::UserId& by) = 0;
  /// The same about a great many numbers, by the id of a client.
  virtual Scrubs& scrubs() = 0;
  /// Phone numbers only, so far. BadInput "number".
  [[nodiscard]] virtual Result<consent::Address> address(std::string_view number,
                                                         std::string_view region) const = 0;
  /// What somebody said and was sent, by the log, in its order. Nothing where they stopped everything, so
  /// that nobody can tell a stop from an erasure. A look-up.
  virtual Result<std::vector<consent::Event>> timeline(const consent::Address& address,
                                                       const consent::UserId& by) = 0;
  /// Asks once more, and when the answer is yes notes that the message goes now (contact.sent), before it
  /// does. Auditors: Refused. BadInput as question().
  virtual Result<Written> write(const Asked& message, const User& by) = 0;
  /// As far as they are kept (Business::look_ups); the newest day first.
  virtual Result<std::vector<LookUpCount>> look_ups() const = 0;
  /// Legal hold of all that names the number; how many submissions. BadInput "number", "case" or "until" (a
  /// time that is over); NotFound.
  virtual Result<std::size_t> hold(std::string_view number, std::string_view region,
                                   const consent::HoldBody& body) = 0;
  /// NotFound: the case holds nothing of that number.
  virtual Result<std::size_t> clear_hold(std::string_view number, std::string_view region,
                                         const consent::HoldClearBody& body) = 0;
  /// GDPR Art. 18 for all that names the number, or no longer. NotFound: nothing names it, or nothing would
  /// change; BadInput "number" or "reason".
  virtual Result<std::size_t> restrict_number(std::string_view number, std::string_view region,
                                              const consent::RestrictBody& body) = 0;
  virtual Result<std::vector<KeptSubmission>> kept() const = 0;
  /// The platform's word that somebody stopped, or wants again, adverts of a sender there; how many
  /// submissions it is news to. body.sender may be empty: the channel's. BadInput "number", "channel",
  /// "sender" or "at" (to come).
  virtual Result<std::size_t> native(std::string_view number, std::string_view region,
                                     consent::NativeBody body) = 0;
  /// What somebody wrote to the business: a keyword stops or takes back at once, whatever may be a stop waits
  /// for a person, and a platform's service window opens. The answer is the same for known and unknown
  /// numbers. BadInput "number", "channel", "sender" or "at" (to come); Busy when too many wait.
  virtual Result<Heard> hear(const InboundMessage& message) = 0;
  /// Messages that wait for a person, in the order in which they were reported.
  [[nodiscard]] virtual Result<std::vector<DoubtfulMessage>> doubtful() const = 0;
  /// Somebody has read it: it is a stop of everything, or it is none. Auditors: Refused. NotFound when it
  /// does not wait any more.
  virtual Status settle(std::string_view id, bool is_stop, const User& by) = 0;
  /// A platform rates a sender anew (sys.quality); false: it was known. BadInput "channel", "sender" or "at"
  /// (to come, or before the last report).
  virtual Result<bool> rate(const QualityReport& report) = 0;
  /// A look-up as well. Wrong codes slow this user down: Limit, with the seconds in the detail.
  virtual Result<Submission> submission_by_code(std::string_view code, const User& by) = 0;
  virtual Result<Submission> confirm(std::string_view code, const User& by) = 0;

  // ---- users, links, peers: operator and manager ----

  /// True until the first manager exists; then every staff route answers "not set up".
  [[nodiscard]] virtual bool needs_set_up() const = 0;
  /// A new one-time set-up code (12 characters, 60 bits), valid for 5 tries; replaces the last one.
  virtual Result<std::string> new_set_up_code() = 0;
  virtual Result<User> set_up(std::string_view code, std::string_view name, std::string_view password) = 0;
  /// The first factor: Refused; Limit; Busy when too many passwords are being looked at. It opens nothing by
  /// itself.
  virtual Result<User> sign_in(std::string_view name, std::string_view password, const LoginPlace& place) = 0;
  /// The second one, a code of the authenticator app or a recovery code, which is used up. Refused; Limit;
  /// NotReady "clock" for a code of time while nobody vouches for the clock.
  virtual Result<User> second_factor(std::string_view name, std::string_view code,
                                     const LoginPlace& place) = 0;
  /// Gives a user who has none a second factor, once a code proves that the app has the secret. Returns the
  /// recovery codes, of which only hashes are kept. Refused, Conflict, NotReady "clock".
  virtual Result<std::vector<std::string>> enrol(std::string_view name, ByteView secret,
                                                 std::string_view code) = 0;
  /// Recovery codes in the place of all earlier ones; takes a code. Fails as second_factor() does.
  virtual Result<std::vector<std::string>> new_recovery_codes(std::string_view name, std::string_view code,
                                                              const LoginPlace& place) = 0;
  /// For whoever lost telephone and recovery codes: the next log-in enrols anew. NotFound, Conflict. The
  /// caller ends the user's sessions.
  virtual Status reset_factor(std::string_view name) = 0;
  /// Marks a browser that somebody logged in from with both factors: strangers' tries do not slow it down.
  [[nodiscard]] virtual std::string new_till_mark() const = 0;
  [[nodiscard]] virtual bool is_known_till(std::string_view mark) const = 0;
  /// BadInput with the detail "name" or "password"; Conflict.
  virtual Status add_user(std::string_view name, Role role, std::string_view password) = 0;
  /// NotFound; Conflict for the last manager. The caller ends the user's sessions.
  virtual Status remove_user(std::string_view name) = 0;
  /// NotFound; BadInput with the detail "password". The caller ends the user's sessions.
  virtual Status change_password(std::string_view name, std::string_view password) = 0;
  virtual Result<User> user(std::string_view name) const = 0;  // NotFound
  virtual Result<std::vector<User>> users() const = 0;
  /// Links from the configuration and those added later.
  virtual std::vector<consent::OptInLink> links() const = 0;
  virtual Status add_link(const consent::OptInLink& link) = 0;
  /// Conflict for a name that is taken: a pinned key is never replaced in passing.
  virtual Status add_peer(const Peer& peer) = 0;
  virtual Status remove_peer(std::string_view name) = 0;  // NotFound
  virtual Result<std::vector<Peer>> peers() const = 0;
  /// The peer with this key, or NotFound.
  virtual Result<Peer> peer_by_key(const Hash& spki_sha256) const = 0;

  /// The token, which is shown once. Conflict for a name that is taken; BadInput in words; Limit.
  virtual Result<std::string> add_client(const Client& client) = 0;
  virtual Status remove_client(std::string_view name) = 0;  // NotFound
  [[nodiscard]] virtual std::vector<Client> clients() const = 0;
  /// From memory, at once.
  [[nodiscard]] virtual std::optional<Client> client_by_token(std::string_view token) const = 0;

  // ---- the log ----

  /// The log as this peer may read it.
  virtual LogView log_view(const Peer& peer) = 0;
  /// Printed beside a receipt, so that a stranger can check it.
  [[nodiscard]] virtual const proof::LogKey& log_key() const = 0;
  /// Forgets lists that nobody asks for, takes messages that nobody has read in a week for stops and, once a
  /// day, forgets counts of look-ups that are kept no longer. To be called every minute or so.
  virtual void keep_house() = 0;
  /// The clock as decisions see it.
  [[nodiscard]] virtual ClockState clock_state() const = 0;

 protected:
  Desk() = default;
  Desk(const Desk&) = delete;
  Desk& operator=(const Desk&) = delete;
};

}  // namespace counterfoil::desk
