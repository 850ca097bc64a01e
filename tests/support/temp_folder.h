// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// A folder under /tmp, or elsewhere, that goes away with the object, files and all. Throws when it cannot be
// made: a test that has no folder cannot go on.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <stdexcept>
#include <string>

namespace counterfoil::support {

class TempFolder {
 public:
  explicit TempFolder(const std::string& parent = "/tmp") : path_(parent + "/counterfoil-test-XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("cannot make a temporary folder");
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace counterfoil::support
