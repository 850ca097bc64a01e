// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Stops that the ledger cannot record: it is damaged, or the disk is full. One file of records of one length,
// each sealed to a public key that stands in its head, so that a box whose keys are lost can still write
// them; the private half is a root in keys.db. Its room is taken when it is made. Until a ledger that works
// has folded them in they count from memory. FORMAT.md section "Spill" is normative. Thread rule: any thread.
#pragma once

#include "base/fd.h"
#include "crypto/signing.h"
#include "ledger/ledger.h"

#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace counterfoil::ledger {

/// A stop for one address.
struct SpilledStop {
  consent::Address address;
  consent::StopBody body;
  Retention retention;
  std::optional<consent::SubjectId> own{};  // the submission whose link was used
};

class Spill {
 public:
  struct Waiting {
    std::uint64_t slot = 0;
    SpilledStop stop;
  };

  explicit Spill(const std::string& folder) : path_(folder + "/spill") {}

  /// Stops sealed to its key were folded in and none is left: the next start takes a fresh key, so that no
  /// old copy of the file can be opened.
  [[nodiscard]] static bool wants_fresh_key(const std::string& folder);

  /// Takes the room and reads what waits. With the private half, which must outlive this, the head is made to
  /// name it; without, the head must be whole. Fails with DiskFull, Refused, Io, Corrupt (no key).
  Status open(const crypto::SigningKey* key);
  /// Durable when it returns, for those that do not wait already by an equal or stronger hand. Fails with
  /// Limit (full), DiskFull, Refused, Io.
  Status add(const std::vector<SpilledStop>& stops);
  [[nodiscard]] std::vector<Waiting> waiting() const;
  [[nodiscard]] std::uint64_t count() const;
  /// Overwrites what the ledger has recorded.
  Status forget(const std::vector<Waiting>& recorded);

  [[nodiscard]] bool stops(const consent::Address& address) const;
  /// The stop by this submission's own link.
  [[nodiscard]] std::optional<consent::StopBody> own_stop(const consent::SubjectId& subject) const;
  /// Records sealed to another key: they stay until the keys.db that opens them is put back.
  [[nodiscard]] std::uint64_t foreign() const;

 private:
  Status take_room();
  Status read_records();
  void read_record(std::uint64_t slot, ByteView record);
  Status read_head();
  Status put_head();
  Status write_record(const SpilledStop& stop);
  [[nodiscard]] bool waits(const SpilledStop& stop) const;

  const std::string path_;
  mutable std::mutex mutex_;
  // Guarded by mutex_:
  Fd fd_;
  std::optional<crypto::VerifyKey> public_;
  const crypto::SigningKey* private_ = nullptr;
  std::vector<Waiting> waiting_;
  std::uint64_t foreign_ = 0;
  std::uint64_t next_ = 0;  // slot after the last that is used
  bool folded_ = false;     // stops sealed to this key were folded in
};

}  // namespace counterfoil::ledger
