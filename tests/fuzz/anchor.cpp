// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// A whole anchor image, with the epoch to look for in front; and every record alone.
#include "ledger/anchor.h"

#include "board/fake/memory_anchor.h"
#include "crypto/crypto.h"
#include "fuzz.h"

#include <algorithm>

namespace {

using namespace counterfoil;

constexpr std::size_t kRecordBytes = 108;
constexpr std::size_t kSumBytes = 16;

// Puts the right checksum on each record: without it no changed one would ever be read.
void mend_sums(Bytes& image) {
  for (std::size_t at = 0; at + kRecordBytes <= image.size(); at += 256) {
    const auto record = ByteView(image).subspan(at, kRecordBytes);
    const Hash sum = crypto::sha256(record.first(kRecordBytes - kSumBytes));
    std::copy_n(sum.begin(), kSumBytes,
                image.begin() + static_cast<std::ptrdiff_t>(at + kRecordBytes - kSumBytes));
  }
}

void check_record(ByteView bytes) {
  const auto record = ledger::decode_anchor(bytes);
  if (!record) return;
  const SecretBytes written = ledger::encode_anchor(*record);
  fuzz::require(std::ranges::equal(written.view(), bytes), "a record is written as it was read");
}

void check_open(ErasableAnchor& medium, std::uint64_t epoch) {
  ledger::Anchor anchor(medium);
  if (!anchor.open(epoch)) return;
  fuzz::require(anchor.record().epoch == epoch, "the record is of the epoch asked for");
  fuzz::require(anchor.update(2, 3, Hash{}).has_value(), "a record can be written anew");
  fuzz::require(anchor.erase_leftover().has_value(), "what is left can be overwritten");
  ledger::Anchor again(medium);
  fuzz::require(again.open(epoch) && !again.has_leftover() && again.record().size == 3,
                "and nothing else is there");
}

}  // namespace

CF_FUZZ(anchor) {
  if (input.empty()) return;
  Bytes image(input.begin() + 1, input.end());
  image.resize(ErasableAnchor::kAnchorBytes, 0);
  if (input[0] >= 128) mend_sums(image);
  for (std::size_t at = 0; at < image.size(); at += 256)
    check_record(ByteView(image).subspan(at, kRecordBytes));
  const auto medium = board::make_memory_anchor();
  fuzz::require(medium->write(0, image).has_value(), "an anchor takes any bytes");
  check_open(*medium, input[0] % 128);
}
