// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "show.h"

#include "counterfoil/consent/fold.h"
#include "counterfoil/proof/verify.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <map>

namespace counterfoil::tool {
namespace {

struct Person {
  consent::SubjectState state;
  std::string number;  // only in bundles pulled with --identity
};

struct Bundle {
  std::map<Handle, Person> people;
  std::uint64_t without_text = 0;  // lines about a person that do not show what they say
};

consent::Evidence evidence_of(const Person& person) {
  auto proof = consent::Evidence::Claimed;
  for (const auto& address : person.state.addresses) proof = std::max(proof, address.proof);
  return proof;
}

// What the person's events say of one pair, in the words of ISO/IEC TS 27560. The shop may ask for more
// evidence than a bundle knows, so the evidence stands beside it; one that is only claimed is never enough.
consent::State state_of(const Person& person, const consent::PairState& pair, Instant now) {
  const bool proven = evidence_of(person) > consent::Evidence::Claimed;
  const auto shown = consent::shown_state(pair, proven, person.state.stop.has_value(), now);
  const bool sure = !person.state.damaged || shown == consent::State::ConsentWithdrawn;
  return sure ? shown : consent::State::ConsentUnknown;
}

// Folds one entry into the person it belongs to; lines about nobody are passed over.
Status fold_entry(Bundle& bundle, std::uint64_t seq, const proof::Entry& entry) {
  if (entry.deleted()) return {};
  CF_TRY(const auto leaf, proof::decode_leaf(entry.leaf));
  if (!leaf.person) return {};
  // What people wrote is shown to no recipient.
  if (!entry.d[1] && leaf.typ != consent::EventType::Inbound) ++bundle.without_text;
  if (!entry.p) return {};
  consent::Event event;
  event.seq = consent::Seq{seq};
  event.t = leaf.t;
  event.clock = leaf.ck;
  event.type = leaf.typ;
  // An event without its text damages the person, so that it never reads as a yes.
  if (entry.d[1]) CF_CHECK(consent::take_body(event, entry.d[1]->text));
  if (entry.d[0]) {
    CF_TRY(event.identity, consent::decode_identity(entry.d[0]->text));
  } else {
    // Without identity the fold still needs one address to carry the proof; it stays nameless.
    event.identity.addresses = {{}};
  }
  Person& person = bundle.people[*entry.p];
  consent::apply(person.state, event);
  if (!event.identity.addresses.empty()) person.number = event.identity.addresses.front().value;
  return {};
}

void print_row(const Handle& handle, const Person& person, const consent::Pair& key,
               const consent::PairState& pair, bool as_json, Instant now) {
  const auto found = state_of(person, pair, now);
  const auto state = consent::state_name(found);
  const auto evidence = consent::evidence_name(evidence_of(person));
  Instant changed = person.state.stop ? person.state.stop->at : pair.changed;
  if (found == consent::State::ConsentExpired) changed = pair.ends;
  if (as_json) {
    json::Object row{{"changed", rfc3339(changed)}, {"channel", consent::channel_name(key.first)},
                     {"ends", rfc3339(pair.ends)},  {"evidence", evidence},
                     {"link", pair.link.text()},    {"notice", pair.notice.id.text()},
                     {"person", base64url(handle)}, {"state", state},
                     {"topic", key.second.text()}};
    if (!person.number.empty()) row.emplace("number", person.number);
    std::printf("%s\n", json::write(row).value_or("{}").c_str());
    return;
  }
  const std::string number = person.number.empty() ? "-" : printable(person.number);
  std::printf("%s  %-16s  %-10s  %-12s  %-17s  %-9s  %s  %s\n", base64url(handle).c_str(), number.c_str(),
              std::string(consent::channel_name(key.first)).c_str(), printable(key.second.text()).c_str(),
              std::string(state).c_str(), std::string(evidence).c_str(), rfc3339(changed).c_str(),
              printable(pair.link.text()).c_str());
}

void print_people(const Bundle& bundle, bool as_json) {
  const Instant now = std::time(nullptr);
  if (!as_json)
    std::printf("%-22s  %-16s  %-10s  %-12s  %-17s  %-9s  %-20s  %s\n", "person", "number", "channel",
                "topic", "state", "evidence", "since", "link");
  for (const auto& [handle, person] : bundle.people) {
    for (const auto& [key, pair] : person.state.pairs) print_row(handle, person, key, pair, as_json, now);
    if (person.state.pairs.empty() && person.state.stop && !as_json)
      std::printf("%s  stopped without ever having said yes\n", base64url(handle).c_str());
  }
}

// Prints what is wrong; true when the bundle is as the key signed it.
Result<bool> is_intact(const std::string& folder, const std::string& key_pem) {
  CF_TRY(const auto report, proof::verify_bundle(folder, key_pem));
  for (const auto& finding : report.findings)
    std::printf("NOT INTACT  %s  %s\n", finding.rule.c_str(), printable(finding.text).c_str());
  return report.intact();
}

}  // namespace

Result<bool> show_bundle(const std::string& folder, const std::optional<std::string>& key_pem, bool as_json) {
  if (key_pem) {
    CF_TRY(const bool intact, is_intact(folder, *key_pem));
    if (!intact) return false;
  }
  Bundle bundle;
  std::uint64_t lines = 0;
  CF_CHECK(proof::for_each_entry(folder, [&](std::uint64_t seq, const proof::Entry& entry) {
    ++lines;
    return fold_entry(bundle, seq, entry);
  }));
  if (lines == 0) return fail(Code::NotFound, folder + " is no bundle; 'counterfoil pull' makes one");
  if (!key_pem) std::fputs("NOT VERIFIED (give --key)\n", as_json ? stderr : stdout);
  const auto says_something = [](const auto& one) {
    return !one.second.state.pairs.empty() || one.second.state.stop;
  };
  if (std::none_of(bundle.people.begin(), bundle.people.end(), says_something))
    return fail(Code::NotFound,
                "this bundle shows no consent: your agreement covers lines and hashes only, or nobody has "
                "said yes yet");
  print_people(bundle, as_json);
  const auto damaged = std::count_if(bundle.people.begin(), bundle.people.end(),
                                     [](const auto& one) { return one.second.state.damaged; });
  if (bundle.without_text == 0 && damaged == 0) return true;
  std::fprintf(
      stderr,
      "counterfoil: %llu lines come without their text and %lld persons' events do not fit together; "
      "do not write to anybody on the word of this list\n",
      static_cast<unsigned long long>(bundle.without_text), static_cast<long long>(damaged));
  return false;
}

}  // namespace counterfoil::tool
