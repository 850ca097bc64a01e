// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "ledger/scratch.h"

#include "crypto/crypto.h"
#include "ledger/byte_order.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace counterfoil::ledger {
namespace {

constexpr std::size_t kBlock = limits::kScratchBlock_bytes;
constexpr std::size_t kSealedBlock = kBlock + crypto::kTagBytes;

// A block is sealed once, so its number never serves twice under the key.
Bytes nonce_of(std::uint64_t block) {
  Bytes out(crypto::kNonceBytes - sizeof block);
  append_be64(out, block);
  return out;
}

off_t place_of(std::uint64_t block) {
  return static_cast<off_t>(block * kSealedBlock);
}

}  // namespace

Result<std::unique_ptr<Scratch>> Scratch::open(const std::string& folder) {
  Fd file(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!file.valid()) return errno_error(errno, "cannot make a file without a name");
  return std::unique_ptr<Scratch>(new Scratch(std::move(file)));
}

Scratch::Scratch(Fd file) : file_(std::move(file)), key_(crypto::random_key()) {
  tail_.reserve(kBlock);
}

Scratch::~Scratch() {
  wipe(tail_.data(), tail_.size());
}

Status Scratch::append(ByteView bytes) {
  while (!bytes.empty()) {
    const std::size_t taken = std::min(kBlock - tail_.size(), bytes.size());
    tail_.insert(tail_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(taken));
    bytes = bytes.subspan(taken);
    if (tail_.size() == kBlock) CF_CHECK(seal_tail());
  }
  return {};
}

Status Scratch::seal_tail() {
  const Bytes sealed = crypto::seal(key_, nonce_of(sealed_blocks_), {}, tail_);
  for (std::size_t written = 0; written < sealed.size();) {
    const auto n = ::pwrite(file_.get(), sealed.data() + written, sealed.size() - written,
                            place_of(sealed_blocks_) + static_cast<off_t>(written));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error(errno, "cannot write what a list needs");
    written += static_cast<std::size_t>(n);
  }
  ++sealed_blocks_;
  wipe(tail_.data(), tail_.size());
  tail_.clear();
  return {};
}

Result<ByteView> Scratch::block(std::uint64_t n) {
  if (n == sealed_blocks_) return ByteView(tail_);
  if (n == read_block_) return read_.view();
  Bytes sealed(kSealedBlock);
  for (std::size_t got = 0; got < sealed.size();) {
    const auto more =
        ::pread(file_.get(), sealed.data() + got, sealed.size() - got, place_of(n) + static_cast<off_t>(got));
    if (more < 0 && errno == EINTR) continue;
    if (more < 0) return errno_error(errno, "cannot read what a list needs");
    if (more == 0) return fail(Code::Corrupt, "the disk lost a part of a list");
    got += static_cast<std::size_t>(more);
  }
  auto plain = crypto::open(key_, nonce_of(n), {}, sealed);
  if (!plain) return fail(Code::Corrupt, "the disk gave back another list");
  read_ = *std::move(plain);
  read_block_ = n;
  return read_.view();
}

Result<SecretBytes> Scratch::read(std::uint64_t from, std::size_t bytes) {
  const std::uint64_t end = std::min(size(), from + bytes);
  Bytes out;
  out.reserve(from < end ? end - from : 0);
  for (std::uint64_t at = from; at < end;) {
    CF_TRY(const ByteView whole, block(at / kBlock));
    const std::size_t begin = at % kBlock;
    const std::size_t taken = std::min<std::uint64_t>(whole.size() - begin, end - at);
    const auto first = whole.begin() + static_cast<std::ptrdiff_t>(begin);
    out.insert(out.end(), first, first + static_cast<std::ptrdiff_t>(taken));
    at += taken;
  }
  return SecretBytes(std::move(out));
}

}  // namespace counterfoil::ledger
