// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What an auditor checks, offline, with nothing but the log's key (rules V1 to V9 of src/ledger/FORMAT.md). A
// Verifier takes entries in order and in the end a checkpoint. Lines are counted from 0: line 17 is the one
// whose seq is 17. Thread rule: one thread at a time.
#pragma once

#include "counterfoil/proof/leaf.h"
#include "counterfoil/proof/note.h"
#include "counterfoil/proof/tree.h"

#include <cstdint>
#include <functional>
#include <memory>
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
  ~Verifier();
  Verifier(Verifier&&) noexcept;
  Verifier& operator=(Verifier&&) noexcept;

  /// Resumes after an earlier, verified checkpoint; before the first line.
  void resume(Frontier frontier);
  /// One entry line without its newline; what is wrong with it is kept, feeding goes on.
  void feed(std::string_view entry_line);
  /// The hashes of tile n of level 0 (up to 256), when there are any: lets a change be named by its line.
  /// Each once, in order, before the lines it speaks of.
  void expect_tile(std::uint64_t n, std::vector<Hash> hashes);
  /// Lines [first, last] may be absent although no tombstone says so yet: the box's own check, while the
  /// numbers still stand in a job.
  void excuse(std::uint64_t first, std::uint64_t last);
  /// Ends the check against a signed note, once; returns the verified checkpoint when there is no finding.
  Result<Checkpoint> finish(std::string_view note);

  /// Complete after finish(), in the order of lines; at most limits::kFindingsMax and one that counts the
  /// rest.
  [[nodiscard]] const std::vector<Finding>& findings() const;
  [[nodiscard]] const Frontier& frontier() const;
  [[nodiscard]] std::uint64_t deleted() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// A bundle is a folder: origin, checkpoint, entries-<start>.ndjson by 256 lines, tiles/0/…
/// (src/sync/PROTOCOL.md).
struct BundleReport {
  std::string origin;
  std::uint64_t size = 0;
  std::uint64_t deleted = 0;
  std::vector<Finding> findings;
  bool verified = false;  // the check ran to its end and the signed checkpoint fits
  [[nodiscard]] bool intact() const { return verified && findings.empty(); }
};
/// Memory does not grow with the bundle (but for deleted lines, one range each). Fails only when the key or
/// the folder cannot be read at all (BadInput, NotFound, Refused); everything else is a finding.
/// expected_origin: when not empty, the log that it must be, whatever the bundle says of itself.
Result<BundleReport> verify_bundle(const std::string& folder, std::string_view key_pem,
                                   const std::string& expected_origin = {});

/// Calls back for each entry of a bundle in order, after verify_bundle said intact. Fails with the callback's
/// error.
Status for_each_entry(const std::string& folder,
                      const std::function<Status(std::uint64_t, const Entry&)>& each);

}  // namespace counterfoil::proof
