// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The row of an ending; the input is what is inside the encryption, so that the reader behind it is reached.
#include "crypto/crypto.h"
#include "fuzz.h"
#include "ledger/byte_order.h"
#include "ledger/endings.h"
#include "ledger/key_tree.h"

CF_FUZZ(job) {
  using namespace counterfoil;
  const Key key;
  constexpr std::int64_t id = 7;
  Bytes number;
  ledger::append_be64(number, id);
  const Bytes sealed = crypto::wrap(key, ledger::place("cf/jobrow", number), input);
  const auto job = ledger::open_job(key, id, "erase", "ending", sealed);
  static_cast<void>(ledger::open_job(key, id, "erase", "ending", input));
  if (!job) return;
  const auto again = ledger::seal_job(key, *job);
  fuzz::require(again.has_value(), "what was read can be written");
  const auto same = ledger::open_job(key, id, "erase", "ending", *again);
  fuzz::require(same && same->lines == job->lines && same->epoch == job->epoch &&
                    same->gone_at == job->gone_at && same->what.subjects == job->what.subjects &&
                    same->what.cohorts == job->what.cohorts,
                "a job is the same after writing");
}
