// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// A small honest log in memory for tests: deterministic, every kind of line, written as a bundle on request.
#pragma once

#include "counterfoil/proof/receipt.h"
#include "counterfoil/proof/verify.h"
#include "crypto/signing.h"

#include <filesystem>
#include <string>
#include <vector>

namespace counterfoil::proof::testing {

inline constexpr auto kOrigin = "tres-faroles.example/demo/1";

class LogMaker {
 public:
  explicit LogMaker(std::string origin = kOrigin, std::uint8_t key_seed = 1);

  void add_log(consent::EventType type, json::Object body, ClockState clock = ClockState::Signed);
  /// A grant of a person with a phone number; both disclosures and a handle are shown.
  void add_person(consent::EventType type = consent::EventType::Grant);
  /// The same with a body of one's own (disclosure 1).
  void add_person(consent::EventType type, const std::string& body);
  /// Genesis, boot, then people with a sys.meta every 50 lines, up to this many lines.
  void fill(std::uint64_t size);
  /// Replaces the lines by their hashes.
  void erase(std::uint64_t first, std::uint64_t last);
  /// The tombstone for them.
  void add_tombstone(std::uint64_t first, std::uint64_t last);

  [[nodiscard]] std::uint64_t size() const { return entries_.size(); }
  [[nodiscard]] std::vector<std::string> lines() const;
  [[nodiscard]] std::string note() const { return note_of(checkpoint()); }
  [[nodiscard]] std::string note_of(const Checkpoint& checkpoint) const;
  [[nodiscard]] Checkpoint checkpoint() const;
  [[nodiscard]] Receipt receipt(std::uint64_t seq) const;
  [[nodiscard]] Signer signer() const;
  [[nodiscard]] const LogKey& key() const { return log_key_; }
  [[nodiscard]] std::string pem() const { return signing_.public_key().pem(); }
  [[nodiscard]] const crypto::SigningKey& signing() const { return signing_; }
  [[nodiscard]] std::vector<Hash> hashes() const;
  std::vector<Entry>& entries() { return entries_; }
  Instant now = 1790000000;

 private:
  Leaf leaf(consent::EventType type, ClockState clock);
  void add(Leaf leaf, Entry entry);
  crypto::SigningKey signing_;
  LogKey log_key_;
  std::vector<Entry> entries_;
};

/// A hash that depends only on the number: deterministic salts.
Hash numbered(std::uint64_t n);
/// Reads complete subtrees from rows worked out beforehand.
NodeReader nodes_of(const std::vector<Hash>& hashes);

/// A folder that goes with the object.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

void write_text(const std::string& path, std::string_view text);
std::string read_text(const std::string& path);
/// Writes the folder anew. Lines by 256.
void write_bundle(const std::string& folder, const std::string& origin, const std::string& note,
                  const std::vector<std::string>& lines);
void write_tiles(const std::string& folder, const std::vector<Hash>& hashes);

}  // namespace counterfoil::proof::testing
