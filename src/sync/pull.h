// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The reference client: pulls a box's log into a bundle folder, resumes where it stopped, verifies everything
// before it says so (rules V1 to V9, ledger/FORMAT.md). Thread rule: one thread per bundle folder.
#pragma once

#include "counterfoil/proof/verify.h"
#include "net/client.h"

#include <functional>
#include <string>
#include <vector>

namespace counterfoil::sync {

struct PullOptions {
  net::HttpsClientOptions server;
  std::string log_key_pem;  // pinned; never taken from the peer
  std::string origin;     // expected; empty: the bundle's own, or on a first pull the checkpoint's first line
  std::string folder;     // made when missing, mode 0700; files 0600
  bool identity = false;  // ask for disclosure 0 as well
  bool acknowledge = false;  // tell the box that what its notices of erasures name is deleted here
};

struct PullReport {
  proof::Checkpoint checkpoint;
  std::uint64_t pulled = 0;   // new lines
  std::uint64_t resumed = 0;  // lines that were there already (verified again)
  std::vector<std::string>
      erased;  // handles of people whom the box says to forget; their lines here are deleted
  bool acknowledged = false;
  std::vector<proof::Finding> findings;
  [[nodiscard]] bool intact() const { return findings.empty(); }
};

using PullProgress = std::function<void(std::uint64_t done, std::uint64_t all)>;

/// Lines of people who were erased since are deleted from the folder once the log that says so is verified.
/// A line that an earlier pull proved and that now differs is a finding, and its file stays.
/// Fails with what the connection or the disk says; a log that does not verify is a report with findings, and
/// the bundle then keeps its last verified checkpoint. Conflict: the folder holds another log, or a pull with
/// the other choice of identity.
Result<PullReport> pull(PullOptions options, const PullProgress& progress);

}  // namespace counterfoil::sync
