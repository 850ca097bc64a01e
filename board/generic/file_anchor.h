// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The anchor as a 0600 file: what a bare board has. Thread rule: one thread at a time.
#pragma once

#include "base/seams.h"

#include <memory>
#include <string>

namespace counterfoil::board {

/// load() also fails with Refused when others may read the file, and with Corrupt when it is empty or larger
/// than limits::kAnchorRecordBytesMax; store() with BadInput for such a record, DiskFull, Refused, Io.
std::unique_ptr<ErasableAnchor> make_file_anchor(std::string path);

}  // namespace counterfoil::board
