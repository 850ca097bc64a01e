// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The key tree: everything that is derived, and how it is derived. FORMAT.md section "Keys" is normative.
//
//   anchor secret S  ->  KEK  ->  bucket keys (256 subjects each)  ->  subject keys  ->  card
//                             ->  cohort keys (retention class and end)
//                             ->  K_supp, K_link, K_desk, the log's signing key
//   record key = HKDF(K_subject || K_cohort): destroying either ends the record.
//
// Thread rule: pure functions but for the two that begin with new_, which are random; all from any thread.
#pragma once

#include "counterfoil/base/bytes.h"
#include "counterfoil/consent/ids.h"
#include "counterfoil/consent/terms.h"

#include <cstdint>
#include <string_view>

namespace counterfoil::ledger {

constexpr std::uint64_t kSubjectsPerBucket = 256;

consent::SubjectId new_subject_id();
/// Of a cohort or a job, 1 to 2^48 and random: an old copy of ledger.db still names whatever had a number,
/// and must never read it with another's key.
std::int64_t new_row_number();

/// KEK of an epoch.
Key epoch_key(const Key& secret, std::string_view origin, std::uint64_t epoch);
/// "cf/<purpose>" parts of K_desk: "desk/id" names items, "desk/item" encrypts them.
Key purpose_key(const Key& key, std::string_view purpose);
/// Encrypts the card of a subject.
Key card_key(const Key& subject);
Key record_key(const Key& subject, const Key& cohort, ByteView row_salt, std::string_view origin,
               std::uint64_t seq);

/// h of a subject's own n-th event: links two leaves for whoever holds the subject key, for nobody else.
Handle chain_value(const Key& subject, std::uint64_t n);
/// The subject as one recipient sees it.
Handle handle_for(const Key& subject, const consent::RecipientId& recipient);
Handle suppression_tag(const Key& supp, const consent::Address& address);
/// What is stored of a manage token.
Handle link_hash(const Key& link, std::string_view token);
/// What is stored of the name of an operational item.
Handle item_hash(const Key& desk_id, std::string_view kind, std::string_view id);

/// Additional data that ties a wrapped key or record to its place.
Bytes place(std::string_view what, ByteView where);

}  // namespace counterfoil::ledger
