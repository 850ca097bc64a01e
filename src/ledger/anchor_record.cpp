// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "ledger/anchor_record.h"

#include "crypto/crypto.h"
#include "ledger/byte_order.h"

#include <algorithm>

namespace counterfoil::ledger {
namespace {

constexpr std::array<std::uint8_t, 4> kAnchorMagic = {'C', 'F', 'A', '1'};
constexpr std::size_t kAnchorSumBytes = 16;
constexpr std::size_t kAnchorBytes = 4 + 8 + 32 + 8 + 32 + kAnchorSumBytes;

}  // namespace

SecretBytes encode_anchor(const AnchorRecord& record) {
  Bytes out;
  out.reserve(kAnchorBytes);  // no reallocation: the secret is in no second place
  append_bytes(out, kAnchorMagic);
  append_be64(out, record.epoch);
  append_bytes(out, record.secret.view());
  append_be64(out, record.size);
  append_bytes(out, record.root);
  const Hash sum = crypto::sha256(out);
  append_bytes(out, ByteView(sum).first(kAnchorSumBytes));
  return SecretBytes(std::move(out));
}

Result<AnchorRecord> decode_anchor(ByteView bytes) {
  const auto damaged =
      fail(Code::WrongKey,
           "the anchor record is damaged or of another program; put back the anchor that belongs "
           "to this folder");
  if (bytes.size() != kAnchorBytes || !std::equal(kAnchorMagic.begin(), kAnchorMagic.end(), bytes.begin()))
    return damaged;
  const Hash sum = crypto::sha256(bytes.first(kAnchorBytes - kAnchorSumBytes));
  if (!equal_constant_time(ByteView(sum).first(kAnchorSumBytes), bytes.last(kAnchorSumBytes))) return damaged;
  AnchorRecord out;
  out.epoch = read_be64(bytes.subspan(4));
  out.secret = Key(bytes.subspan(12, 32));
  out.size = read_be64(bytes.subspan(44));
  std::copy_n(bytes.begin() + 52, out.root.size(), out.root.begin());
  return out;
}

}  // namespace counterfoil::ledger
