// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "ledger/spill.h"

#include "base/limits.h"
#include "crypto/crypto.h"
#include "crypto/sealing.h"
#include "ledger/byte_order.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace counterfoil::ledger {
namespace {

constexpr std::string_view kHeadMagic = "CFS1";
constexpr std::string_view kSpillInfo = "cf/spill/1";
constexpr std::size_t kSpillSumBytes = 16;
constexpr std::size_t kSpilledBytes = limits::kSpillRecord_bytes;
constexpr std::size_t kSpillSealedBytes = kSpilledBytes - kSpillSumBytes;
constexpr std::size_t kSpillPlainBytes = kSpillSealedBytes - crypto::kSealedOverheadBytes;
constexpr std::uint64_t kAtOnce_records = 256;
constexpr unsigned kSlotsTried = 4;  // a sector that cannot be written must not refuse a stop

off_t offset_of(std::uint64_t slot) {
  return static_cast<off_t>((slot + 1) * kSpilledBytes);  // the head comes first
}

void append_sum(Bytes& bytes) {
  const Hash hash = crypto::sha256(bytes);
  bytes.insert(bytes.end(), hash.begin(), hash.begin() + kSpillSumBytes);
}

// What a power cut left half written fails here: nobody was told "stopped" for it.
bool is_whole(ByteView bytes) {
  const Hash hash = crypto::sha256(bytes.first(bytes.size() - kSpillSumBytes));
  return std::equal(hash.begin(), hash.begin() + kSpillSumBytes, bytes.end() - kSpillSumBytes);
}

// The value is base64url, so that its length in JSON is bounded whatever characters it has.
Result<Bytes> encode(const SpilledStop& stop) {
  CF_TRY(const std::string body_text, consent::encode_body(stop.body));
  CF_TRY(auto body, json::read(body_text));
  json::Object out{{"body", std::move(body)},
                   {"coh", stop.retention.cohort},
                   {"kind", consent::address_kind_name(stop.address.kind)},
                   {"rc", stop.retention.retention_class},
                   {"value", base64url(as_bytes(stop.address.value))}};
  if (stop.own) out.emplace("own", base64url(stop.own->bytes));
  CF_TRY(const std::string text, json::write(out));
  if (text.size() + 4 > kSpillPlainBytes) return fail(Code::Limit, "the stop is too long for the spill file");
  Bytes plain;
  plain.reserve(kSpillPlainBytes);
  append_be32(plain, static_cast<std::uint32_t>(text.size()));
  append_bytes(plain, as_bytes(text));
  plain.resize(kSpillPlainBytes, 0);
  return plain;
}

Result<SpilledStop> decode(ByteView plain) {
  const auto bad = [] { return fail(Code::Corrupt, "a spilled stop is no stop"); };
  if (plain.size() != kSpillPlainBytes) return bad();
  const std::size_t length = read_be32(plain);
  if (length > kSpillPlainBytes - 4) return bad();
  CF_TRY(const auto value, json::read(as_text(plain.subspan(4, length))));
  SpilledStop out;
  CF_TRY(const auto kind, value.string_at("kind"));
  const auto known = consent::address_kind_from_name(kind);
  const json::Value* body = value.find("body");
  if (!known || body == nullptr) return bad();
  CF_TRY(const auto where, value.string_at("value"));
  CF_TRY(const Bytes where_bytes, from_base64url(where));
  out.address = {*known, std::string(as_text(where_bytes)), consent::Evidence::Claimed};
  CF_TRY(const auto body_text, json::write(*body));
  CF_TRY(auto decoded, consent::decode_body(consent::EventType::Stop, body_text));
  out.body = std::get<consent::StopBody>(std::move(decoded));
  CF_TRY(out.retention.cohort, value.string_at("coh"));
  CF_TRY(out.retention.retention_class, value.string_at("rc"));
  if (value.find("own") == nullptr) return out;
  CF_TRY(const auto own, value.string_at("own"));
  CF_TRY(const Bytes own_bytes, from_base64url(own));
  out.own.emplace();
  CF_TRY(out.own->bytes, exactly<16>(own_bytes));
  return out;
}

Status write_at(int fd, off_t at, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error(errno, "cannot write the spill file");
    bytes = bytes.subspan(static_cast<std::size_t>(n));
    at += n;
  }
  return {};
}

// Shorter at the end of the file.
Result<Bytes> read_at(int fd, off_t at, std::size_t size) {
  Bytes out(size);
  std::size_t done = 0;
  while (done < size) {
    const ssize_t n = ::pread(fd, out.data() + done, size - done, at + static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error(errno, "cannot read the spill file");
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  out.resize(done);
  return out;
}

// On the disk when it returns, and read from there.
Status write_and_look(int fd, off_t at, ByteView bytes) {
  CF_CHECK(write_at(fd, at, bytes));
  if (::fdatasync(fd) != 0) return errno_error(errno, "cannot sync the spill file");
  ::posix_fadvise(fd, at, static_cast<off_t>(bytes.size()), POSIX_FADV_DONTNEED);
  CF_TRY(const Bytes back, read_at(fd, at, bytes.size()));
  if (!std::equal(back.begin(), back.end(), bytes.begin(), bytes.end()))
    return fail(Code::Io, "the spill file does not keep what is written");
  return {};
}

}  // namespace

bool Spill::wants_fresh_key(const std::string& folder) {
  Spill look(folder);
  return look.open(nullptr) && look.folded_ && look.count() == 0;
}

Status Spill::open(const crypto::SigningKey* key) {
  const std::lock_guard lock(mutex_);
  fd_ = Fd(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd_.valid()) return errno_error(errno, "cannot open the spill file");
  private_ = key;
  CF_CHECK(take_room());
  CF_CHECK(read_records());
  const Status head = read_head();
  if (key == nullptr) return head;
  if (head && *public_ == key->public_key()) return {};
  public_ = key->public_key();
  folded_ = false;
  return put_head();
}

// Zeros are written, not promised: a full disk may have no room for the notes of a promise.
Status Spill::take_room() {
  constexpr std::size_t kAtOnce = kAtOnce_records * kSpilledBytes;
  const off_t wanted = offset_of(limits::kSpillHeld_records);
  off_t have = ::lseek(fd_.get(), 0, SEEK_END);
  if (have >= wanted) return {};
  const Bytes zeros(kAtOnce, 0);
  for (; have < wanted; have += static_cast<off_t>(kAtOnce)) CF_CHECK(write_at(fd_.get(), have, zeros));
  if (::fsync(fd_.get()) != 0) return errno_error(errno, "cannot sync the spill file");
  return sync_folder(path_.substr(0, path_.rfind('/')));
}

Status Spill::read_records() {
  waiting_.clear();
  foreign_ = 0;
  next_ = 0;
  for (std::uint64_t slot = 0;; slot += kAtOnce_records) {
    CF_TRY(const Bytes records, read_at(fd_.get(), offset_of(slot), kAtOnce_records * kSpilledBytes));
    const std::uint64_t whole = records.size() / kSpilledBytes;
    for (std::uint64_t i = 0; i < whole; ++i)
      read_record(slot + i, ByteView(records).subspan(i * kSpilledBytes, kSpilledBytes));
    if (whole < kAtOnce_records) return {};
  }
}

void Spill::read_record(std::uint64_t slot, ByteView record) {
  if (record.front() == 0 || !is_whole(record)) return;
  next_ = slot + 1;
  if (private_ != nullptr) {
    const auto plain = crypto::open_sealed(*private_, kSpillInfo, record.first(kSpillSealedBytes));
    auto stop = plain ? decode(plain->view()) : Result<SpilledStop>(plain.error());
    if (stop) return waiting_.push_back({slot, *std::move(stop)});
  }
  ++foreign_;
}

Status Spill::read_head() {
  CF_TRY(const Bytes head, read_at(fd_.get(), 0, kSpilledBytes));
  if (head.size() != kSpilledBytes || as_text(head).substr(0, kHeadMagic.size()) != kHeadMagic ||
      !is_whole(head))
    return fail(Code::Corrupt, "the spill file has lost its key");
  CF_TRY(public_,
         crypto::VerifyKey::from_spki(ByteView(head).subspan(kHeadMagic.size(), crypto::kSpkiBytes)));
  folded_ = head[kHeadMagic.size() + crypto::kSpkiBytes] != 0;
  return {};
}

Status Spill::put_head() {
  Bytes head(kHeadMagic.begin(), kHeadMagic.end());
  append_bytes(head, public_->spki());
  head.push_back(folded_ ? 1 : 0);
  head.resize(kSpillSealedBytes, 0);
  append_sum(head);
  return write_and_look(fd_.get(), 0, head);
}

Status Spill::write_record(const SpilledStop& stop) {
  CF_TRY(const Bytes plain, encode(stop));
  Bytes record = crypto::seal_to(*public_, kSpillInfo, plain);
  append_sum(record);
  Status written = fail(Code::Limit, "the spill file is full");
  for (unsigned i = 0; i < kSlotsTried && next_ < limits::kSpillMax_records; ++i) {
    const std::uint64_t slot = next_++;
    written = write_and_look(fd_.get(), offset_of(slot), record);
    if (!written) continue;
    waiting_.push_back({slot, stop});
    return {};
  }
  return written;
}

bool Spill::waits(const SpilledStop& stop) const {
  return std::any_of(waiting_.begin(), waiting_.end(), [&](const Waiting& w) {
    return w.stop.address.same_place(stop.address) && w.stop.body.by >= stop.body.by &&
           (!stop.own || w.stop.own == stop.own);
  });
}

Status Spill::add(const std::vector<SpilledStop>& stops) {
  const std::lock_guard lock(mutex_);
  if (!fd_.valid() || !public_) return fail(Code::Io, "there is no spill file");
  for (const SpilledStop& stop : stops)
    if (!waits(stop)) CF_CHECK(write_record(stop));
  return {};
}

std::vector<Spill::Waiting> Spill::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_;
}

std::uint64_t Spill::count() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size() + foreign_;
}

std::uint64_t Spill::foreign() const {
  const std::lock_guard lock(mutex_);
  return foreign_;
}

Status Spill::forget(const std::vector<Waiting>& recorded) {
  const std::lock_guard lock(mutex_);
  const Bytes zeros(kSpilledBytes, 0);
  for (const Waiting& done : recorded) {
    CF_CHECK(write_at(fd_.get(), offset_of(done.slot), zeros));
    std::erase_if(waiting_, [&](const Waiting& w) { return w.slot == done.slot; });
  }
  if (!waiting_.empty() || foreign_ != 0) return {};  // what stays behind is folded in once more: no harm
  next_ = 0;
  folded_ = true;
  return put_head();
}

bool Spill::stops(const consent::Address& address) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(waiting_.begin(), waiting_.end(),
                     [&](const Waiting& w) { return w.stop.address.same_place(address); });
}

std::optional<consent::StopBody> Spill::own_stop(const consent::SubjectId& subject) const {
  const std::lock_guard lock(mutex_);
  const auto at =
      std::find_if(waiting_.begin(), waiting_.end(), [&](const Waiting& w) { return w.stop.own == subject; });
  if (at == waiting_.end()) return std::nullopt;
  return at->stop.body;
}

}  // namespace counterfoil::ledger
