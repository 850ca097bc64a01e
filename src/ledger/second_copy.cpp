// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "ledger/second_copy.h"

#include "base/fd.h"
#include "base/limits.h"
#include "base/log.h"
#include "ledger/files.h"
#include "ledger/ledger.h"
#include "store/folder_lock.h"
#include "store/page_cache.h"

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>

namespace counterfoil::ledger {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPiece_bytes = 1024 * 1024;

// A disk that is not mounted leaves an empty folder, which is on the ledger's own disk.
Status demand_another_disk(const std::string& data, const std::string& to) {
  struct stat own{};
  struct stat other{};
  if (::stat(data.c_str(), &own) != 0) return errno_error(errno, "cannot use " + data);
  if (::stat(to.c_str(), &other) != 0) return errno_error(errno, "cannot use " + to);
  if (own.st_dev != other.st_dev) return {};
  return fail(Code::Refused, to + " is on the ledger's own disk; is the second one mounted?");
}

// Not by fs::copy_file(): it sets the mode afterwards, which a FAT disk refuses.
Status write_copy(const std::string& from, const std::string& fresh) {
  CF_TRY(const Fd in, open_file(from));
  std::error_code ignored;
  // What lies there was left by a power cut, or put there by somebody else: never written through.
  fs::remove(fresh, ignored);
  const Fd out(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!out.valid()) return errno_error(errno, "cannot create " + fresh);
  ssize_t moved = 1;
  while (moved > 0) {
    moved = ::sendfile(out.get(), in.get(), nullptr, kPiece_bytes);
    if (moved < 0 && errno == EINTR) moved = 1;
  }
  if (moved < 0) return errno_error(errno, "cannot write " + fresh);
  if (::fsync(out.get()) != 0) return errno_error(errno, "cannot sync " + fresh);
  return {};
}

// What the disk gives back, not what the kernel remembers of it.
Status demand_same(const std::string& from, const std::string& fresh) {
  {
    CF_TRY(const auto cache, store::PageCache::of(fresh));
    CF_CHECK(cache.drop());
  }
  using Chars = std::istreambuf_iterator<char>;
  std::ifstream wanted(from, std::ios::binary);
  std::ifstream found(fresh, std::ios::binary);
  if (wanted && found && std::equal(Chars(wanted), Chars(), Chars(found), Chars())) return {};
  return fail(Code::Io, fresh + " is not what was written to it");
}

// A power cut leaves the old file or the new one.
Status copy_whole(const std::string& from, const std::string& to) {
  const std::string fresh = keys_path(to) + ".new";
  auto written = write_copy(from, fresh);
  if (written) written = demand_same(from, fresh);
  std::error_code error;
  if (written) fs::rename(fresh, keys_path(to), error);
  if (written && error) written = errno_error(error.value(), "cannot replace " + keys_path(to));
  if (written) return sync_folder(to);
  fs::remove(fresh, error);
  return written;
}

// Staged first: no lock is held while the other disk is written.
Status copy_keys(const std::string& data, const std::string& to) {
  CF_CHECK(demand_another_disk(data, to));
  const std::string staged = keys_path(data) + ".copy";
  std::error_code ignored;
  fs::remove(staged, ignored);
  {
    CF_TRY(auto keys, store::Database::open(keys_path(data), {.read_only = true}));
    CF_CHECK(keys.copy_to(staged));
  }
  const auto copied = copy_whole(staged, to);
  fs::remove(staged, ignored);
  return copied;
}

}  // namespace

struct SecondCopy::Shared {
  std::mutex mutex;
  std::condition_variable changed;
  // Guarded by mutex:
  bool asked = false;
  bool copying = false;
  bool stopping = false;
  bool ended = false;
  bool abandoned = false;  // the clock may be gone
  Instant made_at = 0;
  std::string trouble;
};

SecondCopy::SecondCopy(std::string data, std::string to, const Clock& clock)
    : to_(std::move(to)), shared_(std::make_shared<Shared>()) {
  if (!to_.empty())
    thread_ = std::thread(
        [shared = shared_, data = std::move(data), to = to_, &clock] { loop(shared, data, to, clock); });
}

SecondCopy::~SecondCopy() {
  if (!thread_.joinable()) return;
  std::unique_lock lock(shared_->mutex);
  shared_->stopping = true;
  shared_->changed.notify_all();
  const bool ended = shared_->changed.wait_for(lock, std::chrono::milliseconds(limits::kSecondCopyEnd_ms),
                                               [this] { return shared_->ended; });
  shared_->abandoned = !ended;
  lock.unlock();
  if (ended) {
    thread_.join();
  } else {
    log::error("ledger.second_copy",
               {{"error", "the disk of " + to_ + " hangs; the copy is left unfinished"}});
    thread_.detach();
  }
}

void SecondCopy::ask() {
  const std::lock_guard lock(shared_->mutex);
  shared_->asked = !to_.empty();
  shared_->changed.notify_all();
}

bool SecondCopy::is_under_way() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->asked || shared_->copying;
}

std::string SecondCopy::words() const {
  if (to_.empty()) return "no second copy";
  const std::lock_guard lock(shared_->mutex);
  const std::string made = shared_->made_at == 0 ? "none since the start" : rfc3339(shared_->made_at);
  return "second copy " + made + (shared_->trouble.empty() ? "" : "; " + shared_->trouble);
}

std::string SecondCopy::trouble() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->trouble;
}

void SecondCopy::loop(const std::shared_ptr<Shared>& shared, const std::string& data, const std::string& to,
                      const Clock& clock) {
  std::unique_lock lock(shared->mutex);
  while (true) {
    shared->changed.wait(lock, [&] { return shared->asked || shared->stopping; });
    if (!shared->asked) break;
    shared->asked = false;
    shared->copying = true;
    lock.unlock();
    Status made;
    try {
      made = copy_keys(data, to);
    } catch (const std::exception& e) {
      made = fail(Code::Io, e.what());
    }
    if (!made) log::error("ledger.second_copy", {{"error", made.error().message()}});
    lock.lock();
    if (shared->abandoned) return;
    shared->copying = false;
    shared->trouble = made ? "" : "no second copy of the keys: " + made.error().message();
    if (made) shared->made_at = clock.now();
  }
  shared->ended = true;
  shared->changed.notify_all();
}

Status Ledger::put_back_keys(const std::string& folder, const std::string& from) {
  CF_CHECK(check_folder(folder));
  CF_TRY(const auto lock, store::FolderLock::take(folder));
  if (!file_exists(ledger_path(folder))) return fail(Code::NotFound, folder + " holds no ledger");
  if (file_exists(keys_path(folder)))
    return fail(Code::Conflict, keys_path(folder) + " is there; move it away if it is damaged");
  if (!file_exists(keys_path(from))) return fail(Code::NotFound, from + " holds no keys.db");
  // SQLite would play the lost file's log into this one.
  std::error_code ignored;
  for (const char* suffix : {"-wal", "-shm", "-journal"}) fs::remove(keys_path(folder) + suffix, ignored);
  return copy_whole(keys_path(from), folder);
}

}  // namespace counterfoil::ledger
