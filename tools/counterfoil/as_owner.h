// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Files that root makes would be closed to the daemon: while this lives, root acts as the folder's owner.
// Thread rule: one thread; it changes the whole process.
#pragma once

#include "counterfoil/base/result.h"

#include <memory>
#include <string>

namespace counterfoil::tool {

class AsOwner {
 public:
  static Result<std::unique_ptr<AsOwner>> of(const std::string& folder);
  AsOwner() = default;
  ~AsOwner();
  AsOwner(const AsOwner&) = delete;
  AsOwner& operator=(const AsOwner&) = delete;

 private:
  bool acts_ = false;
};

}  // namespace counterfoil::tool
