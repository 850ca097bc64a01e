// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Bytes that outlive a request but not the process: a file without a name, sealed under a key that only
// memory has. After a power cut nothing of it can be found or read. Thread rule: one thread at a time.
// Errors: DiskFull, Refused, Io; Corrupt when the disk gives back something else.
#pragma once

#include "base/fd.h"
#include "base/limits.h"

#include <memory>

namespace counterfoil::ledger {

class Scratch {
 public:
  static Result<std::unique_ptr<Scratch>> open(const std::string& folder);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  Status append(ByteView bytes);
  [[nodiscard]] std::uint64_t size() const {
    return sealed_blocks_ * limits::kScratchBlock_bytes + tail_.size();
  }
  /// From there on: as many as asked for, or up to the end.
  Result<SecretBytes> read(std::uint64_t from, std::size_t bytes);

 private:
  explicit Scratch(Fd file);
  Status seal_tail();
  /// Plain bytes of a block; the last one may be short.
  Result<ByteView> block(std::uint64_t n);

  Fd file_;
  Key key_;
  std::uint64_t sealed_blocks_ = 0;
  Bytes tail_;  // not on the disk yet; shorter than a block
  std::uint64_t read_block_ = UINT64_MAX;
  SecretBytes read_;  // that block
};

}  // namespace counterfoil::ledger
