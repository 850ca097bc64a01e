// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The anchor as a 0600 file, which is what a bare board has, or in a place that the operator names: as a rule
// the file of a small memory under /sys/ (nvmem: the EEPROM or FRAM of a clock module). Both are overwritten
// in place. Thread rule: one thread at a time.
#pragma once

#include "base/seams.h"

#include <memory>
#include <string>

namespace counterfoil::board {

enum class AnchorFile {
  Own,    // made by the first write(), and always as long as an anchor
  Given,  // there already, at least as long, and never made, lengthened or cut
};

/// read() and write() also fail with Refused when others may read the file, and with Corrupt when it has
/// another length; write() with DiskFull.
std::unique_ptr<ErasableAnchor> make_file_anchor(std::string path, AnchorFile whose);

}  // namespace counterfoil::board
