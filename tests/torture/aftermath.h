// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Power comes back: the ledger is opened on what the disk kept and asked for everything it ever promised.
// Thread rule: one thread.
#pragma once

#include "ledger/file_ledger.h"
#include "tests/torture/crash_vfs.h"
#include "tests/torture/journal.h"

#include <memory>
#include <string>
#include <vector>

namespace counterfoil::torture {

struct Verdict {
  std::vector<std::string> wrongs;  // in words; empty: all is well
  Recording recovery;               // what the disk was told in the meantime
  std::vector<Note> notes;          // the journal's, and those that were handed out now
};

/// What the checks count with.
struct Expected {
  const Journal& journal;
  std::size_t point;        // of the journal, where the power was cut
  std::vector<Note> notes;  // handed out before
  bool spilled = false;     // the point is the end of the run, when the spill file held what it left
  bool sign_anew = false;   // also a person who was never there, under a signature of their own
};

Verdict judge(Image image, const std::string& folder, const Expected& expected);

}  // namespace counterfoil::torture
