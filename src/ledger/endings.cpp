// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "ledger/endings.h"

#include "counterfoil/base/canonical_json.h"
#include "crypto/crypto.h"
#include "ledger/byte_order.h"
#include "ledger/key_tree.h"

#include <algorithm>
#include <array>

namespace counterfoil::ledger {
namespace {

constexpr std::size_t kJobPadding_bytes = 256;
constexpr std::array<std::string_view, 2> kKinds = {"erase", "expire"};
constexpr std::array<std::string_view, 3> kStates = {"asked", "ending", "ended"};

template <class Enum, std::size_t N>
Result<Enum> named(const std::array<std::string_view, N>& names, std::string_view name) {
  const auto at = std::find(names.begin(), names.end(), name);
  if (at == names.end()) return fail(Code::Corrupt, "a job of an unknown kind");
  return static_cast<Enum>(at - names.begin());
}

Bytes row_place(std::int64_t id) {
  Bytes number;
  append_be64(number, static_cast<std::uint64_t>(id));
  return place("cf/jobrow", number);
}

template <class Set>
json::Array numbers(const Set& set) {
  json::Array out;
  for (const auto n : set) out.emplace_back(static_cast<std::int64_t>(n));
  return out;
}

template <class T>
Status read_numbers(const json::Value& from, std::string_view key, std::set<T>& to) {
  const auto* list = from.find(key);
  if (list == nullptr || list->array() == nullptr) return fail(Code::Corrupt, "a job has another form");
  for (const auto& n : *list->array()) {
    if (n.integer() == nullptr) return fail(Code::Corrupt, "a job has another form");
    to.insert(static_cast<T>(*n.integer()));
  }
  return {};
}

Result<std::vector<ErasureNotice>> read_notices(const json::Value& from) {
  std::vector<ErasureNotice> out;
  const auto* list = from.find("notices");
  if (list == nullptr) return out;  // rows of earlier versions have none
  if (list->array() == nullptr) return fail(Code::Corrupt, "a job has another form");
  for (const auto& item : *list->array()) {
    CF_TRY(const auto handle_text, item.string_at("handle"));
    CF_TRY(const Bytes handle, from_base64url(handle_text));
    CF_TRY(auto recipient, item.string_at("recipient"));
    ErasureNotice notice;
    CF_TRY(notice.handle, exactly<16>(handle));
    notice.recipient = consent::RecipientId(std::move(recipient));
    out.push_back(std::move(notice));
  }
  return out;
}

}  // namespace

std::uint64_t count_of(const Ranges& ranges) {
  std::uint64_t n = 0;
  for (const auto& [first, last] : ranges) n += last - first + 1;
  return n;
}

void set_back(EndingJob& job, std::uint64_t epoch) {
  if (job.state != EndingJob::State::Ending || job.epoch <= epoch) return;
  job.state = EndingJob::State::Asked;
  job.lines.clear();
}

std::string_view kind_name(EndingJob::Kind kind) {
  return kKinds.at(static_cast<std::size_t>(kind));
}
std::string_view state_name(EndingJob::State state) {
  return kStates.at(static_cast<std::size_t>(state));
}

EndingReport report_of(const EndingJob& job, std::optional<std::uint64_t> tombstone) {
  EndingReport out;
  out.state = job.state;
  out.held = job.held && job.state == EndingJob::State::Asked;
  out.epoch = job.epoch;
  out.lines = count_of(job.lines);
  out.gone_at = job.gone_at;
  out.tombstone = tombstone;
  return out;
}

Result<Bytes> seal_job(const Key& key, const EndingJob& job) {
  json::Array notices;
  for (const auto& notice : job.notices)
    notices.emplace_back(
        json::Object{{"handle", base64url(notice.handle)}, {"recipient", notice.recipient.text()}});
  json::Array lines;
  for (const auto& [first, last] : job.lines) lines.emplace_back(json::Array{first, last});
  CF_TRY(const std::string text, json::write(json::Object{{"cohorts", numbers(job.what.cohorts)},
                                                          {"epoch", job.epoch},
                                                          {"gone_at", job.gone_at},
                                                          {"held", job.held},
                                                          {"lines", std::move(lines)},
                                                          {"notices", std::move(notices)},
                                                          {"subjects", numbers(job.what.subjects)}}));
  Bytes plain;
  append_be32(plain, static_cast<std::uint32_t>(text.size()));
  append_bytes(plain, as_bytes(text));
  plain.resize((plain.size() + kJobPadding_bytes - 1) / kJobPadding_bytes * kJobPadding_bytes, 0);
  const SecretBytes clear(std::move(plain));
  return crypto::wrap(key, row_place(job.id), clear.view());
}

Result<EndingJob> open_job(const Key& key, std::int64_t id, std::string_view kind, std::string_view state,
                           ByteView sealed) {
  EndingJob out;
  out.id = id;
  CF_TRY(out.kind, named<EndingJob::Kind>(kKinds, kind));
  CF_TRY(out.state, named<EndingJob::State>(kStates, state));
  const auto clear = crypto::unwrap(key, row_place(id), sealed);
  if (!clear || clear->view().size() < 4) return fail(Code::Corrupt, "a job does not open");
  const std::size_t size = read_be32(clear->view());
  if (size > clear->view().size() - 4) return fail(Code::Corrupt, "a job has another form");
  CF_TRY(const json::Value text, json::read(as_text(clear->view().subspan(4, size))));
  CF_CHECK(read_numbers(text, "subjects", out.what.subjects));
  CF_CHECK(read_numbers(text, "cohorts", out.what.cohorts));
  CF_TRY(const auto epoch, text.integer_at("epoch"));
  out.epoch = static_cast<std::uint64_t>(epoch);
  CF_TRY(out.gone_at, text.integer_at("gone_at"));
  const auto* held = text.find("held");  // rows of earlier versions have none
  out.held = held != nullptr && held->boolean() != nullptr && *held->boolean();
  CF_TRY(out.notices, read_notices(text));
  const auto* lines = text.find("lines");
  if (lines == nullptr || lines->array() == nullptr) return fail(Code::Corrupt, "a job has another form");
  for (const auto& range : *lines->array()) {
    const auto* ends = range.array();
    if (ends == nullptr || ends->size() != 2 || ends->front().integer() == nullptr ||
        ends->back().integer() == nullptr)
      return fail(Code::Corrupt, "a job has another form");
    out.lines.emplace_back(static_cast<std::uint64_t>(*ends->front().integer()),
                           static_cast<std::uint64_t>(*ends->back().integer()));
  }
  return out;
}

}  // namespace counterfoil::ledger
