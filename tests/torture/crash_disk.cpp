// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "tests/torture/crash_disk.h"

#include "base/fd.h"

#include <algorithm>
#include <cerrno>

namespace counterfoil::torture {
namespace {

void put(Bytes& into, std::size_t at, ByteView bytes) {
  if (into.size() < at + bytes.size()) into.resize(at + bytes.size());
  std::copy(bytes.begin(), bytes.end(), into.begin() + static_cast<std::ptrdiff_t>(at));
}

}  // namespace

CrashDisk::CrashDisk(Image image) : anchor_(image.anchor) {
  for (const auto& [name, bytes] : image.files) {
    entries_[name] = files_.size();
    files_.push_back({name, bytes, bytes});
    recording_.names_before.push_back(name);
  }
  recording_.before = std::move(image);
}

std::size_t CrashDisk::position() const {
  const std::lock_guard lock(mutex_);
  return recording_.ops.size();
}

Recording CrashDisk::take_recording() {
  const std::lock_guard lock(mutex_);
  return std::move(recording_);
}

bool CrashDisk::has_failed() const {
  const std::lock_guard lock(mutex_);
  return failed_;
}

Image CrashDisk::seen() const {
  const std::lock_guard lock(mutex_);
  Image out{.files = {}, .anchor = anchor_};
  for (const auto& [name, file] : entries_) out.files[name] = files_[file].bytes;
  return out;
}

void CrashDisk::set_fault(const Fault& fault) {
  const std::lock_guard lock(mutex_);
  fault_ = fault;
}

void CrashDisk::set_dead(bool dead) {
  const std::lock_guard lock(mutex_);
  dead_ = dead;
}

void CrashDisk::lie_about(const std::string& name) {
  const std::lock_guard lock(mutex_);
  lies_ = true;
  lies_about_ = name;
}

void CrashDisk::lie_in_rotation(const std::string& name) {
  const std::lock_guard lock(mutex_);
  lies_in_rotation_ = true;
  lies_about_ = name;
}

void CrashDisk::delay(const std::string& late, const std::string& until) {
  const std::lock_guard lock(mutex_);
  late_ = late;
  until_ = until;
}

bool CrashDisk::fails() {
  const bool hit = recording_.ops.size() >= fault_.at;
  if (hit && !fault_.stays) fault_.at = Fault{}.at;
  failed_ = failed_ || hit;
  return hit;
}

std::size_t CrashDisk::find(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(name);
  return at == entries_.end() ? kNone : at->second;
}

int CrashDisk::create(const std::string& name, bool durable, std::size_t& file) {
  const std::lock_guard lock(mutex_);
  if (dead_) return EIO;
  if (fails()) return fault_.error;
  file = files_.size();
  files_.push_back({name, {}, {}});
  entries_[name] = file;
  recording_.ops.push_back({.kind = Op::Kind::Create, .file = file, .name = name});
  if (durable) keep(file, true);
  return 0;
}

int CrashDisk::remove(const std::string& name, bool folder) {
  const std::lock_guard lock(mutex_);
  if (dead_) return EIO;
  if (fails()) return fault_.error;
  entries_.erase(name);
  recording_.ops.push_back({.kind = Op::Kind::Delete, .name = name, .folder = folder});
  return 0;
}

int CrashDisk::write(std::size_t file, std::size_t at, ByteView bytes) {
  const std::lock_guard lock(mutex_);
  if (dead_) return EIO;
  const bool failing = fails();
  if (failing) bytes = bytes.first(bytes.size() / 2);  // what fails may have happened in part
  put(files_[file].bytes, at, bytes);
  recording_.ops.push_back(
      {.kind = Op::Kind::Write, .file = file, .at = at, .bytes = Bytes(bytes.begin(), bytes.end())});
  return failing ? fault_.error : 0;
}

int CrashDisk::truncate(std::size_t file, std::size_t size) {
  const std::lock_guard lock(mutex_);
  if (dead_) return EIO;
  if (fails()) return fault_.error;
  files_[file].bytes.resize(size);
  recording_.ops.push_back({.kind = Op::Kind::Truncate, .file = file, .at = size});
  return 0;
}

bool CrashDisk::lies_of(const File& file) const {
  return lies_ && file.name.starts_with(lies_about_);
}

void CrashDisk::keep(std::size_t file, bool folder) {
  files_[file].kept = files_[file].bytes;
  files_[file].lied = false;
  recording_.ops.push_back({.kind = Op::Kind::Sync, .file = file, .folder = folder});
}

int CrashDisk::sync(std::size_t file, bool folder) {
  const std::lock_guard lock(mutex_);
  if (dead_) return EIO;
  if (fails()) {
    recording_.ops.push_back({.kind = Op::Kind::Lose, .file = file});
    return fault_.error;
  }
  File& synced = files_[file];
  const bool waits = synced.name == late_;
  if (waits || lies_of(synced)) {
    synced.lied = true;
    owed_ = waits;
    recording_.ops.push_back({.kind = Op::Kind::Lie, .file = file});
    return 0;
  }
  keep(file, folder);
  const auto late = entries_.find(late_);
  if (synced.name == until_ && owed_ && late != entries_.end()) {
    owed_ = false;
    keep(late->second, true);
  }
  return 0;
}

std::size_t CrashDisk::size(std::size_t file) const {
  const std::lock_guard lock(mutex_);
  return files_[file].bytes.size();
}

std::size_t CrashDisk::read(std::size_t file, std::size_t at, std::span<std::uint8_t> out) const {
  const std::lock_guard lock(mutex_);
  const Bytes& bytes = files_[file].bytes;
  if (at >= bytes.size()) return 0;
  const std::size_t size = std::min(out.size(), bytes.size() - at);
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), size, out.begin());
  return size;
}

void CrashDisk::drop_cache(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(name);
  if (at == entries_.end() || !files_[at->second].lied) return;
  files_[at->second].bytes = files_[at->second].kept;
  for (File& file : files_) file.lied = false;
  recording_.ops.push_back({.kind = Op::Kind::Forget});
}

int CrashDisk::write_anchor(std::size_t at, ByteView bytes) {
  const std::lock_guard lock(mutex_);
  if (dead_) return EIO;
  const bool failing = fails();
  if (failing) bytes = bytes.first(bytes.size() / 2);
  put(anchor_, at, bytes);
  lies_ = lies_ || (lies_in_rotation_ && at >= ErasableAnchor::kAnchorBytes / 2);
  recording_.ops.push_back({.kind = Op::Kind::Anchor, .at = at, .bytes = Bytes(bytes.begin(), bytes.end())});
  return failing ? fault_.error : 0;
}

Bytes CrashDisk::read_anchor(std::size_t at, std::size_t size) const {
  const std::lock_guard lock(mutex_);
  const auto first = anchor_.begin() + static_cast<std::ptrdiff_t>(at);
  return Bytes(first, first + static_cast<std::ptrdiff_t>(size));
}

Result<SecretBytes> CrashAnchor::read(std::size_t at, std::size_t size) {
  if (at + size > kAnchorBytes) return fail(Code::Io, "the anchor is shorter");
  return SecretBytes(disk_.read_anchor(at, size));
}

Status CrashAnchor::write(std::size_t at, ByteView bytes) {
  if (at + bytes.size() > kAnchorBytes) return fail(Code::BadInput, "the anchor has less room");
  if (const int error = disk_.write_anchor(at, bytes); error != 0) return errno_error(error, "the anchor");
  return {};
}

}  // namespace counterfoil::torture
