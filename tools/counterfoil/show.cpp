// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "show.h"

#include "counterfoil/consent/fold.h"
#include "counterfoil/proof/verify.h"

#include <algorithm>
#include <cstdio>
#include <map>

namespace counterfoil::tool {
namespace {

struct Person {
  consent::SubjectState state;
  std::string number;  // only in bundles pulled with --identity
};

// What a bundle says, and what it leaves out: then no state in it can be relied on.
struct Shown {
  std::map<Handle, Person> people;
  std::uint64_t without_text = 0;  // events of persons that show nothing
};

// What the person's events say of one pair, in the words of ISO/IEC TS 27560.
consent::State state_of(const Person& person, const consent::PairState& pair, Instant now) {
  if (person.state.damaged) return consent::State::ConsentUnknown;
  if (person.state.stop) return consent::State::ConsentWithdrawn;
  if (pair.state == consent::State::ConsentWithdrawn) return pair.state;
  if (now >= pair.ends) return consent::State::ConsentExpired;
  auto proof = consent::Evidence::Claimed;
  for (const auto& address : person.state.addresses) proof = std::max(proof, address.proof);
  return proof > consent::Evidence::Claimed ? consent::State::ConsentGiven : consent::State::ConsentRequested;
}

// Folds one entry into the person it belongs to; other entries are passed over.
Status fold_entry(Shown& shown, std::uint64_t seq, const proof::Entry& entry) {
  if (entry.deleted()) return {};
  CF_TRY(const auto leaf, proof::decode_leaf(entry.leaf));
  if (!leaf.person) return {};
  if (!entry.p || !entry.d[1]) {
    ++shown.without_text;
    return {};
  }
  consent::Event event;
  event.seq = consent::Seq{seq};
  event.t = leaf.t;
  event.clock = leaf.ck;
  event.type = leaf.typ;
  if (auto body = consent::decode_body(leaf.typ, entry.d[1]->text)) {
    event.body = std::move(*body);
  } else if (body.error().code != Code::NotFound) {
    return body.error();
  }
  if (entry.d[0]) {
    CF_TRY(event.identity, consent::decode_identity(entry.d[0]->text));
  } else {
    // Without identity the fold still needs one address to carry the proof; it stays nameless.
    event.identity.addresses = {{}};
  }
  Person& person = shown.people[*entry.p];
  consent::apply(person.state, event);
  if (!event.identity.addresses.empty()) person.number = event.identity.addresses.front().value;
  return {};
}

void print_row(const Handle& handle, const Person& person, const consent::Pair& key,
               const consent::PairState& pair, Instant now, bool as_json) {
  const auto found = state_of(person, pair, now);
  const auto state = consent::state_name(found);
  Instant changed = person.state.stop ? person.state.stop->at : pair.changed;
  if (found == consent::State::ConsentExpired) changed = pair.ends;
  if (as_json) {
    json::Object row{{"changed", rfc3339(changed)},
                     {"channel", consent::channel_name(key.first)},
                     {"ends", rfc3339(pair.ends)},
                     {"link", pair.link.text()},
                     {"notice", pair.notice.id.text()},
                     {"person", base64url(handle)},
                     {"state", state},
                     {"topic", key.second.text()}};
    if (!person.number.empty()) row.emplace("number", person.number);
    std::printf("%s\n", json::write(row).value_or("{}").c_str());
    return;
  }
  std::printf("%s  %-16s  %-10s  %-12s  %-17s  %s  %s\n", base64url(handle).c_str(),
              person.number.empty() ? "-" : person.number.c_str(),
              std::string(consent::channel_name(key.first)).c_str(), key.second.text().c_str(),
              std::string(state).c_str(), rfc3339(changed).c_str(), pair.link.text().c_str());
}

}  // namespace

Status show_bundle(const std::string& folder, Instant now, bool as_json) {
  Shown shown;
  CF_CHECK(proof::for_each_entry(
      folder, [&](std::uint64_t seq, const proof::Entry& entry) { return fold_entry(shown, seq, entry); }));
  if (shown.people.empty())
    return fail(Code::NotFound,
                "this bundle shows no consent: your agreement covers lines and hashes only, or nobody has "
                "said yes yet");
  if (!as_json)
    std::printf("%-22s  %-16s  %-10s  %-12s  %-17s  %-20s  %s\n", "person", "number", "channel", "topic",
                "state", "since", "link");
  bool damaged = false;
  for (const auto& [handle, person] : shown.people) {
    damaged = damaged || person.state.damaged;
    for (const auto& [key, pair] : person.state.pairs) print_row(handle, person, key, pair, now, as_json);
    if (person.state.pairs.empty() && person.state.stop && !as_json)
      std::printf("%s  stopped without ever having said yes\n", base64url(handle).c_str());
  }
  if (shown.without_text == 0 && !damaged) return {};
  return fail(Code::Corrupt, std::to_string(shown.without_text) + " events of persons show no text" +
                                 (damaged ? " and others do not fit together" : "") +
                                 ": what is shown may be out of date; send nothing on the strength of it");
}

}  // namespace counterfoil::tool
