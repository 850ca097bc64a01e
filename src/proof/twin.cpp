// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "counterfoil/proof/twin.h"

#include "counterfoil/consent/record.h"
#include "counterfoil/proof/jws.h"

namespace counterfoil::proof {

Result<consent::Event> event_of(const CheckedReceipt& receipt) {
  const Leaf& leaf = receipt.leaf;
  consent::Event out{leaf.seq, leaf.t, leaf.ck, leaf.typ, std::nullopt, receipt.identity};
  CF_CHECK(consent::take_body(out, receipt.body));
  if (!out.body) return fail(Code::NotFound, "this version knows no receipt for such an event");
  return out;
}

json::Object twin_members(const CheckedReceipt& receipt) {
  const Leaf& leaf = receipt.leaf;
  const std::string record = leaf.log + "#" + std::to_string(leaf.seq.value);
  return {{"checkpoint_root", base64url(receipt.checkpoint.root)},
          {"checkpoint_size", receipt.checkpoint.size},
          {"leaf_hash", base64url(receipt.leaf_hash)},
          {"log", leaf.log},
          {"pii_principal_id", base64url(leaf.person->h)},
          {"receipt_id", record + "@" + std::to_string(receipt.checkpoint.size)},
          {"record_id", record},
          {"retention_class", leaf.person->rc},
          {"retention_cohort", leaf.person->coh},
          {"seq", leaf.seq.value}};
}

Result<KeyChain> keys_of_twin(std::string_view jws, LogKey first) {
  KeyChain out(std::move(first));
  const auto record = read_jws(jws);
  if (!record || record->find(kTwinKeys) == nullptr) return out;
  CF_TRY(const auto lines, record->strings_at(kTwinKeys));
  CF_CHECK(out.follow_lines(lines));
  return out;
}

Result<json::Value> check_twin(std::string_view jws, const CheckedReceipt& receipt, const KeyChain& keys) {
  CF_TRY(json::Value record, keys.open_statement(jws, kTwinType, receipt.checkpoint.size));
  CF_CHECK(consent::demand_members(record, twin_members(receipt)));
  CF_TRY(const consent::Event event, event_of(receipt));
  CF_CHECK(consent::check_record(record, event));
  return record;
}

}  // namespace counterfoil::proof
