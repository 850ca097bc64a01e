// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The anchor: the one secret that opens keys.db, and how far the log had grown. It has two slots, so that the
// next epoch's secret is there before the last one goes, and three copies in each, written one after the
// other, so that a power cut leaves a whole one. FORMAT.md section "Keys" is normative. Thread rule: one
// thread at a time.
#pragma once

#include "base/seams.h"
#include "counterfoil/base/bytes.h"

#include <array>
#include <cstdint>
#include <optional>

namespace counterfoil::ledger {

struct AnchorRecord {
  std::uint64_t epoch = 0;
  Key secret;               // S of the epoch
  std::uint64_t boots = 0;  // starts so far
  std::uint64_t size = 0;   // leaves when last written: a smaller log was restored from an older copy
  Hash root{};

  [[nodiscard]] AnchorRecord clone() const { return {epoch, secret.clone(), boots, size, root}; }
};

SecretBytes encode_anchor(const AnchorRecord& record);
/// Fails with WrongKey when the bytes are not a whole record of a version known here.
Result<AnchorRecord> decode_anchor(ByteView bytes);

class Anchor {
 public:
  explicit Anchor(ErasableAnchor& medium) : medium_(medium) {}

  /// The first record of a new folder. Fails with Conflict when the anchor serves another ledger: writing
  /// over it would erase that one.
  Status begin(AnchorRecord record);
  /// Finds the record of the epoch that keys.db is in. What the other slot holds then is of an epoch that is
  /// over, or that never came: has_leftover() says that erase_leftover() must be called once keys.db was seen
  /// to be whole. Fails with WrongKey (no such record), NotFound, Io, Refused. What cannot be read is never
  /// taken for erased.
  Status open(std::uint64_t epoch);

  [[nodiscard]] const AnchorRecord& record() const { return record_; }
  [[nodiscard]] bool has_leftover() const { return leftover_; }

  /// The same epoch with other figures.
  Status update(std::uint64_t boots, std::uint64_t size, const Hash& root);
  /// Writes the next epoch's record into the free slot and reads it back; record() is still this one.
  Status prepare(const AnchorRecord& next);
  /// keys.db has moved on: the prepared record is the one that counts, the old slot a leftover.
  void advance(AnchorRecord next);
  /// Overwrites the slot that does not count, twice, and reads it back. From then on no copy of keys.db that
  /// is older than this epoch can be opened.
  Status erase_leftover();

 private:
  struct Slot {
    std::optional<AnchorRecord> record;
    std::size_t damaged = 0;   // copies that begin like a record and are none
    bool has_remains = false;  // anything that may be a secret
  };
  Result<Slot> read_slot(std::size_t slot);
  Status write_slot(std::size_t slot, const AnchorRecord& record);
  Status overwrite(std::size_t slot, ByteView bytes);

  ErasableAnchor& medium_;
  AnchorRecord record_;
  std::size_t slot_ = 0;
  bool leftover_ = false;
};

}  // namespace counterfoil::ledger
