// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "board/fake/memory_anchor.h"

namespace counterfoil::board {
namespace {

class MemoryAnchor final : public ErasableAnchor {
 public:
  Result<SecretBytes> load() override {
    if (record_.view().empty()) return fail(Code::NotFound, "the anchor was never written");
    return SecretBytes(Bytes(record_.view().begin(), record_.view().end()));
  }
  Status store(ByteView record) override {
    if (record.empty()) return fail(Code::BadInput, "an anchor record has at least one byte");
    record_ = SecretBytes(Bytes(record.begin(), record.end()));
    return {};
  }
  [[nodiscard]] std::string promise() const override { return "memory only, gone with the process"; }

 private:
  SecretBytes record_;
};

}  // namespace

std::unique_ptr<ErasableAnchor> make_memory_anchor() {
  return std::make_unique<MemoryAnchor>();
}

}  // namespace counterfoil::board
