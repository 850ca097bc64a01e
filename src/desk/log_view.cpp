// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "desk/log_view.h"

#include "base/limits.h"
#include "counterfoil/consent/business.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace counterfoil::desk {

LogView::LogView(const consent::Business& business, const consent::RecipientId& recipient,
                 ledger::Ledger& ledger)
    : ledger_(&ledger) {
  agreed_.recipient = recipient;
  for (const auto& r : business.recipients) {
    if (r.id != recipient) continue;
    const bool agreed = r.role == "controller" || r.agreement.has_value();
    const auto receives = [&](std::string_view what) {
      return agreed && std::find(r.receives.begin(), r.receives.end(), what) != r.receives.end();
    };
    agreed_.consent = receives("consent");
    agreed_.identity = receives("identity");
  }
}

Status LogView::entries(std::uint64_t start, std::uint64_t end, bool ask_identity,
                        const std::function<Status(std::string_view line)>& each) const {
  ledger::View view = agreed_;
  view.identity = view.identity && ask_identity;
  return ledger_->entries(start, end, view, each);
}

Result<std::vector<ErasureNotice>> LogView::erasures() const {
  CF_TRY(const auto items, ledger_->items(ledger::kNoticeKind));
  std::map<std::string, Instant> gone;  // by handle
  for (const auto& item : items) {
    CF_TRY(const auto recipient, item.string_at("recipient"));
    if (recipient != agreed_.recipient.text()) continue;
    CF_TRY(auto handle, item.string_at("handle"));
    CF_TRY(const Instant at, item.integer_at("gone"));
    const auto [known, is_new] = gone.try_emplace(std::move(handle), at);
    known->second = std::min(known->second, at);
  }
  std::vector<ErasureNotice> out;
  for (const auto& [handle, at] : gone) out.push_back({.handle = handle, .gone = at});
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
    return std::tie(a.gone, a.handle) < std::tie(b.gone, b.handle);
  });
  if (out.size() > limits::kNoticesPerAnswerMax) out.resize(limits::kNoticesPerAnswerMax);
  return out;
}

Result<std::size_t> LogView::acknowledge(const std::vector<std::string>& handles) const {
  CF_TRY(const auto items, ledger_->items(ledger::kNoticeKind));
  const std::set<std::string> wanted(handles.begin(), handles.end());
  std::set<std::string> known;
  for (const auto& item : items) {
    CF_TRY(const auto recipient, item.string_at("recipient"));
    CF_TRY(const auto handle, item.string_at("handle"));
    CF_TRY(const auto job, item.integer_at("job"));
    if (recipient != agreed_.recipient.text() || !wanted.contains(handle)) continue;
    CF_CHECK(ledger_->remove_item(ledger::kNoticeKind, ledger::notice_name(recipient, handle, job)));
    known.insert(handle);
  }
  return known.size();
}

Result<std::vector<Hash>> LogView::inclusion(std::uint64_t index, std::uint64_t size) const {
  if (size > signed_size() || index >= size)
    return fail(Code::BadInput, "index < size <= size of the last checkpoint");
  return proof::inclusion_proof(index, size, ledger_->nodes());
}

Result<std::vector<Hash>> LogView::consistency(std::uint64_t from, std::uint64_t to) const {
  if (from == 0 || from > to || to > signed_size())
    return fail(Code::BadInput, "0 < from <= to <= size of the last checkpoint");
  return proof::consistency_proof(from, to, ledger_->nodes());
}

}  // namespace counterfoil::desk
