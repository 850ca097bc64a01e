// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "board/fake/memory_anchor.h"

#include <algorithm>
#include <mutex>
#include <optional>

namespace counterfoil::board {
namespace {

class MemoryAnchor final : public ErasableAnchor {
 public:
  Result<SecretBytes> read(std::size_t at, std::size_t size) override {
    const std::lock_guard lock(mutex_);
    if (!bytes_) return fail(Code::NotFound, "the anchor was never written");
    if (at + size > kAnchorBytes) return fail(Code::Io, "the anchor is shorter");
    const ByteView part = bytes_->view().subspan(at, size);
    return SecretBytes(Bytes(part.begin(), part.end()));
  }
  Status write(std::size_t at, ByteView bytes) override {
    const std::lock_guard lock(mutex_);
    if (at + bytes.size() > kAnchorBytes) return fail(Code::BadInput, "the anchor has less room");
    Bytes whole(kAnchorBytes, 0);
    if (bytes_) std::copy(bytes_->view().begin(), bytes_->view().end(), whole.begin());
    std::copy(bytes.begin(), bytes.end(), whole.begin() + static_cast<std::ptrdiff_t>(at));
    bytes_ = SecretBytes(std::move(whole));
    return {};
  }
  [[nodiscard]] std::string kind() const override { return "memory"; }
  [[nodiscard]] std::string promise() const override { return "memory only, gone with the process"; }

 private:
  std::mutex mutex_;
  std::optional<SecretBytes> bytes_;
};

}  // namespace

std::unique_ptr<ErasableAnchor> make_memory_anchor() {
  return std::make_unique<MemoryAnchor>();
}

}  // namespace counterfoil::board
