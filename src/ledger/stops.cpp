// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Stops. A tag stops an address at once, whoever names it; the event in the chain of each submission follows,
// because recipients have no tags. A stranger can make many submissions for one number, so the stop itself
// looks at a few of them only, and the rest is written by and by.
#include "base/limits.h"
#include "base/log.h"
#include "crypto/crypto.h"
#include "ledger/file_ledger.h"
#include "ledger/key_tree.h"

#include <algorithm>
#include <utility>

namespace counterfoil::ledger {
namespace {

bool names_one_of(const consent::Address& address, const std::vector<consent::Address>& wanted) {
  return std::any_of(wanted.begin(), wanted.end(),
                     [&](const consent::Address& a) { return a.same_place(address); });
}

}  // namespace

std::vector<Tag> FileLedger::tags_of(const StopOrder& order) const {
  std::vector<Tag> out;
  for (const auto& address : order.addresses)
    out.push_back({suppression_tag(keyring_.roots().supp, address), order.body.by});
  return out;
}

bool FileLedger::is_stopped(const std::vector<Tag>& tags) const {
  return std::all_of(tags.begin(), tags.end(), [this](const Tag& tag) {
    const auto by = memory_.suppressions.by(tag.handle);
    return by && *by >= tag.by;
  });
}

// Filed as any stop of its own time is, because the class and cohort of the yes it follows would say whose it
// is; unless it would go sooner: a yes never outlives its no.
Result<Retention> FileLedger::retention_of_follower(Reader& reader, const Key& key) const {
  const Retention own = options_.retention_of_stop(options_.clock->now());
  CF_TRY(const auto first, reader.leaf_by_h(chain_value(key, 0)));
  if (!first) return fail(Code::Corrupt, "an event's line is missing");
  if (!first->bytes) return own;  // that yes is gone already
  CF_TRY(const auto line, proof::decode_leaf(*first->bytes));
  if (!line.person) return fail(Code::Corrupt, "an event is not in its place");
  const Retention yes{line.person->rc, line.person->coh};
  return own.last_day() < yes.last_day() ? yes : own;
}

// What the order means for one submission; nothing when its chain says so already.
Status FileLedger::draft_stop(const StopOrder& order, Ordinal n, Reader& reader,
                              std::vector<PersonDraft>& drafts) {
  auto row = reader.subject(n);
  if (!row && row.error().code == Code::NotFound) return {};
  if (!row) return row.error();
  const auto found = open_row(*std::move(row));
  if (!found) return {};  // damaged: it never allows anything, and the tag stops it as well
  const auto state = fold(reader, found->key);
  if (!state && state.error().code == Code::NotFound) return {};  // a key without an event, to be swept
  if (!state) return state.error();
  consent::Identity named{{}, state->language};
  for (const auto& address : state->addresses) {
    if (names_one_of(address, order.addresses)) named.addresses.push_back(address);
  }
  const bool is_own = order.own == found->row.id;
  const bool already =
      is_own ? state->link_stop.has_value() : state->stop && state->stop->by >= order.body.by;
  if (named.addresses.empty() || already) return {};
  Retention retention = order.retention;
  if (retention.retention_class.empty()) {
    CF_TRY(retention, retention_of_follower(reader, found->key));
  }
  CF_TRY(auto draft, draft_event(found->row.id, n, found->key, named, order.body, retention));
  drafts.push_back(std::move(draft));
  return {};
}

FileLedger::StopWalk FileLedger::walk_of(const StopOrder& order) const {
  StopWalk out;
  for (const auto& address : order.addresses) {
    const auto named = memory_.index.by_address(address);
    out.candidates.insert(out.candidates.end(), named.begin(), named.end());
  }
  std::sort(out.candidates.begin(), out.candidates.end());
  out.candidates.erase(std::unique(out.candidates.begin(), out.candidates.end()), out.candidates.end());
  return out;
}

Status FileLedger::walk_on(const StopOrder& order, StopWalk& walk, std::size_t folds_max) {
  CF_TRY(auto reader, readers_.lease());
  for (std::size_t i = 0; i < folds_max && walk.next < walk.candidates.size(); ++i)
    CF_CHECK(draft_stop(order, walk.candidates[walk.next++], *reader, walk.drafts));
  return {};
}

Status FileLedger::add_nameless(Job& job, const StopOrder& order) {
  const consent::SubjectId id = new_subject_id();
  Key key = crypto::random_key();
  CF_TRY(auto draft, draft_event(id, 0, key, {}, order.body, order.retention));
  CF_TRY(auto card, seal_card(key, id, {}));
  job.subjects.push_back({id, std::move(key), std::move(card), std::nullopt, {}, {}});
  job.events.push_back(std::move(draft));
  return {};
}

// A stop is the one thing that is never refused: what the ledger cannot record waits in the spill file.
Result<Committed> FileLedger::stop_now(const StopOrder& order) {
  if (order.addresses.empty() || order.addresses.size() > limits::kAddressesPerSubjectMax)
    return fail(Code::BadInput, "a stop names one address or a few");
  if (!head_.read_only()) {
    auto recorded = record_stop(order);
    if (recorded || recorded.error().code == Code::BadInput || recorded.error().code == Code::NotFound)
      return recorded;
    log::error("ledger.stop_spilled", {{"error", recorded.error().message()}});
  }
  return spill_stop(order);
}

Result<Committed> FileLedger::spill_stop(const StopOrder& order) {
  const Instant now = options_.clock->now();
  const Committed heard{consent::Seq{0}, now, clock_state()};
  if (!order.own && is_stopped(tags_of(order))) return heard;
  std::vector<SpilledStop> stops;
  for (const auto& address : order.addresses) {
    stops.push_back({address, order.body, order.retention, order.own});
    auto& told_at = stops.back().body.told_at;
    told_at = told_at.value_or(now);
  }
  CF_CHECK(spill_.add(stops));
  return heard;
}

// Recorded one by one, each as if it came now; overwritten when all of them are.
Status FileLedger::fold_spill() {
  const auto waiting = spill_.waiting();
  if (waiting.empty()) return {};
  for (const auto& [slot, stop] : waiting) {
    const auto recorded = record_stop({{stop.address}, stop.body, stop.retention, stop.own});
    // The submission may be erased by now: the address is stopped all the same.
    if (!recorded && recorded.error().code == Code::NotFound) {
      CF_CHECK(record_stop({{stop.address}, stop.body, stop.retention, std::nullopt}));
    } else if (!recorded) {
      return recorded.error();
    }
  }
  CF_CHECK(spill_.forget(waiting));
  log::info("ledger.spill_folded", {{"stops", waiting.size()}});
  return {};
}

Result<Committed> FileLedger::record_stop(const StopOrder& order) {
  const auto tags = tags_of(order);
  std::vector<Handle> handles;
  for (const Tag& tag : tags) handles.push_back(tag.handle);
  CF_TRY(const auto pass, stop_gate_.enter(handles, limits::kCommitDeadline_ms));
  const bool early = !wait_built(Built::Addresses, 0);
  const bool repeat = is_stopped(tags);
  Job job;
  StopWalk walk;
  if (!repeat) {
    walk = walk_of(order);
    CF_CHECK(walk_on(order, walk, limits::kStopFoldsMax));
    job.tags = tags;
  }
  if (order.own) {
    CF_TRY(auto reader, readers_.lease());
    CF_TRY(const auto row, reader->subject(*order.own));
    const bool is_there = std::any_of(walk.drafts.begin(), walk.drafts.end(),
                                      [&](const PersonDraft& draft) { return draft.n == row.n; });
    if (!is_there) CF_CHECK(draft_stop(order, static_cast<Ordinal>(row.n), *reader, walk.drafts));
  }
  job.events = std::move(walk.drafts);
  if (!repeat && job.events.empty()) CF_CHECK(add_nameless(job, order));
  if (job.is_empty()) return Committed{consent::Seq{0}, options_.clock->now(), clock_state()};
  CF_TRY(const auto committed, writer_->run(std::move(job)));
  if (early || walk.next < walk.candidates.size()) follow(order);
  return committed.front();
}

Result<Committed> FileLedger::stop(const std::vector<consent::Address>& addresses,
                                   const consent::StopBody& body, const Retention& retention) {
  return stop_now({addresses, body, retention, std::nullopt});
}

Result<Committed> FileLedger::stop_subject(const consent::SubjectId& subject, const consent::StopBody& body,
                                           const Retention& retention) {
  StopOrder order{{}, body, retention, subject};
  {
    CF_TRY(auto reader, readers_.lease());
    CF_TRY(auto row, reader->subject(subject));
    CF_TRY(const auto found, open_row(std::move(row)));
    order.addresses = found.card.identity.addresses;
  }
  return stop_now(order);
}

void FileLedger::follow(StopOrder order) {
  const std::lock_guard lock(followers_mutex_);
  const bool waits = std::any_of(followers_.begin(), followers_.end(), [&](const StopOrder& other) {
    return other.addresses == order.addresses && other.body.by >= order.body.by;
  });
  if (waits) return;
  if (followers_.size() < limits::kFollowersMax) {
    followers_.push_back(std::move(order));
  } else {
    follow_all_ = true;
  }
}

// A yes for an address that was stopped before: the decision knows by the tag, recipients by the chain. Not
// in the same commit, because the size of the log would tell a stranger that the number is stopped.
void FileLedger::follow_earlier_stop(const std::vector<consent::Address>& addresses) {
  if (auto order = order_by_tags(addresses)) follow(*std::move(order));
}

// What the tags of a submission's addresses ask for; nothing when none of them is stopped.
std::optional<FileLedger::StopOrder> FileLedger::order_by_tags(
    const std::vector<consent::Address>& addresses) const {
  StopOrder out;
  out.body.by = consent::Actor::Machine;
  out.body.via = "number";
  for (const auto& address : addresses) {
    const auto by = memory_.suppressions.by(suppression_tag(keyring_.roots().supp, address));
    if (!by) continue;
    out.addresses.push_back(address);
    out.body.by = std::max(out.body.by, *by);
  }
  if (out.addresses.empty()) return std::nullopt;
  return out;
}

Status FileLedger::write_follower(const StopOrder& order) {
  std::vector<Handle> handles;
  for (const Tag& tag : tags_of(order)) handles.push_back(tag.handle);
  StopWalk walk = walk_of(order);
  while (walk.next < walk.candidates.size()) {
    CF_TRY(const auto pass, stop_gate_.enter(handles, limits::kCommitDeadline_ms));
    CF_CHECK(walk_on(order, walk, limits::kGroupCommitMax));
    Job job;
    job.events = std::exchange(walk.drafts, {});
    if (!job.is_empty()) CF_CHECK(writer_->run(std::move(job)));
  }
  return {};
}

// After a start, and when there were too many to remember: every submission whose address has a tag.
Status FileLedger::follow_all_stops() {
  std::uint64_t last = 0;
  {
    CF_TRY(auto reader, readers_.lease());
    CF_TRY(last, reader->last_subject());
  }
  Job job;
  const auto look_at = [&](Reader& reader, const SubjectRow& row) -> Status {
    const auto found = open_row(SubjectRow(row));
    const auto order = found ? order_by_tags(found->card.identity.addresses) : std::nullopt;
    if (order) CF_CHECK(draft_stop(*order, static_cast<Ordinal>(row.n), reader, job.events));
    if (job.events.size() >= limits::kGroupCommitMax) CF_CHECK(writer_->run(std::exchange(job, Job{})));
    return {};
  };
  CF_CHECK(for_each_subject(static_cast<Ordinal>(last), look_at));
  if (!job.is_empty()) CF_CHECK(writer_->run(std::move(job)));
  return {};
}

Status FileLedger::write_followers() {
  const std::lock_guard one_at_a_time(following_mutex_);
  bool all = false;
  std::vector<StopOrder> orders;
  {
    const std::lock_guard lock(followers_mutex_);
    all = std::exchange(follow_all_, false);
    orders.swap(followers_);
  }
  const auto written = [&]() -> Status {
    CF_CHECK(fold_spill());
    for (const StopOrder& order : orders) CF_CHECK(write_follower(order));
    return all ? follow_all_stops() : Status();
  }();
  if (written) return {};
  const std::lock_guard lock(followers_mutex_);
  follow_all_ = true;
  return written;
}

}  // namespace counterfoil::ledger
