// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The closed table of events and the body of each (disclosure 1). src/ledger/FORMAT.md is the normative text.
// Bodies are canonical JSON (counterfoil/base/canonical_json.h); unknown members are refused.
// Thread rule: value types.
#pragma once

#include "counterfoil/base/canonical_json.h"
#include "counterfoil/base/clock.h"
#include "counterfoil/base/result.h"
#include "counterfoil/consent/business.h"
#include "counterfoil/consent/ids.h"
#include "counterfoil/consent/terms.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace counterfoil::consent {

enum class EventType {
  // About a person: the leaf carries c, coh, h, rc; bodies are disclosures.
  Grant,            // consent.grant        27560 ConsentRequested or ConsentGiven, by evidence
  Renew,            // consent.renew        RenewedConsentGiven
  Withdraw,         // consent.withdraw     ConsentWithdrawn for topics (GDPR Art. 7(3))
  Stop,             // consent.stop         ConsentWithdrawn for everything
  Confirm,          // consent.confirm      raises the evidence of an address
  Lift,             // consent.lift         lifts a stop
  Restrict,         // consent.restrict     GDPR Art. 18
  Object,           // consent.object       GDPR Art. 21
  Import,           // consent.import
  Correct,          // subject.correct      GDPR Art. 16
  Lookup,           // staff.lookup         who looked, when
  Sent,             // contact.sent
  Inbound,          // contact.inbound
  NativeStop,       // contact.native_stop
  NativeResume,     // contact.native_resume
  HoldSet,          // hold.set
  HoldClear,        // hold.clear
  RetentionChange,  // retention.change
  EraseRequest,     // erase.request        GDPR Art. 17
  // About the log: the leaf carries body in clear, never personal data.
  EraseDone,      // erase.done           tombstone: seqs whose lines and payloads are gone
  ExpireDone,     // expire.done          tombstone by schedule
  NoticePublish,  // notice.publish       GDPR Art. 13
  SysGenesis,     // sys.genesis
  SysBoot,        // sys.boot
  SysKey,         // sys.key
  SysCosign,      // sys.cosign
  SysTime,        // sys.time
  SysMeta,        // sys.meta
  SysCount,       // sys.count            daily figures without persons
  SysQuality,     // sys.quality          a sender's quality rating
  SysConfig,      // sys.config           a change of users, peers, links or settings
  SysAudit,       // sys.audit            staff side of look-ups, without the person
};

struct EventRow {
  EventType type;
  std::string_view name;     // the leaf's "typ"
  bool person;               // carries c, coh, h, rc
  std::string_view writers;  // who may cause it, for FORMAT.md and the desk's checks
};
/// The table, in the order of EventType.
std::span<const EventRow> event_table();
std::string_view event_name(EventType t);
bool is_person_event(EventType t);
std::optional<EventType> event_from_name(std::string_view name);

/// Reference to the exact text a person saw.
struct NoticeRef {
  NoticeId id;
  std::string language;
  Hash sha256{};
  bool operator==(const NoticeRef&) const = default;
};

/// One submission of the opt-in form: every ticked channel with every ticked topic.
struct GrantBody {
  std::vector<Channel> channels;  // sorted, unique, at least one
  std::vector<TopicId> topics;    // sorted, unique, at least one
  Evidence evidence = Evidence::Claimed;
  NoticeRef notice;
  std::string method;  // "form", "kiosk", "paper"
  LinkId link;
  ShopId place;
  bool age_affirmed = false;
  int minimum_age = 0;
  Promise promise;
  Instant ends = 0;  // the yes is valid before this instant
  bool operator==(const GrantBody&) const = default;
};

/// A code was confirmed: the named address of the subject now has this evidence.
struct ConfirmBody {
  Evidence evidence = Evidence::Present;
  Actor by = Actor::Staff;
  UserId user;
  bool operator==(const ConfirmBody&) const = default;
};

/// What stops or takes back from outside a submission: its own link must not tell it (StopBody and
/// WithdrawBody, via).
inline constexpr std::string_view kViaKeyword = "keyword";

struct WithdrawBody {
  std::vector<Channel> channels;  // empty: all channels
  std::vector<TopicId> topics;    // at least one
  Actor by = Actor::Person;
  std::string via;  // "link", "receipt", "till", "keyword"
  bool operator==(const WithdrawBody&) const = default;
};

/// Stop everything, for every address of the subject or for the one address that was named.
struct StopBody {
  Actor by = Actor::Person;
  std::string via;  // "link", "number", "till", "keyword"
  UserId user;      // when staff recorded it
  std::optional<Instant> told_at;
  bool operator==(const StopBody&) const = default;
};

/// Erase everything (GDPR Art. 17). It stops everything as well: should the erasure be lost with a restored
/// ledger, the stop is not.
struct EraseBody {
  Actor by = Actor::Person;
  std::string scope;  // "subject" (one submission), "joined" (all that were proven for the same address)
  std::string via;    // "link", "till"
  bool operator==(const EraseBody&) const = default;
};

/// Kept for a legal claim (GDPR Art. 17(3)(e)): neither schedule nor erasure ends it before the case is
/// cleared or its end has come.
struct HoldBody {
  CaseId case_id;
  std::optional<Instant> until;  // none: until it is cleared
  UserId user;
  bool operator==(const HoldBody&) const = default;
};

struct HoldClearBody {
  CaseId case_id;
  UserId user;
  bool operator==(const HoldClearBody&) const = default;
};

/// Kept, but not used (GDPR Art. 18).
struct RestrictBody {
  Actor by = Actor::Person;
  bool on = true;
  std::string reason;  // "accuracy", "claim", "objection", "unlawful" (Art. 18(1)), "wish" (none was given)
  UserId user;
  bool operator==(const RestrictBody&) const = default;
};

/// How long a record lives: its class, and the month or day (UTC) after which it goes.
struct Cohort {
  std::string retention_class;
  std::string until;  // "2028-11" or "2028-11-22"
  bool operator==(const Cohort&) const = default;
};

/// A month or a day in that form; whether it is one of the calendar is not asked.
bool is_cohort(std::string_view until);

/// Lines that go with another cohort than they say.
struct RetentionChangeBody {
  Cohort from;
  Cohort to;
  std::string reason;      // "hold", "restriction", "shortened"
  std::vector<Seq> lines;  // ascending, at least one
  bool operator==(const RetentionChangeBody&) const = default;
};

/// A member of the staff looked the person up (GDPR Art. 5(2), 32).
struct LookupBody {
  std::string answer;                // "allow" (some channel and topic), "deny", "unknown"
  std::vector<std::string> reasons;  // machine words of the answer, sorted and unique
  UserId user;
  bool operator==(const LookupBody&) const = default;
};

/// A message went out (GDPR Art. 5(2)): a kept promise can be proved. What it said is kept nowhere.
struct SentBody {
  Instant at = 0;
  Category category = Category::Marketing;
  Channel channel = Channel::WhatsApp;
  bool allowed = false;  // what the decision said of that moment
  SenderId sender;
  TopicId topic;
  bool operator==(const SentBody&) const = default;
};

/// The platform says that the person stopped adverts of this sender there, or wants them again. The person's
/// own doing, outside the box: only the platform takes it back.
struct NativeBody {
  bool stop = true;  // contact.native_stop; else contact.native_resume
  Instant at = 0;
  Channel channel = Channel::WhatsApp;
  SenderId sender;
  std::string source;  // who reported it, a name
  bool operator==(const NativeBody&) const = default;
};

/// The person wrote to a sender of the business. Shown to no recipient.
struct InboundBody {
  Instant at = 0;
  Channel channel = Channel::WhatsApp;
  SenderId sender;
  std::string source;  // who reported it, a name
  std::string text;    // only of a message that a person must read: it may be a stop
  bool operator==(const InboundBody&) const = default;
};

using EventBody =
    std::variant<GrantBody, ConfirmBody, WithdrawBody, StopBody, EraseBody, HoldBody, HoldClearBody,
                 RestrictBody, RetentionChangeBody, LookupBody, SentBody, NativeBody, InboundBody>;

/// Type an EventBody is written under.
EventType event_type(const EventBody& body);
/// Disclosure 1 as canonical JSON. Fails with BadInput when a rule of the body is broken.
Result<std::string> encode_body(const EventBody& body);
/// Fails with BadInput on anything encode_body would not write; types without a body here fail with NotFound.
Result<EventBody> decode_body(EventType type, std::string_view canonical);

/// Where an event stood before a restore wrote it into a new log: what it says happened then, not when the
/// new line was written. Any body may carry it as "was".
struct Was {
  std::string log;
  Seq seq;
  Instant t = 0;
  ClockState clock = ClockState::Untrusted;
};
/// The body with where it was; one that knows already stays as it is. Fails with BadInput.
Result<std::string> with_was(std::string_view canonical, const Was& was);

/// Disclosure 0: who it is. A list of addresses, never "the phone". Empty for a stop by
/// an address that no submission names: the suppression tag alone knows it.
struct Identity {
  std::vector<Address> addresses;
  std::string language;
  bool operator==(const Identity&) const = default;
};
Result<std::string> encode_identity(const Identity& identity);
Result<Identity> decode_identity(std::string_view canonical);

/// One opened event of a person, as a fold sees it.
struct Event {
  Seq seq;
  Instant t = 0;
  ClockState clock = ClockState::Untrusted;
  EventType type = EventType::Grant;
  std::optional<EventBody> body;  // absent for types that do not change consent
  Identity identity;
};

/// Takes over what disclosure 1 says: the body, absent for types without one here, and the time of an event
/// that a restore wrote anew. The event's type is set. Fails with BadInput as decode_body does.
Status take_body(Event& event, std::string_view canonical);

}  // namespace counterfoil::consent
