// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "ledger/memory.h"

#include "base/limits.h"
#include "crypto/crypto.h"
#include "ledger/byte_order.h"
#include "ledger/key_tree.h"

#include <algorithm>
#include <cstring>
#include <mutex>

namespace counterfoil::ledger {
namespace {

constexpr std::size_t kFirstSlots = 1024;  // a power of two, as every later number of slots

}  // namespace

SubjectIndex::SubjectIndex() : key_(crypto::random_key()), slots_(kFirstSlots, 0) {}

std::uint64_t SubjectIndex::tag_of(std::string_view kind, std::string_view value) const {
  Bytes data;
  append_bytes(data, as_bytes(kind));
  data.push_back(0);
  append_bytes(data, as_bytes(value));
  return read_be64(crypto::hmac_sha256(key_.view(), data));
}

void SubjectIndex::grow() {
  std::vector<std::uint32_t> slots(slots_.size() * 2, 0);
  for (std::uint32_t i = 0; i < entries_.size(); ++i) {
    Entry& entry = entries_[i];
    auto& slot = slots[entry.tag & (slots.size() - 1)];
    entry.next = slot;
    slot = i + 1;
  }
  slots_ = std::move(slots);
}

void SubjectIndex::add(std::uint64_t tag, Ordinal n) {
  const std::unique_lock lock(mutex_);
  if (entries_.size() >= slots_.size()) grow();
  auto& slot = slots_[tag & (slots_.size() - 1)];
  entries_.push_back({tag, n, slot});
  slot = static_cast<std::uint32_t>(entries_.size());
}

std::vector<Ordinal> SubjectIndex::find_locked(std::uint64_t tag) const {
  std::vector<Ordinal> out;
  for (auto at = slots_[tag & (slots_.size() - 1)]; at != 0; at = entries_[at - 1].next) {
    const Entry& entry = entries_[at - 1];
    if (entry.tag == tag && entry.n != 0) out.push_back(entry.n);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::vector<Ordinal> SubjectIndex::find(std::uint64_t tag) const {
  const std::shared_lock lock(mutex_);
  return find_locked(tag);
}

void SubjectIndex::add_address(const consent::Address& address, Ordinal n) {
  add(tag_of(consent::address_kind_name(address.kind), address.value), n);
}

void SubjectIndex::add_code(std::string_view code, Ordinal n) {
  add(tag_of("code", code), n);
}

void SubjectIndex::remove_code(std::string_view code, Ordinal n) {
  const auto tag = tag_of("code", code);
  const std::unique_lock lock(mutex_);
  for (auto at = slots_[tag & (slots_.size() - 1)]; at != 0; at = entries_[at - 1].next) {
    Entry& entry = entries_[at - 1];
    if (entry.tag == tag && entry.n == n) entry.n = 0;
  }
}

void SubjectIndex::forget(const std::set<std::uint64_t>& subjects) {
  const std::unique_lock lock(mutex_);
  for (Entry& entry : entries_) {
    if (entry.n != 0 && subjects.contains(entry.n)) entry = {.tag = 0, .n = 0, .next = entry.next};
  }
}

std::vector<Ordinal> SubjectIndex::by_address(const consent::Address& address) const {
  return find(tag_of(consent::address_kind_name(address.kind), address.value));
}

std::vector<Ordinal> SubjectIndex::by_code(std::string_view code) const {
  return find(tag_of("code", code));
}

bool SubjectIndex::reserve_code(const std::string& code) {
  const auto tag = tag_of("code", code);
  const std::unique_lock lock(mutex_);
  return find_locked(tag).empty() && reserved_.insert(code).second;
}

void SubjectIndex::release_code(const std::string& code) {
  const std::unique_lock lock(mutex_);
  reserved_.erase(code);
}

std::size_t SubjectIndex::bytes() const {
  const std::shared_lock lock(mutex_);
  return slots_.size() * sizeof(slots_[0]) + entries_.size() * sizeof(Entry);
}

std::size_t Suppressions::HandleHash::operator()(const Handle& h) const {
  std::size_t out = 0;
  std::memcpy(&out, h.data(), sizeof out);  // tags are keyed hashes: any part is as good as a hash
  return out;
}

void Suppressions::add(const Handle& tag, consent::Actor by) {
  const std::unique_lock lock(mutex_);
  auto& strongest = tags_.try_emplace(tag, by).first->second;
  strongest = std::max(strongest, by);
}

std::optional<consent::Actor> Suppressions::by(const Handle& tag) const {
  const std::shared_lock lock(mutex_);
  const auto at = tags_.find(tag);
  if (at == tags_.end()) return std::nullopt;
  return at->second;
}

std::vector<Handle> Suppressions::tags() const {
  std::vector<Handle> out;
  {
    const std::shared_lock lock(mutex_);
    out.reserve(tags_.size());
    for (const auto& [tag, by] : tags_) out.push_back(tag);
  }
  std::sort(out.begin(), out.end());
  return out;
}

Hash Suppressions::digest(const Key& supp) const {
  const auto all_tags = tags();
  Bytes all;
  all.reserve(all_tags.size() * sizeof(Handle));
  for (const Handle& tag : all_tags) append_bytes(all, tag);
  return crypto::hmac_sha256(purpose_key(supp, "supp/digest").view(), all);
}

Ranges GoneLines::ranges() const {
  const std::shared_lock lock(mutex_);
  return lines_.ranges();
}

void GoneLines::add(const Ranges& ranges) {
  const std::unique_lock lock(mutex_);
  for (const auto& [first, last] : ranges) lines_.add(first, last);
}

bool GoneLines::covers(std::uint64_t seq) const {
  const std::shared_lock lock(mutex_);
  return lines_.contains(seq, seq);
}

std::uint64_t GoneLines::count(std::uint64_t size) const {
  std::uint64_t n = 0;
  for (const auto& [first, last] : ranges())
    if (first < size) n += std::min(last + 1, size) - first;
  return n;
}

void Leaving::add(const std::set<std::uint64_t>& subjects) {
  const std::unique_lock lock(mutex_);
  subjects_.insert(subjects.begin(), subjects.end());
}

bool Leaving::contains(std::uint64_t n) const {
  const std::shared_lock lock(mutex_);
  return subjects_.contains(n);
}

void Kept::set(std::uint64_t n, const Terms& terms) {
  const std::unique_lock lock(mutex_);
  if (terms.held_until == 0 && !terms.restricted) {
    terms_.erase(n);
  } else {
    terms_[n] = terms;
  }
}

void Kept::forget(const std::set<std::uint64_t>& subjects) {
  const std::unique_lock lock(mutex_);
  for (const std::uint64_t n : subjects) terms_.erase(n);
}

bool Kept::is_held(std::uint64_t n, Instant now) const {
  const std::shared_lock lock(mutex_);
  const auto at = terms_.find(n);
  return at != terms_.end() && at->second.held_until > now;
}

bool Kept::is_kept(std::uint64_t n, Instant now) const {
  const std::shared_lock lock(mutex_);
  const auto at = terms_.find(n);
  return at != terms_.end() && (at->second.restricted || at->second.held_until > now);
}

std::vector<Ordinal> Kept::all() const {
  const std::shared_lock lock(mutex_);
  std::vector<Ordinal> out;
  for (const auto& [n, terms] : terms_) out.push_back(static_cast<Ordinal>(n));
  return out;
}

void EndingReports::set(std::int64_t id, const EndingReport& report) {
  const std::lock_guard lock(mutex_);
  if (reports_.insert_or_assign(id, report).second) order_.push_back(id);
  if (order_.size() <= limits::kEndingReportsMax) return;
  reports_.erase(order_.front());
  order_.pop_front();
}

std::optional<EndingReport> EndingReports::of(std::int64_t id) const {
  const std::lock_guard lock(mutex_);
  const auto at = reports_.find(id);
  if (at == reports_.end()) return std::nullopt;
  return at->second;
}

void Owners::set(std::uint64_t seq, Ordinal n) {
  const std::unique_lock lock(mutex_);
  if (owners_.size() <= seq) owners_.resize(seq + 1, 0);
  owners_[seq] = n;
}

Ordinal Owners::of(std::uint64_t seq) const {
  const std::shared_lock lock(mutex_);
  return seq < owners_.size() ? owners_[seq] : 0;
}

}  // namespace counterfoil::ledger
