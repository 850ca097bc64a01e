// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The line codec of the log: one event is one leaf is one canonical JSON line. src/ledger/FORMAT.md is
// normative. A line is hashed as received; decode() accepts exactly what encode() writes. Thread rule: value
// types.
#pragma once

#include "counterfoil/base/bytes.h"
#include "counterfoil/base/canonical_json.h"
#include "counterfoil/base/clock.h"
#include "counterfoil/consent/event.h"

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace counterfoil::proof {

/// The part that only events about a person carry.
struct PersonPart {
  std::array<Hash, 2> c{};  // commitments to disclosure 0 (identity) and 1 (body)
  std::string coh;          // retention cohort, "2028-11" or "2028-11-22"
  Handle h{};               // HMAC-SHA-256(K_subject, "h" || n as 8 bytes big-endian)[:16]
  std::string rc;           // retention class
  bool operator==(const PersonPart&) const = default;
};

struct Leaf {
  std::string log;  // origin: the log's name, also the first line of its checkpoints
  consent::Seq seq;
  Instant t = 0;  // what the clock said; may go backwards
  ClockState ck = ClockState::Untrusted;
  std::string boot;        // boot id, 32 hexadecimal digits
  std::int64_t bt_ms = 0;  // boot time when written
  consent::EventType typ = consent::EventType::SysMeta;
  std::optional<PersonPart> person;  // exactly for person types
  std::optional<json::Value> body;   // exactly for the others, in clear, never personal data
  bool operator==(const Leaf&) const = default;
};

/// The line without its newline. Fails with BadInput when the parts do not fit the type, Limit when too long.
Result<std::string> encode_leaf(const Leaf& leaf);
Result<Leaf> decode_leaf(std::string_view line);

/// SHA-256("cf/d1" || index as one byte || salt || disclosure). Salts are 32 random bytes.
Hash commitment(std::uint8_t index, const Hash& salt, std::string_view disclosure);

/// A recipient's own handle for a person: 12 random bytes, then the first 4 bytes of
/// SHA-256("cf/p1" || those 12). The log does not commit to handles, so the check bytes are what shows a
/// damaged one.
Handle recipient_handle(const std::array<std::uint8_t, 12>& random);
bool is_recipient_handle(const Handle& handle);

/// One line of GET /v1/log/entries: the exact leaf line with what the recipient may see of it, or, for a
/// deleted leaf, its hash alone.
struct Entry {
  std::string leaf;  // exact line; empty for a deleted leaf
  Hash hash{};       // leaf hash; computed from the line by decode_entry when there is a line
  struct Disclosure {
    Hash salt{};
    std::string text;
    bool operator==(const Disclosure&) const = default;
  };
  std::array<std::optional<Disclosure>, 2> d;  // what is shown; withheld ones are absent
  std::optional<Handle> p;                     // from recipient_handle(): the person, for this recipient
  [[nodiscard]] bool deleted() const { return leaf.empty(); }
  bool operator==(const Entry&) const = default;
};
/// "d" is null when nothing is shown. Fails with BadInput (a deleted leaf that shows more than its hash, a
/// leaf that is not UTF-8) or Limit. That p came from recipient_handle() is the caller's word; whoever
/// decodes checks.
Result<std::string> encode_entry(const Entry& entry);
/// Fails with BadInput, saying why. Does not look into the leaf line.
Result<Entry> decode_entry(std::string_view line);

}  // namespace counterfoil::proof
