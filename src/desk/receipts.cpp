// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The receipt of a submission and its twin in the terms of ISO/IEC TS 27560, both made when asked for.
#include "counterfoil/consent/record.h"
#include "counterfoil/proof/twin.h"
#include "desk/desk_impl.h"
#include "desk/words.h"
#include "i18n/i18n.h"

namespace counterfoil::desk {
namespace {

/// "You said yes to …", as the page says it.
std::string because(i18n::Language language, const i18n::TimeZone& zone, const consent::Business& business,
                    const consent::GrantBody& grant, Instant given) {
  const i18n::LocalTime when = zone.to_local(given);
  return i18n::tr(language, "receipt.body",
                  {{"topics", topic_list(language, business, grant.topics)},
                   {"channels", channel_list(language, grant.channels)},
                   {"date", i18n::format_date(language, when)},
                   {"time", i18n::format_time(language, when)},
                   {"place", place_words(language, business, grant.place)}});
}

bool is_by_another_hand(const consent::Event& event) {
  if (!event.body) return false;
  const auto* stop = std::get_if<consent::StopBody>(&*event.body);
  const auto* withdrawal = std::get_if<consent::WithdrawBody>(&*event.body);
  return (stop != nullptr && stop->via != "link") ||
         (withdrawal != nullptr && withdrawal->via == consent::kViaKeyword);
}

}  // namespace

Result<json::Object> DeskImpl::record_of(const std::vector<consent::Event>& events,
                                         const proof::CheckedReceipt& receipt) const {
  CF_TRY(const consent::Event event, proof::event_of(receipt));
  const auto* grant = std::get_if<consent::GrantBody>(&*event.body);
  if (grant == nullptr) return fail(Code::NotFound, "the grant is not kept any more");
  const auto language = i18n::Language::find(grant->notice.language).value_or(i18n::Language::english());
  CF_TRY(const i18n::TimeZone zone, i18n::TimeZone::find(business_.time_zone));
  const std::string& filed_under = receipt.leaf.person->rc;
  const auto* kept = business_.retention_class(filed_under);
  consent::RecordDetails details;
  details.issued = clock_.now();
  details.because = because(language, zone, business_, *grant, event.t);
  details.storage = i18n::tr(language, "receipt.storage");
  details.retention = kept == nullptr ? filed_under : retention_words(language, business_, *kept);
  details.withdrawal = withdrawal_words(language, business_);
  if (const auto notice = ledger_.item("notice", hex(grant->notice.sha256))) {
    CF_TRY(const auto seq, notice->integer_at("seq"));
    details.published = consent::Seq{static_cast<std::uint64_t>(seq)};
  }
  CF_TRY(json::Object record, consent::make_record(business_, events, details));
  record.merge(proof::twin_members(receipt));
  return record;
}

Result<Receipt> DeskImpl::receipt(std::string_view token) const {
  CF_TRY(const auto subject, ledger_.subject_by_token(token));
  // Read before the checkpoint is taken, so that it covers them.
  CF_TRY(auto events, ledger_.events(subject.id));
  if (!link_knows_all(subject.state)) std::erase_if(events, is_by_another_hand);
  CF_TRY(const auto parts, ledger_.receipt(subject.id, view_of(token, subject).seq));
  Receipt out;
  out.proof = proof::write_receipt(parts);
  const auto keys = ledger_.log_keys();
  CF_TRY(const auto checked, proof::check_receipt(out.proof, keys.chain));
  CF_TRY(json::Object record, record_of(events, checked));
  if (!keys.lines.empty())
    record.emplace(proof::kTwinKeys, json::Array(keys.lines.begin(), keys.lines.end()));
  out.record = json::Value(std::move(record));
  CF_TRY(out.twin, ledger_.sign(proof::kTwinType, out.record));
  return out;
}

}  // namespace counterfoil::desk
