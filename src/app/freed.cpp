// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What the daemon frees is overwritten, before the allocator has it: glibc keeps small blocks for their
// thread as they are, whatever M_PERTURB says, and a thread that waits would keep a number for as long.
#include <malloc.h>
#include <string.h>

#include <cstdlib>
#include <new>

// AddressSanitizer wants its own pair of new and delete.
#ifndef __SANITIZE_ADDRESS__

namespace {

void wipe_and_free(void* block) noexcept {
  if (block == nullptr) return;
  ::explicit_bzero(block, ::malloc_usable_size(block));
  std::free(block);
}

}  // namespace

void operator delete(void* block) noexcept {
  wipe_and_free(block);
}
void operator delete(void* block, std::size_t /*size*/) noexcept {
  wipe_and_free(block);
}
void operator delete(void* block, std::align_val_t /*alignment*/) noexcept {
  wipe_and_free(block);
}
void operator delete(void* block, std::size_t /*size*/, std::align_val_t /*alignment*/) noexcept {
  wipe_and_free(block);
}

#endif
