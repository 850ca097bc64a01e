// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The record in the board's anchor: the one secret that opens keys.db, and how far the log had grown.
// FORMAT.md is normative. Thread rule: value types.
#pragma once

#include "counterfoil/base/bytes.h"

#include <cstdint>

namespace counterfoil::ledger {

struct AnchorRecord {
  std::uint64_t epoch = 0;
  Key secret;              // S of the epoch
  std::uint64_t size = 0;  // leaves when last written: a smaller log was restored from an older copy
  Hash root{};
};

SecretBytes encode_anchor(const AnchorRecord& record);
/// Fails with WrongKey when the bytes are not a whole record of a version known here.
Result<AnchorRecord> decode_anchor(ByteView bytes);

}  // namespace counterfoil::ledger
