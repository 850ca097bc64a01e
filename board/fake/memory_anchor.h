// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// An anchor that lives as long as the object. Thread rule: any thread.
#pragma once

#include "base/seams.h"

#include <memory>

namespace counterfoil::board {

std::unique_ptr<ErasableAnchor> make_memory_anchor();

}  // namespace counterfoil::board
