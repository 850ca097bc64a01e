// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What an auditor checks, offline, with nothing but the log's key (rules V1 to V9 of src/sync/PROTOCOL.md).
// A Verifier takes entries in order and in the end a checkpoint. Thread rule: one thread at a time.
#pragma once

#include "counterfoil/proof/leaf.h"
#include "counterfoil/proof/note.h"
#include "counterfoil/proof/tree.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace counterfoil::proof {

/// What is wrong, in words, and with which rule and position.
struct Finding {
  std::string rule;  // "V1" … "V9"
  std::uint64_t seq = 0;
  std::string text;
  bool operator==(const Finding&) const = default;
};

class Verifier {
 public:
  explicit Verifier(LogKey key);

  /// Resumes after an earlier, verified checkpoint.
  void resume(Frontier frontier);
  /// One entry line without its newline; findings are kept, feeding goes on.
  void feed(std::string_view entry_line);
  /// The hashes of tile n of level 0 (up to 256), when the bundle has them: lets a change be named by its
  /// leaf.
  void expect_tile(std::uint64_t n, std::vector<Hash> hashes);
  /// Ends the check against a signed note; returns the verified checkpoint when there is no finding.
  Result<Checkpoint> finish(std::string_view note);

  [[nodiscard]] const std::vector<Finding>& findings() const { return findings_; }
  [[nodiscard]] const Frontier& frontier() const { return frontier_; }
  [[nodiscard]] std::uint64_t deleted() const { return deleted_; }

 private:
  struct Gap {
    std::uint64_t seq;
  };
  LogKey key_;
  Frontier frontier_;
  std::vector<Finding> findings_;
  std::map<std::uint64_t, std::vector<Hash>> tiles_;
  std::vector<Gap> untold_;  // deleted leaves not yet covered by a tombstone (V7)
  std::uint64_t deleted_ = 0;
  Instant last_signed_t_ = 0;
};

/// A bundle is a folder: origin, checkpoint, entries-<start>.ndjson by 256 lines, tiles/0/… (design: sync).
struct BundleReport {
  std::string origin;
  std::uint64_t size = 0;
  std::uint64_t deleted = 0;
  std::vector<Finding> findings;
  [[nodiscard]] bool intact() const { return findings.empty(); }
};
/// Fails only when the folder cannot be read at all; everything else is a finding.
Result<BundleReport> verify_bundle(const std::string& folder, std::string_view key_pem);

/// Calls back for each entry of a bundle in order, after verify_bundle said intact. Fails with the callback's
/// error.
Status for_each_entry(const std::string& folder,
                      const std::function<Status(std::uint64_t, const Entry&)>& each);

}  // namespace counterfoil::proof
