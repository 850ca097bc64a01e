// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "desk/log_view.h"

#include "counterfoil/consent/business.h"

#include <algorithm>

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
