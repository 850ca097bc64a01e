// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What callers prepare in their own threads and the writer makes durable: everything that needs no place in
// the log is done before a job is queued. Thread rule: one owner; handed over through Writer::run.
#pragma once

#include "ledger/endings.h"
#include "ledger/keyring.h"
#include "ledger/memory.h"
#include "ledger/record.h"

#include <future>
#include <optional>
#include <string>
#include <vector>

namespace counterfoil::ledger {

/// A subject to be written with its first event.
struct NewSubject {
  consent::SubjectId id;
  Key key;
  Bytes card;                  // sealed
  std::optional<Handle> link;  // none: nobody gets a link (a stop by an unknown number)
  std::vector<consent::Address> addresses;
  std::string code;
};

/// An event about a person, ready but for its place.
struct PersonDraft {
  consent::SubjectId subject;
  std::uint64_t n = 0;  // the subject's ordinal; 0: it is among the job's new subjects
  Key key;
  consent::EventType type = consent::EventType::Grant;
  Retention retention;
  Disclosures disclosures;
  std::array<Hash, 2> commitments{};
  Hash row_salt{};
};

struct LogDraft {
  consent::EventType type = consent::EventType::SysMeta;
  json::Value body;     // a sys.key gets its own from the plan: it signs its place in the log
  LogKeyPtr log_key{};  // of a sys.key: the new one; none: the older of two is retired
};

/// A suppression tag: nothing is sent to the address behind it from now on.
struct Tag {
  Handle handle{};
  consent::Actor by = consent::Actor::Person;
};

struct ItemChange {
  std::string kind;
  Handle id{};
  std::optional<Bytes> sealed;  // none: remove
};

/// What a subject's chain says from now on of how long it must be kept.
struct KeptChange {
  std::uint64_t n = 0;
  Kept::Terms terms;
};

/// A line whose text is encrypted anew, so that it ends with another cohort than it says.
struct Move {
  std::uint64_t seq = 0;
  Hash leaf{};
  Key subject;
  Disclosures disclosures;
  Retention to;
};

/// Fails with Limit.
Result<ItemChange> item_change(const Roots& roots, std::string_view kind, std::string_view id,
                               const json::Value& value);

/// Something that is to end, with the key its row is sealed under.
struct NewEnding {
  EndingJob job;
  Key key;
};

/// The items that say whom recipients are to forget, once its keys are gone.
Result<std::vector<ItemChange>> notices_of(const Roots& roots, const EndingJob& ending);

/// A leaf that says which lines are gone; the jobs behind it are done.
struct Tombstone {
  LogDraft leaf;
  Ranges lines;
  std::vector<EndingJob> jobs;
};

struct Job {
  std::vector<NewSubject> subjects;
  std::vector<PersonDraft> events;
  std::vector<LogDraft> log_events;
  std::vector<Tag> tags;
  std::vector<ItemChange> items;
  std::vector<KeptChange> kept;  // by the events of this job
  std::vector<Move> moves;       // that the events of this job tell of
  std::vector<NewEnding> endings;
  std::vector<Tombstone> tombstones;
  std::vector<Ordinal> orphans;  // subjects without an event, to be swept away
  bool bury = false;             // write the tombstones that are due
  bool state = false;            // write sys.meta when something it tells of has changed
  bool sign = false;             // somebody waits for a checkpoint that covers all that is recorded
  /// Events in the order of events, then log_events, then tombstones.
  std::promise<Result<std::vector<Committed>>> done;

  [[nodiscard]] bool has_leaves() const {
    return !events.empty() || !log_events.empty() || !tags.empty() || !tombstones.empty();
  }
  [[nodiscard]] bool is_empty() const {
    return !has_leaves() && items.empty() && orphans.empty() && endings.empty() && !bury && !state && !sign;
  }
};

/// Salts and commitments for an event of the subject; identity is what it discloses of them.
Result<PersonDraft> draft_event(const consent::SubjectId& subject, std::uint64_t n, const Key& key,
                                const consent::Identity& identity, const consent::EventBody& body,
                                const Retention& retention);

/// The same from disclosures as they stand in a log.
Result<PersonDraft> draft_again(const consent::SubjectId& subject, std::uint64_t n, const Key& key,
                                consent::EventType type, std::array<std::string, 2> texts,
                                const Retention& retention);

}  // namespace counterfoil::ledger
