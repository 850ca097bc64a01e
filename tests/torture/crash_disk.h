// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// A disk and an anchor in memory that write down what they were told, in which order. Each entry of that
// record is a point where the power can be cut: power_cut.h makes from it what a real disk might hold
// afterwards. A disk can also fail and lie. Thread rule: any thread.
#pragma once

#include "base/seams.h"
#include "counterfoil/base/bytes.h"

#include <cstddef>
#include <limits>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <vector>

namespace counterfoil::torture {

/// What stands on the media while there is no power. Files by name: there is one folder.
struct Image {
  std::map<std::string, Bytes> files;
  Bytes anchor = Bytes(ErasableAnchor::kAnchorBytes, 0xff);  // as a new EEPROM comes
};

struct Op {
  enum class Kind {
    Create,
    Delete,
    Write,
    Truncate,
    Sync,
    Lie,     // a sync that said ok and kept nothing
    Lose,    // a sync that failed: the kernel takes the pages for clean, and no later sync writes them
    Forget,  // all that was lied about is lost
    Anchor,
  };
  Kind kind;
  std::size_t file = 0;  // number of the file; a name that is made anew is another file
  std::string name{};    // Create, Delete
  std::size_t at = 0;    // Write, Anchor: first byte; Truncate: the new size
  Bytes bytes{};
  bool folder = false;  // Delete, Sync: the entries of the folder are durable as well
};

struct Recording {
  Image before;
  std::vector<std::string> names_before;  // of the files 0, 1, … that the image holds
  std::vector<Op> ops;
};

/// What goes wrong, from the op with this number on.
struct Fault {
  std::size_t at = std::numeric_limits<std::size_t>::max();
  int error = 0;       // EIO, ENOSPC
  bool stays = false;  // every op from there on, not one alone
};

class CrashDisk {
 public:
  /// Power on.
  explicit CrashDisk(Image image);

  /// Ops so far. What returned before is in the record below this number.
  [[nodiscard]] std::size_t position() const;
  /// All of it, when nothing more is to come.
  [[nodiscard]] Recording take_recording();
  [[nodiscard]] bool has_failed() const;
  /// What the kernel gives: whatever was written, durable or not.
  [[nodiscard]] Image seen() const;

  void set_fault(const Fault& fault);
  /// The program was killed: whatever it still tries on its way out does not happen.
  void set_dead(bool dead);
  /// Syncs of files whose names begin so say ok and keep nothing.
  void lie_about(const std::string& name);
  /// The same, from the first write on to the second half of the anchor: there the first rotation begins.
  void lie_in_rotation(const std::string& name);
  /// Syncs of the first file are late: they happen with the next sync of the second one.
  void delay(const std::string& late, const std::string& until);

  // Files. Numbers that are returned as int are errno values, 0 when all went well.
  static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
  [[nodiscard]] std::size_t find(const std::string& name) const;  // kNone
  /// durable: whoever made it has synced the folder already.
  int create(const std::string& name, bool durable, std::size_t& file);
  int remove(const std::string& name, bool folder);
  int write(std::size_t file, std::size_t at, ByteView bytes);
  int truncate(std::size_t file, std::size_t size);
  int sync(std::size_t file, bool folder);
  [[nodiscard]] std::size_t size(std::size_t file) const;
  /// Bytes that were there.
  std::size_t read(std::size_t file, std::size_t at, std::span<std::uint8_t> out) const;
  /// The kernel forgets the pages that it takes for clean: what is read next is what the medium kept, and a
  /// disk that has lied has lost by now all that it lied about.
  void drop_cache(const std::string& name);

  int write_anchor(std::size_t at, ByteView bytes);
  [[nodiscard]] Bytes read_anchor(std::size_t at, std::size_t size) const;

 private:
  struct File {
    std::string name;
    Bytes bytes;        // as the kernel gives them
    Bytes kept;         // as they were at the last sync
    bool lied = false;  // there was a sync since that kept nothing
  };
  bool fails();  // the op that comes now
  void keep(std::size_t file, bool folder);
  [[nodiscard]] bool lies_of(const File& file) const;

  mutable std::mutex mutex_;
  Recording recording_;
  std::vector<File> files_;
  std::map<std::string, std::size_t> entries_;
  Bytes anchor_;
  Fault fault_;
  bool failed_ = false;
  bool dead_ = false;
  bool lies_ = false;
  bool lies_in_rotation_ = false;
  std::string lies_about_;
  std::string late_, until_;
  bool owed_ = false;
};

/// The anchor of that disk.
class CrashAnchor final : public ErasableAnchor {
 public:
  explicit CrashAnchor(CrashDisk& disk) : disk_(disk) {}
  Result<SecretBytes> read(std::size_t at, std::size_t size) override;
  Status write(std::size_t at, ByteView bytes) override;
  [[nodiscard]] std::string kind() const override { return "memory"; }
  [[nodiscard]] std::string promise() const override { return "none"; }

 private:
  CrashDisk& disk_;
};

}  // namespace counterfoil::torture
