// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "ledger/job.h"

#include "base/limits.h"
#include "crypto/crypto.h"

namespace counterfoil::ledger {

Result<PersonDraft> draft_event(const consent::SubjectId& subject, std::uint64_t n, const Key& key,
                                const consent::Identity& identity, const consent::EventBody& body,
                                const Retention& retention) {
  CF_TRY(std::string named, consent::encode_identity(identity));
  CF_TRY(std::string text, consent::encode_body(body));
  return draft_again(subject, n, key, consent::event_type(body), {std::move(named), std::move(text)},
                     retention);
}

Result<PersonDraft> draft_again(const consent::SubjectId& subject, std::uint64_t n, const Key& key,
                                consent::EventType type, std::array<std::string, 2> texts,
                                const Retention& retention) {
  if (retention.retention_class.empty() || !consent::is_cohort(retention.cohort))
    return fail(Code::BadInput, "a retention needs a class and a day or month, for example 2028-11");
  PersonDraft out;
  out.subject = subject;
  out.n = n;
  out.key = key.clone();
  out.type = type;
  out.retention = retention;
  crypto::random(out.row_salt);
  for (std::uint8_t i = 0; i < 2; ++i) {
    auto& disclosure = out.disclosures[i];
    disclosure.text = std::move(texts[i]);
    if (disclosure.text.size() > limits::kDisclosureBytesMax)
      return fail(Code::Limit, "an event's text is too long");
    crypto::random(disclosure.salt);
    out.commitments[i] = proof::commitment(i, disclosure.salt, disclosure.text);
  }
  return out;
}

std::string notice_name(std::string_view recipient, std::string_view handle, std::int64_t job) {
  return std::string(recipient) + "/" + std::string(handle) + "/" + std::to_string(job);
}

Result<std::vector<ItemChange>> notices_of(const Roots& roots, const EndingJob& ending) {
  std::vector<ItemChange> out;
  for (const ErasureNotice& notice : ending.notices) {
    const std::string handle = base64url(notice.handle);
    CF_TRY(auto item, item_change(roots, kNoticeKind, notice_name(notice.recipient.text(), handle, ending.id),
                                  json::Object{{"gone", ending.gone_at},
                                               {"handle", handle},
                                               {"job", ending.id},
                                               {"recipient", notice.recipient.text()}}));
    out.push_back(std::move(item));
  }
  return out;
}

}  // namespace counterfoil::ledger
