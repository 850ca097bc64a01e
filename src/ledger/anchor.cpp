// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "ledger/anchor.h"

#include "base/limits.h"
#include "crypto/crypto.h"
#include "ledger/byte_order.h"

#include <algorithm>
#include <tuple>

namespace counterfoil::ledger {
namespace {

constexpr std::array<std::uint8_t, 4> kMagic = {'C', 'F', 'A', '1'};
constexpr std::array<std::uint8_t, 4> kErased = {'C', 'F', 'A', '0'};
constexpr std::size_t kSumBytes = 16;
constexpr std::size_t kRecordBytes = 4 + 8 + 32 + 8 + 8 + 32 + kSumBytes;

constexpr std::size_t kSlots = 2;
constexpr std::size_t kCopies = 3;
constexpr std::size_t kSlotBytes = ErasableAnchor::kAnchorBytes / kSlots;
constexpr std::size_t kCopyBytes = kSlotBytes / 4;  // the last quarter is free
static_assert(kRecordBytes <= kCopyBytes);

std::size_t place_of(std::size_t slot, std::size_t copy) {
  return slot * kSlotBytes + copy * kCopyBytes;
}

bool is_newer(const AnchorRecord& a, const AnchorRecord& b) {
  return std::tuple(a.epoch, a.boots, a.size) > std::tuple(b.epoch, b.boots, b.size);
}

// A bus that stumbles once is not a broken one.
Result<SecretBytes> read_patiently(ErasableAnchor& medium, std::size_t at, std::size_t size) {
  auto bytes = medium.read(at, size);
  for (unsigned again = 1; again < limits::kAnchorReadTries; ++again) {
    if (bytes || bytes.error().code != Code::Io) break;
    bytes = medium.read(at, size);
  }
  return bytes;
}

// As new, or as erase_leftover() left it.
bool is_blank(ByteView copy) {
  const auto all = [&](std::uint8_t b) {
    return std::all_of(copy.begin(), copy.end(), [b](auto x) { return x == b; });
  };
  return all(0) || all(0xff) || std::equal(kErased.begin(), kErased.end(), copy.begin());
}

Error not_ours() {
  return fail(Code::WrongKey,
              "the anchor record is damaged or of another program; put back the anchor that belongs to this "
              "folder");
}

}  // namespace

SecretBytes encode_anchor(const AnchorRecord& record) {
  Bytes out;
  out.reserve(kRecordBytes);  // no reallocation: the secret is in no second place
  append_bytes(out, kMagic);
  append_be64(out, record.epoch);
  append_bytes(out, record.secret.view());
  append_be64(out, record.boots);
  append_be64(out, record.size);
  append_bytes(out, record.root);
  const Hash sum = crypto::sha256(out);
  append_bytes(out, ByteView(sum).first(kSumBytes));
  return SecretBytes(std::move(out));
}

Result<AnchorRecord> decode_anchor(ByteView bytes) {
  if (bytes.size() != kRecordBytes || !std::equal(kMagic.begin(), kMagic.end(), bytes.begin()))
    return not_ours();
  const Hash sum = crypto::sha256(bytes.first(kRecordBytes - kSumBytes));
  if (!equal_constant_time(ByteView(sum).first(kSumBytes), bytes.last(kSumBytes))) return not_ours();
  AnchorRecord out;
  out.epoch = read_be64(bytes.subspan(4));
  out.secret = Key(bytes.subspan(12, 32));
  out.boots = read_be64(bytes.subspan(44));
  out.size = read_be64(bytes.subspan(52));
  std::copy_n(bytes.begin() + 60, out.root.size(), out.root.begin());
  return out;
}

Result<Anchor::Slot> Anchor::read_slot(std::size_t slot) {
  Slot out;
  std::optional<Error> unreadable;
  for (std::size_t copy = 0; copy < kCopies; ++copy) {
    const auto bytes = read_patiently(medium_, place_of(slot, copy), kRecordBytes);
    if (!bytes) {
      unreadable = bytes.error();
      continue;
    }
    const auto view = bytes->view();
    out.has_remains = out.has_remains || !is_blank(view);
    auto record = decode_anchor(view);
    if (!record && std::equal(kMagic.begin(), kMagic.end(), view.begin())) ++out.damaged;
    if (record && (!out.record || is_newer(*record, *out.record))) out.record = *std::move(record);
  }
  if (unreadable && !out.record) return *unreadable;
  return out;
}

Status Anchor::overwrite(std::size_t slot, ByteView bytes) {
  for (std::size_t copy = 0; copy < kCopies; ++copy) {
    CF_CHECK(medium_.write(place_of(slot, copy), bytes));
    CF_TRY(const auto back, read_patiently(medium_, place_of(slot, copy), bytes.size()));
    if (!equal_constant_time(back.view(), bytes))
      return fail(Code::Io, "the anchor does not keep what is written to it");
  }
  return {};
}

Status Anchor::write_slot(std::size_t slot, const AnchorRecord& record) {
  return overwrite(slot, encode_anchor(record).view());
}

Status Anchor::begin(AnchorRecord record) {
  for (std::size_t slot = 0; slot < kSlots; ++slot) {
    const auto found = read_slot(slot);
    if (!found && found.error().code == Code::NotFound) continue;
    if (!found) return found.error();
    // Interrupted set-ups leave a record that has seen no leaf, or torn copies before one never written.
    if (found->record ? found->record->size != 0 : found->damaged == kCopies)
      return fail(Code::Conflict, "the anchor holds the key of another ledger; take a fresh one");
  }
  CF_CHECK(write_slot(0, record));
  record_ = std::move(record);
  slot_ = 0;
  leftover_ = false;
  return {};
}

Status Anchor::open(std::uint64_t epoch) {
  std::array<Slot, kSlots> slots;
  std::optional<Error> unreadable;
  bool found = false;
  bool any = false;
  for (std::size_t slot = 0; slot < kSlots; ++slot) {
    auto read = read_slot(slot);
    if (!read) {
      unreadable = read.error();
      continue;
    }
    any = any || read->record.has_value();
    if (read->record && read->record->epoch == epoch) {
      found = true;
      slot_ = slot;
      record_ = read->record->clone();
    }
    slots[slot] = *std::move(read);
  }
  if (!found && unreadable) return *unreadable;
  if (!found && any)
    return fail(Code::WrongKey,
                "the anchor is of another epoch than keys.db; put back the newest copy of both");
  if (!found) return not_ours();
  // An unreadable slot may hold the last epoch's secret: it is overwritten as well.
  leftover_ = slots[1 - slot_].has_remains || unreadable.has_value();
  return {};
}

Status Anchor::update(std::uint64_t boots, std::uint64_t size, const Hash& root) {
  AnchorRecord next{record_.epoch, record_.secret.clone(), boots, size, root};
  CF_CHECK(write_slot(slot_, next));
  record_ = std::move(next);
  return {};
}

Status Anchor::prepare(const AnchorRecord& next) {
  return write_slot(1 - slot_, next);
}

void Anchor::advance(AnchorRecord next) {
  slot_ = 1 - slot_;
  record_ = std::move(next);
  leftover_ = true;
}

Status Anchor::erase_leftover() {
  const std::size_t slot = 1 - slot_;
  CF_CHECK(overwrite(slot, Bytes(kRecordBytes, 0)));
  Bytes noise = crypto::random_bytes(kRecordBytes);
  std::copy(kErased.begin(), kErased.end(), noise.begin());
  CF_CHECK(overwrite(slot, noise));
  leftover_ = false;
  return {};
}

}  // namespace counterfoil::ledger
