// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// People: subjects found by address, token or code, and the fold of their events.
#include "base/limits.h"
#include "counterfoil/proof/tree.h"
#include "ledger/file_ledger.h"
#include "ledger/key_tree.h"

#include <algorithm>

namespace counterfoil::ledger {
namespace {

bool is_proven(const consent::SubjectState& state) {
  return std::any_of(state.addresses.begin(), state.addresses.end(),
                     [](const consent::Address& a) { return a.proof > consent::Evidence::Claimed; });
}

bool mentions(const consent::SubjectState& state, const consent::Address& address) {
  return std::any_of(state.addresses.begin(), state.addresses.end(),
                     [&](const consent::Address& a) { return a.same_place(address); });
}

}  // namespace

Result<FileLedger::FoundSubject> FileLedger::open_row(SubjectRow row) const {
  if (memory_.leaving.contains(row.n)) return fail(Code::NotFound, "no such submission");
  CF_TRY(Key key, keyring_.subject_key(row));
  auto card = open_card(key, row.id, row.card);
  if (!card) return fail(Code::Corrupt, "keys.db: a subject's card does not open");
  return FoundSubject{std::move(row), std::move(key), *std::move(card)};
}

// As its events say, or as first given where they name nobody any more.
consent::Identity FileLedger::identity_of(const consent::SubjectState& state, const Card& card) {
  if (state.addresses.empty()) return card.identity;
  return {state.addresses, state.language};
}

Result<Disclosures> FileLedger::disclosures_of(const LeafRow& leaf, const Key& key) const {
  if (!leaf.payload) return fail(Code::Corrupt, "an event's text is missing");
  const auto cohort = keyring_.cohort(leaf.payload->cohort);
  if (!cohort) return fail(Code::Corrupt, "an event's retention key is missing");
  const Key record = record_key(key, *cohort, leaf.payload->salt, keyring_.origin(), leaf.seq);
  return open_payload(record, leaf.hash, leaf.payload->sealed);
}

Result<consent::Event> FileLedger::event_of(const LeafRow& leaf, const Key& key) const {
  if (!leaf.bytes) return fail(Code::Corrupt, "an event's line is missing");
  if (proof::leaf_hash(*leaf.bytes) != leaf.hash)
    return fail(Code::Corrupt, "an event's line is not the one that was hashed");
  CF_TRY(const auto line, proof::decode_leaf(*leaf.bytes));
  CF_TRY(const auto disclosures, disclosures_of(leaf, key));
  if (line.seq.value != leaf.seq || !line.person) return fail(Code::Corrupt, "an event is not in its place");
  for (std::uint8_t i = 0; i < 2; ++i) {
    if (proof::commitment(i, disclosures[i].salt, disclosures[i].text) != line.person->c[i])
      return fail(Code::Corrupt, "an event's text is not what its line commits to");
  }
  consent::Event out;
  out.seq = line.seq;
  out.t = line.t;
  out.clock = line.ck;
  out.type = line.typ;
  CF_TRY(out.identity, consent::decode_identity(disclosures[0].text));
  CF_CHECK(consent::take_body(out, disclosures[1].text));
  return out;
}

// Walks the subject's own chain from its first event; what went by schedule is left out.
Status FileLedger::walk_chain(Reader& reader, const Key& key, const EachEvent& each) const {
  std::uint64_t n = 0;
  for (; n < limits::kEventsPerSubjectMax; ++n) {
    CF_TRY(const auto leaf, reader.leaf_by_h(chain_value(key, n)));
    if (!leaf) break;
    if (!memory_.gone.covers(leaf->seq)) CF_CHECK(each(event_of(*leaf, key)));
  }
  if (n == 0) return fail(Code::NotFound, "no such submission");
  return {};
}

// Whatever is missing or does not open makes the state damaged, which every decision takes for a no, unless a
// tombstone or a job says that it went by schedule.
Result<consent::SubjectState> FileLedger::fold(Reader& reader, const Key& key) const {
  consent::SubjectState state;
  CF_CHECK(walk_chain(reader, key, [&](const Result<consent::Event>& event) -> Status {
    if (event) {
      consent::apply(state, *event);
    } else {
      state.damaged = true;
    }
    return {};
  }));
  return state;
}

Result<FileLedger::Known> FileLedger::know(Reader& reader, const consent::SubjectId& id) const {
  CF_TRY(auto row, reader.subject(id));
  CF_TRY(auto found, open_row(std::move(row)));
  CF_TRY(auto state, fold(reader, found.key));
  auto identity = identity_of(state, found.card);
  return Known{std::move(found), std::move(state), std::move(identity)};
}

Result<PersonDraft> FileLedger::next_event(const Known& known, const consent::EventBody& body,
                                           const Retention& retention) {
  return draft_event(known.found.row.id, known.found.row.n, known.found.key, known.identity, body, retention);
}

Result<Subject> FileLedger::folded(Reader& reader, FoundSubject found) const {
  Subject out;
  out.id = found.row.id;
  CF_TRY(out.state, fold(reader, found.key));
  if (const auto waiting = spill_.own_stop(out.id); waiting && !out.state.link_stop) {
    out.state.link_stop = {waiting->told_at.value_or(0), consent::Seq{0}, waiting->by, waiting->via};
    if (!out.state.stop) out.state.stop = out.state.link_stop;
  }
  if (!found.card.code.empty() && !is_proven(out.state) && options_.clock->now() < found.card.code_ends) {
    out.code = found.card.code;
    out.code_ends = found.card.code_ends;
  }
  return out;
}

Result<consent::PersonState> FileLedger::person(const consent::Address& address) const {
  CF_CHECK(wait_ready(0));
  consent::PersonState out;
  out.suppressed = suppressed(address);
  // What is missing from a damaged ledger may be this person's stop.
  out.damaged = head_.read_only() || head_.incomplete();
  const auto named_by = memory_.index.by_address(address);
  if (named_by.empty()) return out;  // most of a list: no snapshot for nothing
  CF_TRY(auto reader, readers_.lease());
  for (const Ordinal n : named_by) {
    auto row = reader->subject(n);
    if (!row && row.error().code == Code::NotFound) continue;
    if (!row) return row.error();
    const auto found = open_row(*std::move(row));
    if (!found && found.error().code == Code::NotFound) continue;
    if (!found) {
      out.damaged = true;
      continue;
    }
    auto state = fold(*reader, found->key);
    if (!state && state.error().code != Code::NotFound) return state.error();
    if (!state) {
      out.damaged = true;  // it is in the index, so it had an event
      continue;
    }
    // A damaged one may have lost the very event that names the address.
    if (!mentions(*state, address) && !state->damaged) continue;
    out.damaged = out.damaged || state->damaged;
    out.subjects.push_back(*std::move(state));
  }
  return out;
}

Result<Subject> FileLedger::subject_by_token(std::string_view token) const {
  CF_TRY(auto reader, readers_.lease());
  CF_TRY(auto row, reader->subject_by_link(link_hash(keyring_.roots().link, token)));
  CF_TRY(auto found, open_row(std::move(row)));
  return folded(*reader, std::move(found));
}

Result<Subject> FileLedger::subject_by_code(std::string_view code) const {
  CF_CHECK(wait_ready(limits::kIndexWait_ms));
  if (code.size() == 6) {
    CF_TRY(auto reader, readers_.lease());
    for (const Ordinal n : memory_.index.by_code(code)) {
      CF_TRY(auto row, reader->subject(n));
      CF_TRY(auto found, open_row(std::move(row)));
      CF_TRY(auto subject, folded(*reader, std::move(found)));
      if (subject.code == code) return subject;
    }
  }
  return fail(Code::NotFound, "no such code is open");
}

Result<Subject> FileLedger::subject(const consent::SubjectId& id) const {
  CF_TRY(auto reader, readers_.lease());
  CF_TRY(auto row, reader->subject(id));
  CF_TRY(auto found, open_row(std::move(row)));
  return folded(*reader, std::move(found));
}

Result<std::vector<consent::Event>> FileLedger::events(const consent::SubjectId& id) const {
  CF_TRY(auto reader, readers_.lease());
  CF_TRY(auto row, reader->subject(id));
  CF_TRY(const auto found, open_row(std::move(row)));
  std::vector<consent::Event> out;
  CF_CHECK(walk_chain(*reader, found.key, [&](const Result<consent::Event>& event) -> Status {
    if (!event) return fail(Code::Corrupt, event.error().detail);
    out.push_back(*event);
    return {};
  }));
  return out;
}

// Of these, who is still here.
Result<std::vector<Subject>> FileLedger::folded_all(const std::vector<Ordinal>& wanted) const {
  std::vector<Subject> out;
  CF_TRY(auto reader, readers_.lease());
  for (const Ordinal n : wanted) {
    auto row = reader->subject(n);
    if (!row && row.error().code == Code::NotFound) continue;
    if (!row) return row.error();
    auto found = open_row(*std::move(row));
    if (!found && found.error().code == Code::NotFound) continue;
    if (!found) return found.error();
    CF_TRY(auto subject, folded(*reader, *std::move(found)));
    out.push_back(std::move(subject));
  }
  return out;
}

Result<std::vector<Subject>> FileLedger::submissions(const consent::Address& address) const {
  CF_CHECK(wait_ready(limits::kIndexWait_ms));
  CF_TRY(auto out, folded_all(memory_.index.by_address(address)));
  std::erase_if(out, [&](const Subject& subject) {
    return !mentions(subject.state, address) && !subject.state.damaged;
  });
  return out;
}

bool FileLedger::suppressed(const consent::Address& address) const {
  return memory_.suppressions.by(suppression_tag(keyring_.roots().supp, address)).has_value() ||
         spill_.stops(address);
}

}  // namespace counterfoil::ledger
