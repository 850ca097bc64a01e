// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "tests/torture/crash_vfs.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <mutex>
#include <set>
#include <string_view>

namespace counterfoil::torture {
namespace {

class Handle;

/// The memory that connections to one write-ahead log share; a power cut takes it.
struct SharedMemory {
  std::vector<std::unique_ptr<std::vector<std::uint8_t>>> regions;
  std::array<int, SQLITE_SHM_NLOCK> locks{};  // readers, or -1: one writer
  std::size_t users = 0;
};

/// What the connections to one file have to know of each other.
struct Node {
  std::size_t readers = 0;
  const Handle* reserved = nullptr;
  const Handle* pending = nullptr;
  SharedMemory memory;
};

struct Machine {
  std::mutex mutex;
  CrashDisk* disk = nullptr;
  std::string folder;
  CrashVfs::Syncs syncs = CrashVfs::Syncs::AsAsked;
  std::map<std::string, Node> nodes;
  std::atomic<int> last_error{0};
};

Machine& machine() {
  static Machine the_machine;
  return the_machine;
}

sqlite3_vfs* unix_vfs() {
  static sqlite3_vfs* const found = sqlite3_vfs_find("unix");
  return found;
}

/// Nothing for a path elsewhere.
std::string name_on_disk(const char* path) {
  const std::string_view text = path == nullptr ? "" : path;
  const std::string& folder = machine().folder;
  if (text.size() <= folder.size() + 1 || !text.starts_with(folder)) return {};
  return std::string(text.substr(folder.size() + 1));
}

bool is_marked(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

void mark(const std::string& path) {
  ::close(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
}

/// The code for a failed call, whose errno SQLite may ask for.
int failed(int error, int code) {
  machine().last_error = error;
  return error == ENOSPC && code == SQLITE_IOERR_WRITE ? SQLITE_FULL : code;
}

/// One connection's view of one file.
class Handle {
 public:
  Handle(std::string name, std::size_t file, bool syncs_folder, bool psow)
      : name_(std::move(name)), file_(file), syncs_folder_(syncs_folder), psow_(psow) {}
  ~Handle() {
    unlock(SQLITE_LOCK_NONE);
    shm_unmap(false);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  int read(void* out, int size, sqlite3_int64 at) const {
    const std::span bytes(static_cast<std::uint8_t*>(out), static_cast<std::size_t>(size));
    const std::size_t there = disk().read(file_, static_cast<std::size_t>(at), bytes);
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(there), bytes.end(), std::uint8_t{0});
    return there == bytes.size() ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
  }
  int write(const void* from, int size, sqlite3_int64 at) {
    const ByteView bytes(static_cast<const std::uint8_t*>(from), static_cast<std::size_t>(size));
    const int error = disk().write(file_, static_cast<std::size_t>(at), bytes);
    return error == 0 ? SQLITE_OK : failed(error, SQLITE_IOERR_WRITE);
  }
  int truncate(sqlite3_int64 size) {
    const int error = disk().truncate(file_, static_cast<std::size_t>(size));
    return error == 0 ? SQLITE_OK : failed(error, SQLITE_IOERR_TRUNCATE);
  }
  /// As SQLite on Unix (os_unix.c, UNIXFILE_DIRSYNC): the first sync of a journal or log that may have been
  /// made when it was opened syncs the folder as well.
  int sync() {
    const int error = disk().sync(file_, syncs_folder_);
    if (error != 0) return failed(error, SQLITE_IOERR_FSYNC);
    syncs_folder_ = false;
    return SQLITE_OK;
  }
  [[nodiscard]] sqlite3_int64 size() const { return static_cast<sqlite3_int64>(disk().size(file_)); }

  int lock(int level);
  void unlock(int level);
  [[nodiscard]] bool is_reserved() const;
  int shm_map(int region, int size, bool extend, volatile void** out);
  int shm_lock(int first, int count, int flags);
  void shm_unmap(bool remove);
  int control(int what, void* argument) const;
  [[nodiscard]] int characteristics() const { return psow_ ? SQLITE_IOCAP_POWERSAFE_OVERWRITE : 0; }

 private:
  static CrashDisk& disk() { return *machine().disk; }
  [[nodiscard]] Node& node() const { return machine().nodes[name_]; }

  const std::string name_;
  const std::size_t file_;
  bool syncs_folder_;
  const bool psow_;
  int held_ = SQLITE_LOCK_NONE;
  bool maps_ = false;
  std::set<int> shared_slots_, exclusive_slots_;
};

int Handle::lock(int level) {
  const std::lock_guard guard(machine().mutex);
  Node& n = node();
  if (level <= held_) return SQLITE_OK;
  if (level == SQLITE_LOCK_SHARED) {
    if (n.pending != nullptr) return SQLITE_BUSY;
    ++n.readers;
    held_ = level;
    return SQLITE_OK;
  }
  if (n.reserved != nullptr && n.reserved != this) return SQLITE_BUSY;
  if (level == SQLITE_LOCK_RESERVED) {
    n.reserved = this;
    held_ = level;
    return SQLITE_OK;
  }
  if (n.pending != nullptr && n.pending != this) return SQLITE_BUSY;
  n.pending = this;
  held_ = SQLITE_LOCK_PENDING;
  if (n.readers > 1) return SQLITE_BUSY;
  held_ = SQLITE_LOCK_EXCLUSIVE;
  return SQLITE_OK;
}

void Handle::unlock(int level) {
  const std::lock_guard guard(machine().mutex);
  if (level >= held_) return;
  Node& n = node();
  if (n.reserved == this) n.reserved = nullptr;
  if (n.pending == this) n.pending = nullptr;
  if (level == SQLITE_LOCK_NONE) --n.readers;
  held_ = level;
}

bool Handle::is_reserved() const {
  const std::lock_guard guard(machine().mutex);
  return node().reserved != nullptr || node().pending != nullptr;
}

int Handle::shm_map(int region, int size, bool extend, volatile void** out) {
  const std::lock_guard guard(machine().mutex);
  SharedMemory& memory = node().memory;
  if (!maps_) ++memory.users;
  maps_ = true;
  const auto wanted = static_cast<std::size_t>(region);
  *out = nullptr;
  if (wanted >= memory.regions.size() && !extend) return SQLITE_OK;
  while (memory.regions.size() <= wanted)
    memory.regions.push_back(std::make_unique<std::vector<std::uint8_t>>(static_cast<std::size_t>(size)));
  *out = memory.regions[wanted]->data();
  return SQLITE_OK;
}

int Handle::shm_lock(int first, int count, int flags) {
  const std::lock_guard guard(machine().mutex);
  auto& locks = node().memory.locks;
  const bool shared = (flags & SQLITE_SHM_SHARED) != 0;
  auto& mine = shared ? shared_slots_ : exclusive_slots_;
  const auto slot = [&](int i) -> int& { return locks.at(static_cast<std::size_t>(i)); };
  if ((flags & SQLITE_SHM_UNLOCK) != 0) {
    for (int i = first; i < first + count; ++i)
      if (mine.erase(i) != 0) slot(i) += shared ? -1 : 1;
    return SQLITE_OK;
  }
  for (int i = first; i < first + count; ++i) {
    if (mine.contains(i)) continue;
    if (shared ? slot(i) < 0 : slot(i) != 0) return SQLITE_BUSY;
  }
  for (int i = first; i < first + count; ++i)
    if (mine.insert(i).second) slot(i) += shared ? 1 : -1;
  return SQLITE_OK;
}

void Handle::shm_unmap(bool /*remove*/) {
  const std::lock_guard guard(machine().mutex);
  if (!maps_) return;
  SharedMemory& memory = node().memory;
  for (const int i : shared_slots_) --memory.locks.at(static_cast<std::size_t>(i));
  for (const int i : exclusive_slots_) ++memory.locks.at(static_cast<std::size_t>(i));
  shared_slots_.clear();
  exclusive_slots_.clear();
  maps_ = false;
  if (--memory.users == 0) memory = {};
}

/// The ledger asks for FULL; a disk box that is set to NORMAL is what the torture must notice.
int Handle::control(int what, void* argument) const {
  if (what != SQLITE_FCNTL_PRAGMA || machine().syncs == CrashVfs::Syncs::AsAsked) return SQLITE_NOTFOUND;
  char** const words = static_cast<char**>(argument);
  if (std::string_view(words[1]) == "synchronous" && words[2] != nullptr &&
      std::string_view(words[2]) == "FULL")
    std::strcpy(words[2], "1");
  return SQLITE_NOTFOUND;
}

// SQLite's side: a struct of function pointers, and files that it allocates itself.

struct VfsFile {
  sqlite3_file base;
  Handle* handle;
};

Handle& of(sqlite3_file* file) {
  return *reinterpret_cast<VfsFile*>(file)->handle;
}

const sqlite3_io_methods& methods() {
  static const sqlite3_io_methods table = {
      .iVersion = 2,
      .xClose =
          [](sqlite3_file* file) {
            delete reinterpret_cast<VfsFile*>(file)->handle;
            return SQLITE_OK;
          },
      .xRead = [](sqlite3_file* f, void* out, int n, sqlite3_int64 at) { return of(f).read(out, n, at); },
      .xWrite = [](sqlite3_file* f, const void* in, int n,
                   sqlite3_int64 at) { return of(f).write(in, n, at); },
      .xTruncate = [](sqlite3_file* f, sqlite3_int64 size) { return of(f).truncate(size); },
      .xSync = [](sqlite3_file* f, int /*flags*/) { return of(f).sync(); },
      .xFileSize =
          [](sqlite3_file* f, sqlite3_int64* size) {
            *size = of(f).size();
            return SQLITE_OK;
          },
      .xLock = [](sqlite3_file* f, int level) { return of(f).lock(level); },
      .xUnlock =
          [](sqlite3_file* f, int level) {
            of(f).unlock(level);
            return SQLITE_OK;
          },
      .xCheckReservedLock =
          [](sqlite3_file* f, int* out) {
            *out = of(f).is_reserved() ? 1 : 0;
            return SQLITE_OK;
          },
      .xFileControl = [](sqlite3_file* f, int what, void* arg) { return of(f).control(what, arg); },
      .xSectorSize = [](sqlite3_file*) { return 4096; },
      .xDeviceCharacteristics = [](sqlite3_file* f) { return of(f).characteristics(); },
      .xShmMap = [](sqlite3_file* f, int region, int size, int extend,
                    void volatile** out) { return of(f).shm_map(region, size, extend != 0, out); },
      .xShmLock = [](sqlite3_file* f, int first, int count,
                     int flags) { return of(f).shm_lock(first, count, flags); },
      .xShmBarrier = [](sqlite3_file*) { std::atomic_thread_fence(std::memory_order_seq_cst); },
      .xShmUnmap =
          [](sqlite3_file* f, int remove) {
            of(f).shm_unmap(remove != 0);
            return SQLITE_OK;
          },
      .xFetch = nullptr,
      .xUnfetch = nullptr,
  };
  return table;
}

/// The disk follows what was made and removed in the folder without SQLite.
int follow_folder(const char* path, const std::string& name, std::size_t& file) {
  CrashDisk& disk = *machine().disk;
  file = disk.find(name);
  const bool marked = is_marked(path);
  if (!marked && file != CrashDisk::kNone) {
    file = CrashDisk::kNone;
    return disk.remove(name, true);
  }
  // store::Database makes its files itself and syncs the folder.
  if (marked && file == CrashDisk::kNone) return disk.create(name, true, file);
  return 0;
}

int open_file(sqlite3_vfs* /*vfs*/, const char* path, sqlite3_file* out, int flags, int* out_flags) {
  out->pMethods = nullptr;
  const std::string name = name_on_disk(path);
  if (name.empty()) return SQLITE_CANTOPEN;
  std::size_t file = CrashDisk::kNone;
  if (const int error = follow_folder(path, name, file); error != 0) return failed(error, SQLITE_CANTOPEN);
  if (file == CrashDisk::kNone) {
    if ((flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
    if (const int error = machine().disk->create(name, false, file); error != 0)
      return failed(error, SQLITE_CANTOPEN);
    mark(path);
  }
  const bool is_journal = (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0;
  const bool syncs_folder = is_journal && (flags & SQLITE_OPEN_CREATE) != 0;
  const bool psow = (flags & SQLITE_OPEN_MAIN_DB) != 0 && sqlite3_uri_boolean(path, "psow", 1) != 0;
  reinterpret_cast<VfsFile*>(out)->handle = new Handle(name, file, syncs_folder, psow);
  out->pMethods = &methods();
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int remove_file(sqlite3_vfs* /*vfs*/, const char* path, int sync_folder) {
  const std::string name = name_on_disk(path);
  if (machine().disk->find(name) == CrashDisk::kNone) return SQLITE_IOERR_DELETE_NOENT;
  const int error = machine().disk->remove(name, sync_folder != 0);
  if (error != 0) return failed(error, SQLITE_IOERR_DELETE);
  ::unlink(path);
  return SQLITE_OK;
}

/// As SQLite on Unix: an empty file counts as none.
int ask_file(sqlite3_vfs* /*vfs*/, const char* path, int /*flags*/, int* out) {
  const std::size_t file = machine().disk->find(name_on_disk(path));
  *out = file != CrashDisk::kNone && is_marked(path) && machine().disk->size(file) > 0 ? 1 : 0;
  return SQLITE_OK;
}

int full_path(sqlite3_vfs* /*vfs*/, const char* path, int size, char* out) {
  sqlite3_snprintf(size, out, "%s", path);
  return SQLITE_OK;
}

sqlite3_vfs* crash_vfs() {
  static sqlite3_vfs vfs = [] {
    sqlite3_vfs out = *unix_vfs();
    out.szOsFile = sizeof(VfsFile);
    out.zName = "counterfoil-crash";
    out.pNext = nullptr;
    out.xOpen = open_file;
    out.xDelete = remove_file;
    out.xAccess = ask_file;
    out.xFullPathname = full_path;
    out.xGetLastError = [](sqlite3_vfs*, int, char*) { return machine().last_error.load(); };
    return out;
  }();
  return &vfs;
}

}  // namespace

CrashVfs::CrashVfs(CrashDisk& disk, std::string folder, Syncs syncs) {
  for (const char* base : {"ledger.db", "keys.db", "desk.db"}) {
    for (const char* suffix : {"", "-wal", "-journal"}) {
      const std::string name = std::string(base) + suffix;
      const std::string path = folder + "/" + name;
      if (disk.find(name) != CrashDisk::kNone) {
        mark(path);
      } else {
        ::unlink(path.c_str());
      }
    }
  }
  Machine& m = machine();
  m.disk = &disk;
  m.folder = std::move(folder);
  m.syncs = syncs;
  m.nodes.clear();
  m.last_error = 0;
  sqlite3_vfs_register(crash_vfs(), 1);
}

CrashVfs::~CrashVfs() {
  sqlite3_vfs_unregister(crash_vfs());
  sqlite3_vfs_register(unix_vfs(), 1);
  machine().disk = nullptr;
}

}  // namespace counterfoil::torture

// The kernel's, as the ledger calls it on keys.db: here as well the pages that were dropped come back as the
// medium kept them.
extern "C" int posix_fadvise(int fd, off_t /*offset*/, off_t /*size*/, int advice) noexcept {
  auto& machine = counterfoil::torture::machine();
  if (advice != POSIX_FADV_DONTNEED || machine.disk == nullptr) return 0;
  std::error_code ignored;
  const auto path = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd), ignored);
  machine.disk->drop_cache(counterfoil::torture::name_on_disk(path.c_str()));
  return 0;
}
