// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "counterfoil/decide/decision_json.h"

namespace counterfoil::decide {
namespace {

json::Value time_or_null(const std::optional<Instant>& t) {
  return t ? json::Value(rfc3339(*t)) : json::Value();
}

json::Value reason_json(const Reason& reason) {
  return json::Object{{"code", reason_name(reason.code)},
                      {"evidence", reason.evidence ? json::Value(reason.evidence->value) : json::Value()},
                      {"kind", rule_kind_name(reason.kind)},
                      {"reference", reason.reference},
                      {"until", time_or_null(reason.until)}};
}

json::Value because_json(const std::optional<Because>& because) {
  if (!because) return {};
  const json::Object notice{{"id", because->notice.id.text()},
                            {"language", because->notice.language},
                            {"sha256", base64url(because->notice.sha256)}};
  return json::Object{{"channel", consent::channel_name(because->channel)},
                      {"ends", rfc3339(because->ends)},
                      {"evidence", consent::evidence_name(because->evidence)},
                      {"given", rfc3339(because->given)},
                      {"link", because->link.text()},
                      {"notice", notice},
                      {"place", because->place.text()},
                      {"topic", because->topic.text()}};
}

}  // namespace

json::Object to_json(const Decision& decision) {
  json::Array reasons;
  for (const Reason& reason : decision.reasons) reasons.push_back(reason_json(reason));
  json::Array obligations;
  for (const Obligation obligation : decision.obligations)
    obligations.emplace_back(obligation_name(obligation));
  json::Array evidence;
  for (const consent::Seq seq : decision.evidence) evidence.emplace_back(seq.value);
  return {{"as_of", rfc3339(decision.as_of)},        {"because", because_json(decision.because)},
          {"evidence", std::move(evidence)},         {"next_allowed", time_or_null(decision.next_allowed)},
          {"obligations", std::move(obligations)},   {"reasons", std::move(reasons)},
          {"rules_version", decision.rules_version}, {"verdict", verdict_name(decision.verdict)}};
}

}  // namespace counterfoil::decide
